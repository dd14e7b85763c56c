"""The stand-in of a board in QEMU.

No emulator has most boards, but it has machines with the same instruction sets. The stand-in runs
the same core's code on such a machine: the board's own memory regions, with their own lengths, are
laid one after the other into the machine's code and data memory, so what would not fit the board
does not link for the emulator either. UART, timer and clock are the machine's.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from tinynas.boards.model import Board, Emulation, Region
from tinynas.errors import BoardError


@dataclass(frozen=True)
class Machine:
    """What an emulator's machine adds to the board file that describes it."""

    name: str
    testdata_origin: int
    testdata_length: int
    icount_shift: int


def emulation_of(board: Board, machine: Machine | Board) -> Emulation:
    """Stand-in of `board` on a machine: its own (`Machine`), or another board's (`Board`).

    Raises BoardError when the board's memories do not fit the machine's."""
    if isinstance(machine, Machine):
        assert board.uart and board.timer
        return Emulation(machine.name, board.core, board.memory, board.uart, board.timer,
                         board.clock_hz, machine.testdata_origin, machine.testdata_length,
                         machine.icount_shift)
    host = machine.emulate
    if host is None:
        raise BoardError(f"{machine.name} has no [emulate.qemu]")
    code = _lay(board, machine.code_region, ("code",))
    data = _lay(board, machine.data_region, ("data", "arena"))
    return replace(host, memory=(*code, *data))


def _lay(board: Board, room: Region, uses: tuple[str, ...]) -> list[Region]:
    """The board's regions with one of `uses`, one after the other in `room`."""
    laid: list[Region] = []
    at = room.origin
    for region in board.memory:
        if not set(uses) & set(region.use):
            continue
        at = (at + 1023) // 1024 * 1024
        boot = board.boot.length if board.boot and "code" in region.use else 0
        if at + region.length > room.end:
            raise BoardError(f"region '{region.name}' does not fit the "
                             f"emulated machine's '{room.name}' ({room.length} bytes)")
        laid.append(replace(region, origin=at, length=region.length - boot))
        at += region.length
    return laid


def variant_of(board: Board, variant: str) -> Board:
    """The board itself ("board") or its stand-in ("qemu"), as a `Board` to build firmware for."""
    if variant == "board":
        return board
    if variant != "qemu":
        raise BoardError(f"board {board.name}: no variant '{variant}' (there are board, qemu)")
    if board.emulate is None:
        raise BoardError(f"board {board.name}: no emulation variant ([emulate.qemu] is missing)")
    emulation, clock = board.emulate, board.clock
    assert clock is not None
    return replace(
        board, memory=emulation.memory, uart=emulation.uart, timer=emulation.timer,
        clock_hz=emulation.clock_hz, boot=None, marker=None, emulated=True,
        irq_count=max(32, emulation.uart.irq + 1, (emulation.timer.irq or 0) + 1),
        clock=replace(clock, hz=emulation.clock_hz, reset_hz=emulation.clock_hz, setup=(),
                      fallback=(), how=f"fixed by the emulated {emulation.machine}",
                      flash_wait_states=0, prefetch=None, icache=False, dcache=False, accelerator=""),
    )
