"""Drivers of real boards, on other machines of QEMU that carry the same peripheral, and what
start-up does when the hardware is not as the board file says."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import serial

from tests.target.conftest import HELLO
from tinynas.boards import Board, load_board
from tinynas.codegen.firmware import write_firmware
from tinynas.target.emulate.qemu import Qemu
from tinynas.target.toolchain import build

pytestmark = pytest.mark.emulator

BOARD = """
name = "@NAME@"
title = "@NAME@"
vectors_align = 256
irq_count = 64
[core]
name = "@CORE@"
dsp = false
mve = false
unaligned = true
[clock]
hz = @HZ@
reset_hz = @RESET_HZ@
how = "as the test says"
source = "test"
setup = [@SETUP@]
fallback = [@FALLBACK@]
[[memory]]
name = "flash"
origin = @FLASH@
length = 0x20000
use = ["code"]
source = "test"
[[memory]]
name = "ram"
origin = 0x20000000
length = 0x8000
use = ["data", "arena"]
source = "test"
[uart]
kind = "@UART@"
base = @BASE@
irq = @IRQ@
clock_hz = 16_000_000
baud = 115_200
divisor_scale = @SCALE@
pins = "test"
source = "test"
[timer]
kind = "@TIMER@"
@TIMER_BASE@
source = "test"
[emulate.qemu]
machine = "@MACHINE@"
testdata_origin = 0x2000F000
testdata_length = 1024
icount_shift = 7
"""
AN500 = {"CORE": "cortex-m7", "HZ": "25_000_000", "RESET_HZ": "25_000_000", "FLASH": "0", "UART": "cmsdk",
         "BASE": "0x40004000", "IRQ": "0", "SCALE": "1", "TIMER": "dwt", "TIMER_BASE": "",
         "MACHINE": "mps2-an500", "SETUP": "", "FALLBACK": ""}
STM32F405 = {"CORE": "cortex-m4", "HZ": "168_000_000", "RESET_HZ": "168_000_000", "FLASH": "0x08000000",
             "UART": "stm32_old", "BASE": "0x40011000", "IRQ": "37", "SCALE": "1", "TIMER": "systick",
             "TIMER_BASE": "", "MACHINE": "netduinoplus2", "SETUP": "", "FALLBACK": ""}
STELLARIS = {"CORE": "cortex-m3", "HZ": "12_000_000", "RESET_HZ": "12_000_000", "FLASH": "0", "UART": "pl011",
             "BASE": "0x4000C000", "IRQ": "5", "SCALE": "4", "TIMER": "systick", "TIMER_BASE": "",
             "MACHINE": "lm3s6965evb", "SETUP": "", "FALLBACK": ""}


def _board(tmp_path: Path, values: dict[str, str]) -> Board:
    text = BOARD
    for key, value in {"NAME": "trial", **values}.items():
        text = text.replace(f"@{key}@", value)
    path = tmp_path / "trial.toml"
    path.write_text(text)
    return load_board(path)


@contextmanager
def running(tmp_path: Path, values: dict[str, str]) -> Iterator[tuple[serial.SerialBase, list[bytes]]]:
    """The board's own variant (its real drivers, no semihosting) on the emulated machine."""
    board = _board(tmp_path, values)
    project = write_firmware(board, "board", tmp_path / "fw", [HELLO], arena_bytes=100, stack_bytes=2048)
    elf = build(project.directory)
    with Qemu(board).start(elf, limit_s=60) as machine:
        with serial.serial_for_url(machine.url, timeout=20) as port:
            yield port, port.read_until(b"\r\n").split()


@pytest.mark.parametrize("values", [STM32F405, STELLARIS], ids=["stm32_old", "pl011"])
def test_the_serial_driver_talks_by_interrupt(tmp_path: Path, values: dict[str, str]) -> None:
    with running(tmp_path, values) as (port, hello):
        assert hello[:2] == [b"READY", b"trial"] and hello[3] == b"systick"
        for _ in range(3):
            port.write(b"xyz" * 60)
            assert port.read(180) == b"xyz" * 60
        port.write(b"p")
        assert port.read_until(b"\r\n") == b"184467440737095516150\r\n"


def test_a_counter_that_stands_still_is_noticed(tmp_path: Path) -> None:
    """QEMU's CYCCNT reads 0 for ever: SysTick counts instead, and says so."""
    with running(tmp_path, AN500) as (port, hello):
        assert hello[3] == b"systick"
        port.write(b"cC")
        one, two = (int(port.read_until(b"\r\n")) for _ in range(2))
        assert 3.2 * 3000 <= one <= 3.2 * 3100 and 8 <= two - one <= 12, "3.2 ticks an instruction"


def test_systick_counts_on_over_its_wraps(tmp_path: Path) -> None:
    with running(tmp_path, AN500) as (port, _):
        port.write(b"ll")  # 16 million rounds each: nine wraps of 24 bits
        one, two = (int(port.read_until(b"\r\n")) for _ in range(2))
        assert one == pytest.approx(3.2 * 3 * 16_000_000, rel=1e-4) and abs(one - two) <= 3.2 * 30


def test_a_clock_that_never_comes_up_is_reported_and_left(tmp_path: Path) -> None:
    flag, scratch = "0x20006000", "0x20006004"
    setup = (f'{{ write = {flag}, value = 0, why = "a register" }},'
             f'{{ wait = {flag}, mask = 1, value = 1, why = "never" }},'
             f'{{ write = {scratch}, value = 0x11, why = "must not happen" }}')
    fallback = f'{{ write = {scratch}, value = 0x22, why = "back to reset clock" }}'
    values = {**AN500, "HZ": "100_000_000", "SETUP": setup, "FALLBACK": fallback}
    with running(tmp_path, values) as (port, hello):
        ticks_hz, clock_hz, status = (int(x) for x in hello[4:7])
        assert status == 2, "1 + index of the wait that ran out"
        assert clock_hz == ticks_hz == 25_000_000
        port.write(b"r")
        assert int(port.read_until(b"\r\n")) == 0x22


def test_a_clock_that_comes_up_is_reported_as_such(tmp_path: Path) -> None:
    flag, scratch = "0x20006000", "0x20006004"
    setup = (f'{{ write = {flag}, value = 6, why = "a register" }},'
             f'{{ modify = {flag}, mask = 5, value = 1, why = "bits 2 and 0" }},'
             f'{{ wait = {flag}, mask = 0xF, value = 3, why = "at once" }},'
             f'{{ clear = {flag}, bits = 1, why = "bit 0" }}, {{ set = {flag}, bits = 8, why = "bit 3" }},'
             f'{{ wait = {flag}, mask = 0xFFFFFFFF, value = 0xA, why = "at once" }},'
             f'{{ delay = 100, why = "a moment" }}, {{ write = {scratch}, value = 0x33, why = "the end" }}')
    with running(tmp_path, {**AN500, "HZ": "100_000_000", "SETUP": setup}) as (port, hello):
        assert [int(x) for x in hello[5:7]] == [100_000_000, 0]
        port.write(b"r")
        assert int(port.read_until(b"\r\n")) == 0x33
