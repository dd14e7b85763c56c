"""Runs a small C program on a Cortex-M in QEMU and hands back what it printed.

For developer tools that count instructions of one function beside another's. With -icount every instruction
takes 128 ns of virtual time, so SysTick differences are instruction counts (`instructions`), the same in
every run. Cortex-M0+ code runs on QEMU's Cortex-M3 machine.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent / "bare"
ICOUNT_NS = 128


@dataclass(frozen=True)
class Machine:
    """A QEMU machine: compiler flags, where code and data go, and SysTick's clock."""

    name: str
    flags: tuple[str, ...]
    code_origin: int
    data_origin: int
    clock_hz: int


MACHINES = {
    "cortex-m7": Machine(
        "mps2-an500", ("-mcpu=cortex-m7", "-mfpu=fpv5-d16", "-mfloat-abi=hard"), 0, 0x20000000, 25_000_000
    ),
    "cortex-m4": Machine(
        "mps2-an386", ("-mcpu=cortex-m4", "-mfpu=fpv4-sp-d16", "-mfloat-abi=hard"), 0, 0x20000000, 25_000_000
    ),
    "cortex-m33": Machine(
        "mps2-an505",
        ("-mcpu=cortex-m33", "-mfpu=fpv5-sp-d16", "-mfloat-abi=hard"),
        0x10000000,
        0x38000000,
        20_000_000,
    ),
    "cortex-m55": Machine(
        "mps3-an547", ("-mcpu=cortex-m55", "-mfloat-abi=hard"), 0x10000000, 0x21000000, 32_000_000
    ),
    "cortex-m0plus": Machine(
        "mps2-an385", ("-mcpu=cortex-m0plus", "-mfloat-abi=soft"), 0, 0x20000000, 25_000_000
    ),
}
FLAGS = ("-mthumb", "-std=gnu11", "-O2", "-ffunction-sections", "-fdata-sections", "-ffreestanding")


def instructions(cpu: str, ticks: int) -> int:
    """Instructions executed during SysTick ticks, to the nearest."""
    return round(ticks * 1_000_000_000 / MACHINES[cpu].clock_hz / ICOUNT_NS)


def build(
    cpu: str, sources: Sequence[Path], includes: Sequence[Path], out: Path, flags: Sequence[str] = FLAGS
) -> Path:
    """Compile and link for a core; returns the ELF. Raises CalledProcessError with the compiler's words."""
    machine = MACHINES[cpu]
    linker = out / "link.ld"
    linker.write_text(
        (HERE / "link.ld")
        .read_text()
        .replace("CODE_ORIGIN", hex(machine.code_origin))
        .replace("DATA_ORIGIN", hex(machine.data_origin))
    )
    elf = out / "program.elf"
    command = [
        "arm-none-eabi-gcc",
        *machine.flags,
        *flags,
        f"-I{HERE}",
        *(f"-I{i}" for i in includes),
        str(HERE / "start.c"),
        *map(str, sources),
        "-nostartfiles",
        "-Wl,--no-warn-rwx-segments",
        "-Wl,--gc-sections",
        f"-T{linker}",
        "--specs=nosys.specs",
        "-lm",
        "-o",
        str(elf),
    ]
    subprocess.run(command, check=True)
    return elf


def run(cpu: str, elf: Path, limit_s: float = 120.0) -> str:
    """Start the program in QEMU; returns its text. Raises RuntimeError when it failed."""
    program = shutil.which("qemu-system-arm")
    if program is None:
        raise RuntimeError("qemu-system-arm is not installed: sudo apt-get install qemu-system-arm")
    command = [
        program,
        "-M",
        MACHINES[cpu].name,
        "-nographic",
        "-monitor",
        "none",
        "-serial",
        "none",
        "-semihosting-config",
        "enable=on,target=native",
        "-icount",
        "shift=7,align=off,sleep=off",
        "-kernel",
        str(elf),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=limit_s, stdin=subprocess.DEVNULL)
    text = done.stdout + done.stderr
    if done.returncode != 0:
        raise RuntimeError(f"{elf.name} on {cpu} ended with {done.returncode}: {text[-500:]}")
    return text


def build_and_run(
    cpu: str, sources: Sequence[Path], includes: Sequence[Path], flags: Sequence[str] = FLAGS
) -> str:
    """Both, in a folder that vanishes."""
    with tempfile.TemporaryDirectory() as folder:
        return run(cpu, build(cpu, sources, includes, Path(folder), flags))
