"""Boards: read from TOML, one file each; Python never names one.

A board is its core, clock, memories, UART, timer, how it is flashed and how it is emulated, and
the source of every figure. `load_board(name_or_path)` reads one, `variant_of(board, "qemu")` gives
the stand-in an emulator runs, with the board's own memory limits.
"""

from tinynas.boards.core import HOST, Core, gcc_flags
from tinynas.boards.emulated import variant_of
from tinynas.boards.find import list_boards, load_board
from tinynas.boards.model import (
    Board,
    Boot,
    Clock,
    Emulation,
    FlashFactor,
    Marker,
    Power,
    Region,
    Step,
    Timer,
    Uart,
)
from tinynas.boards.serial import uart_divisor

__all__ = ["HOST", "Board", "Boot", "Clock", "Core", "Emulation", "FlashFactor", "Marker", "Power",
           "Region", "Step", "Timer", "Uart", "gcc_flags", "list_boards", "load_board", "uart_divisor",
           "variant_of"]
