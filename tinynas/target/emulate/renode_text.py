"""What Renode is told: a platform made from the board's own file, and scripts that load, feed and run it.

The platform (.repl) holds what the firmware needs and nothing else: core, interrupt controller, cycle counter,
the board's memories with their own lengths (Renode's models are often larger than the part), its one UART, and
for every register the set-up waits on the answer it waits for. It asks for no file from the network.
Virtual time: one instruction takes 1/clock, because PerformanceInMips is the clock in MHz, so the cycle counter
counts instructions. Pure functions of their arguments; the same board gives the same bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tinynas.boards import Board, Step
from tinynas.errors import BoardError

MHZ = 1_000_000
MARK = "TINYNAS-MARK"
UART = "uart"
TERMINAL = "tinynas_link"

_CPUS = {"cortex-m0plus": "cortex-m0+", "cortex-m3": "cortex-m3", "cortex-m4": "cortex-m4f",
         "cortex-m7": "cortex-m7", "cortex-m33": "cortex-m33", "cortex-m55": "cortex-m55"}
# kind of firmware/runtime/uart_KIND.c -> Renode's model, bytes of its registers (None: it knows), is a clock told
_UARTS: Mapping[str, tuple[str, int | None, bool]] = {
    "stm32_new": ("UART.STM32F7_USART", None, True),
    "stm32_old": ("UART.STM32_UART", 0x100, False),
    "uarte": ("UART.NRF52840_UART", None, False),
    "pl011": ("UART.PL011", None, False),
}


@dataclass(frozen=True)
class Feed:
    """One portion of bytes for the UART, and how long the firmware then runs (virtual)."""

    data: bytes
    seconds: float


def mips(board: Board) -> int:
    """Millions of instructions a virtual second."""
    return max(1, round(board.clock_hz / MHZ))


def platform(board: Board) -> str:
    """The board's .repl. BoardError for a UART Renode has no model of, or set-up waits that contradict."""
    uart = board.uart
    if uart is None or uart.kind not in _UARTS:
        kind = uart.kind if uart else "none"
        raise BoardError(f"board {board.name} cannot run in Renode: no model for its UART ({kind}; there are "
                         f"{', '.join(_UARTS)})")
    model, size, clocked = _UARTS[uart.kind]
    place = f"<{uart.base:#010x}, +{size:#x}>" if size else f"{uart.base:#010x}"
    hz = mips(board) * MHZ
    parts = [f"// {board.title}\n// As far as tinynas' firmware needs it. Made from {board.name}.toml by "
             "tools/make_renode_platforms.py: change that file, not this one."]
    parts += [f"{region.name}: Memory.MappedMemory @ sysbus {region.origin:#010x}\n    size: "
              f"{region.length:#x}"
              for region in board.memory]
    parts.append("nvic: IRQControllers.NVIC @ sysbus 0xE000E000\n    priorityMask: 0xF0\n"
                 f"    systickFrequency: {hz}\n    IRQ -> cpu@0")
    parts.append(f'cpu: CPU.CortexM @ sysbus\n    cpuType: "{_CPUS[board.core.name]}"\n'
                 f"    PerformanceInMips: {mips(board)}\n    nvic: nvic")
    if board.timer and board.timer.kind == "dwt":
        parts.append(f"dwt: Miscellaneous.DWT @ sysbus 0xE0001000\n    frequency: {hz}")
    settings = f"    frequency: {uart.clock_hz}\n" if clocked else ""
    settings += "    easyDMA: true\n" if uart.kind == "uarte" else ""
    parts.append(f"{UART}: {model} @ sysbus {place}\n{settings}    IRQ -> nvic@{uart.irq}")
    tags = [f'        Tag <{address:#010x}, {address + 3:#010x}> "set-up waits for this" {value:#010x}'
            for address, value in sorted(awaited(board).items())]
    if tags:
        parts.append("sysbus:\n    init:\n" + "\n".join(tags))
    return "\n\n".join(parts) + "\n"


def awaited(board: Board) -> dict[int, int]:
    """Register -> the value the board's set-up waits for, all its waits together."""
    assert board.clock and board.uart
    wanted: dict[int, tuple[int, int]] = {}
    for step in (*board.clock.setup, *board.uart.setup, *(board.marker.setup if board.marker else ())):
        if step.do == "wait":
            wanted[step.address] = _joined(board, step, *wanted.get(step.address, (0, 0)))
    return {address: value for address, (_, value) in wanted.items()}


def _joined(board: Board, step: Step, mask: int, value: int) -> tuple[int, int]:
    if mask & step.mask & (value ^ step.value):
        raise BoardError(f"board {board.name} cannot run in Renode: its set-up waits for two values of "
                         f"{step.address:#010x} ({step.why})")
    return mask | step.mask, value | step.value


def machine(board: Board, repl: Path, elf: Path, vectors: int) -> list[str]:
    """Commands that make the machine and load the firmware. `vectors`: address of the vector table."""
    return [
        'mach create "dut"',
        f"machine LoadPlatformDescription {at(repl)}",
        f"sysbus LoadELF {at(elf)}",
        f"sysbus.cpu VectorTableOffset {vectors:#010x}",
    ]


def hooks(marks: Sequence[tuple[str, int]]) -> list[str]:
    """Commands that log the count of executed instructions whenever an address is reached. `marks`: (word,
    address without the Thumb bit)."""
    return [
        f"sysbus.cpu AddHook {address:#010x} \"self.Log(LogLevel.Info, '{MARK} {word} ' + "
        'str(self.ExecutedInstructions))"'
        for word, address in marks
    ]


def one_shot(
    board: Board, repl: Path, elf: Path, vectors: int, marks: Sequence[tuple[str, int]], said: Path,
    boot_s: float, feeds: Sequence[Feed],
) -> str:
    """A script that boots, feeds and runs for exact virtual times, and quits: no port, no clock of the host,
    the same in every run. Everything the UART says goes to the file `said`."""
    lines = [f"# One measurement of {board.name}, made by tinynas. Deterministic: no ports, exact virtual "
             f"times.",
             *machine(board, repl, elf, vectors),
             f"sysbus.{UART} CreateFileBackend {at(said)} true", *hooks(marks), run_for(boot_s)]
    for feed in feeds:
        lines += [f"sysbus.{UART} WriteChar {byte:#04x}" for byte in feed.data]
        lines.append(run_for(feed.seconds))
    return "\n".join([*lines, "quit"]) + "\n"


def interactive(board: Board, repl: Path, elf: Path, vectors: int, link: Sequence[str]) -> str:
    """A script that starts the firmware with its UART at `link` (see `pty_link`, `socket_link`)."""
    lines = [f"# {board.name} for interaction, made by "
             f"tinynas.", *machine(board, repl, elf, vectors), *link, "start"]
    return "\n".join(lines) + "\n"


def pty_link(path: Path) -> list[str]:
    """The UART as a pseudo-terminal: only this machine's user reaches it."""
    return [f'emulation CreateUartPtyTerminal "{TERMINAL}" "{path}" true',
            f"connector Connect sysbus.{UART} {TERMINAL}"]


def socket_link(port: int) -> list[str]:
    """The UART as a TCP server. Renode listens on all addresses of this machine, not only the local one."""
    return [f'emulation CreateServerSocketTerminal {port} "{TERMINAL}" false',
            f"connector Connect sysbus.{UART} {TERMINAL}"]


def run_for(seconds: float) -> str:
    """Exactly so much virtual time, in whole microseconds, at least one."""
    return f'emulation RunFor "{max(1, round(seconds * MHZ)) / MHZ:.6f}"'


def at(path: Path) -> str:
    """A path as the Monitor wants it: absolute, blanks escaped."""
    return "@" + str(path.absolute()).replace(" ", "\\ ")
