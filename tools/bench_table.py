"""Five public models on every core, in QEMU, as one table: outputs, instructions, cycles, predicted against measured.

    python tools/bench_table.py
    python tools/bench_table.py --boards mps2-an500 --inputs 20 --json

Boards are the emulated stand-ins of a Cortex-M0+ (raspberry-pi-pico, run on mps2-an385 with unaligned access
trapped), M4, M7, M33 and M55. A model that a board cannot hold is listed with the reason. Cycles are estimated
(zero-wait-state memory). The status is 1 when any output differs from the TFLite Micro interpreter's.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tools")]

from shared_models import shared_models  # noqa: E402

from tinynas.bench.result import BenchResult  # noqa: E402
from tinynas.bench.run import bench  # noqa: E402
from tinynas.boards import load_board  # noqa: E402
from tinynas.cli.output import print_json, print_table, say_note  # noqa: E402
from tinynas.errors import BudgetError, TinynasError  # noqa: E402

BOARDS = ("raspberry-pi-pico", "mps2-an386", "mps2-an500", "mps2-an505", "mps3-an547")


@dataclass(frozen=True)
class Figure:
    """`predicted` and `measured` of one thing, and how far the prediction is off (a fraction of the measured)."""

    predicted: int
    measured: int
    error: float


@dataclass(frozen=True)
class Row:
    """One model on one board. `refused`: why it was not run; then there are no figures."""

    model: str
    board: str
    core: str
    emulator: str | None = None
    outputs_compared: int = 0
    outputs_different: int = 0
    macs: int = 0
    instructions: Figure | None = None
    cycles_estimated: Figure | None = None
    cycles_band: tuple[int, int] | None = None
    arena_bytes: Figure | None = None
    flash_bytes: Figure | None = None  # code, weights and tables: what a user ships
    refused: str | None = None


def figure(predicted: float, measured: int | None) -> Figure | None:
    return None if measured is None else Figure(round(predicted), measured, predicted / max(measured, 1) - 1)


def row(name: str, result: BenchResult) -> Row:
    predicted = result.predicted
    return Row(
        model=name, board=result.board, core=result.core, emulator=result.emulator,
        outputs_compared=result.outputs_compared, outputs_different=result.outputs_different, macs=result.macs,
        instructions=figure(predicted.instructions, result.instructions),
        cycles_estimated=figure(predicted.cycles, result.cycles_estimated), cycles_band=result.cycles_band,
        arena_bytes=figure(predicted.sram.arena_bytes, result.sram.arena_bytes),
        flash_bytes=figure(predicted.flash.total_bytes, result.flash.total_bytes - result.flash.harness_bytes),
    )


def run(path: Path, board_name: str, inputs: int) -> Row:
    """A row; a model that does not fit the board's memory is a row too."""
    board = load_board(board_name)
    say_note(f"{path.stem} on {board.name} ({board.core.name})")
    try:
        return row(path.stem, bench(path, board, inputs=inputs))
    except BudgetError as error:
        return Row(path.stem, board.name, board.core.name, refused=str(error))


def cells(r: Row) -> tuple[str, ...]:
    if r.refused:
        return (r.model, r.core, "does not fit", *[""] * 9)
    return (r.model, r.core, f"{r.outputs_compared - r.outputs_different} of {r.outputs_compared}", f"{r.macs:,}",
            *_pair(r.instructions), *_pair(r.cycles_estimated), *_pair(r.arena_bytes), *_pair(r.flash_bytes))


def _pair(f: Figure | None) -> tuple[str, str]:
    return ("-", "-") if f is None else (f"{f.measured:,}", f"{f.error:+.2%}")


COLUMNS = ("model", "core", "equal", ">MACs", ">instructions", ">predicted", ">cycles (est.)", ">predicted",
           ">arena bytes", ">predicted", ">flash bytes", ">predicted")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--boards", nargs="+", default=BOARDS)
    parser.add_argument("--inputs", type=int, default=3, help="inferences compared per model and board")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    try:
        rows = [run(path, board, options.inputs) for board in options.boards for path in shared_models()]
    except TinynasError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    if options.json:
        print_json({"rows": [asdict(r) for r in rows]})
    else:
        print_table("models in QEMU; 'predicted': how far the prediction is off", COLUMNS, [cells(r) for r in rows])
        for r in rows:
            if r.refused:
                print(f"{r.core}: {r.refused}")
    return 1 if any(r.outputs_different for r in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
