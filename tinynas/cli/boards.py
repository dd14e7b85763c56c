"""`tinynas boards`: the boards tinynas knows."""

from __future__ import annotations

from tinynas.boards import Board, list_boards, load_board
from tinynas.cli.options import JsonOption
from tinynas.cli.output import print_json, print_table
from tinynas.cli.units import format_size


def boards(as_json: JsonOption = False) -> None:
    """List the boards: core, clock, memory, and where a firmware for them can run.

    A board is one TOML file; copy one, change it, and give its path to --board wherever a name is asked for.

    Examples:

        tinynas boards

        tinynas boards --json
    """
    known = [load_board(name) for name in list_boards()]
    if as_json:
        print_json([_to_json(b) for b in known])
        return
    rows = [
        (
            b.name,
            b.core.name,
            f"{b.clock_hz / 1e6:g} MHz",
            format_size(b.flash_bytes),
            format_size(b.sram_bytes),
            b.emulate.machine if b.emulate else "-",
            ", ".join(b.flash_tools) or "-",
            b.title,
        )
        for b in known
    ]
    print_table(
        "boards", ("board", "core", ">clock", ">flash", ">SRAM", "qemu machine", "flashed by", "title"), rows
    )


def _to_json(board: Board) -> dict[str, object]:
    return {
        "name": board.name,
        "title": board.title,
        "core": board.core.name,
        "clock_hz": board.clock_hz,
        "flash_bytes": board.flash_bytes,
        "sram_bytes": board.sram_bytes,
        "qemu_machine": board.emulate.machine if board.emulate else None,
        "flash_tools": list(board.flash_tools),
        "notes": list(board.notes),
    }
