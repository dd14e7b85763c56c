"""`tinynas export-c`: only the C of a model, for a project of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tinynas.boards import load_board
from tinynas.cli.options import JsonOption, ModelArgument
from tinynas.cli.output import print_json
from tinynas.graph.read_tflite import read_tflite


def export(
    model: ModelArgument,
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="DIR", help="Folder to write: absent, or an earlier export.")
    ],
    board: Annotated[
        str | None,
        typer.Option("--board", "-b", metavar="BOARD", help="Choose kernels for its core; else plain C for any."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Write a model as plain C sources with a header, ready for CMake, Zephyr and Arduino.

    No firmware, no board support: `tinynas_invoke(&state, in, out)` and nothing else. Needs no compiler.

    Examples:

        tinynas export-c model.tflite --out model_c

        tinynas export-c model.tflite --board nucleo-f446re --out model_c
    """
    from tinynas.export import export_c

    target = load_board(board) if board else None
    exported = export_c(read_tflite(model), target, out)
    if as_json:
        print_json({"model": str(model), "directory": str(out), "sources": exported.sources,
                    "arena_bytes": exported.arena_bytes, "constants_bytes": exported.constants_bytes})
        return
    print(f"{out}: {len(exported.sources)} C files, arena {exported.arena_bytes:,} bytes, "
          f"constants {exported.constants_bytes:,} bytes; see {out / 'README.md'}")
