"""`tinynas calibrate`: measure every kernel path on a core and fit its cost model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from tinynas.boards import load_board
from tinynas.cli.options import BoardOption
from tinynas.cli.output import print_json, say_note


def calibrate(
    board: BoardOption,
    on: Annotated[str, typer.Option("--on", metavar="WHERE", help="qemu.")] = "qemu",
    layers: Annotated[int, typer.Option("--layers", metavar="N", min=4, help="Layers per kernel path.")] = 32,
    only: Annotated[
        list[str] | None,
        typer.Option("--only", metavar="PATH", help="Only this kernel path (repeatable); --out keeps the rest."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="FILE", help="JSON file to write, instead of stdout."),
    ] = None,
) -> None:
    """Measure random layers of every kernel path and fit what `plan` and `search` predict.

    Takes several minutes. A core's calibration lies in boards/calibration/CORE.json; predictions for all
    boards with that core come from it.

    Examples:

        tinynas calibrate --board mps2-an500 --out boards/calibration/cortex-m7.json

        tinynas calibrate --board mps2-an500 --only table --out boards/calibration/cortex-m7.json
    """
    from tinynas.bench.calibrate import calibrate as run
    from tinynas.errors import UsageError
    from tinynas.runs.files import atomic_write_json

    if on != "qemu":
        raise UsageError(f"cannot calibrate on '{on}': choose qemu")
    known = json.loads(out.read_text()) if only and out is not None and out.is_file() else None
    found = run(
        load_board(board), layers, lambda path, done, count: say_note(f"{done + 1} of {count}: {path}"),
        only=only or (), known=known,
    )
    if out is None:
        print_json(found)
    else:
        atomic_write_json(out, found)
