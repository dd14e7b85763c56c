"""The emulator for real: one small application on every machine we use."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import serial

from tests.target.conftest import BuildHello
from tinynas.boards import load_board, variant_of
from tinynas.errors import BoardError, MeasureError, ToolError
from tinynas.target.elf import image_crc, symbols
from tinynas.target.emulate.qemu import Machine, Qemu, fault_in, fault_message, find_qemu

pytestmark = pytest.mark.emulator

# Each machine, and a board of another make that it stands in for.
BOARDS = ["mps2-an385", "mps2-an386", "mps2-an500", "mps2-an505", "mps3-an547", "raspberry-pi-pico",
          "stm32f746g-disco", "nucleo-u575zi-q"]


@dataclass
class Talk:
    machine: Machine
    port: serial.SerialBase
    hello: list[bytes]

    def ask(self, letter: str) -> bytes:
        self.port.write(letter.encode())
        return self.line()

    def line(self) -> bytes:
        return bytes(self.port.read_until(b"\r\n")).strip()


@contextmanager
def talking(board: str, elf: Path, **options: object) -> Iterator[Talk]:
    with Qemu(load_board(board)).start(elf, limit_s=60, **options) as machine:  # type: ignore[arg-type]
        with serial.serial_for_url(machine.url, timeout=10) as port:
            yield Talk(machine, port, port.read_until(b"\r\n").split())


@pytest.mark.parametrize("board", BOARDS)
def test_boots_echoes_counts_and_ends(build_hello: BuildHello, board: str, tmp_path: Path) -> None:
    elf = build_hello(board)
    emulation = load_board(board).emulate
    assert emulation is not None
    data = bytes(i * 7 % 251 for i in range(1000))
    file = tmp_path / "data,with comma.bin"
    file.write_bytes(data)
    with talking(board, elf, loads=[(file, emulation.testdata_origin)]) as talk:
        word, name, variant, counter, ticks_hz, clock_hz, status, crc = talk.hello
        assert (word, name, variant, status) == (b"READY", board.encode(), b"qemu", b"0")
        assert counter == {"mps3-an547": b"sse"}.get(board, b"cmsdk")
        assert int(ticks_hz) == emulation.timer.hz and int(clock_hz) == emulation.clock_hz
        assert int(crc, 0) == image_crc(elf), "the image in memory is the one that was linked"
        assert talk.ask("m") == str(0x1234 + 0 + 3 + 0 + 1).encode(), ".data and .bss are set up"
        talk.port.write(b"xyz" * 500)  # more than the ring holds: nothing may be lost in QEMU
        assert talk.port.read(1500) == b"xyz" * 500
        one, two = int(talk.ask("c")), int(talk.ask("C"))
        assert emulation.instructions(two) - emulation.instructions(one) == 3, "one more round"
        assert int(talk.ask("d")) == zlib.crc32(data), "test data was there before the start"
        assert talk.ask("p") == b"184467440737095516150"
        talk.port.write(b"q")
        assert talk.machine.wait(10) == 7


@pytest.mark.parametrize("board", ["mps2-an386", "mps2-an505", "mps3-an547"])
def test_two_runs_count_the_same(build_hello: BuildHello, board: str) -> None:
    emulation = load_board(board).emulate
    assert emulation is not None

    def instructions() -> list[int]:
        # The letters arrive at another moment each time, so ticks may differ by one: instructions may not.
        with talking(board, build_hello(board)) as talk:
            return [emulation.instructions(int(talk.ask("c"))) for _ in range(10)]

    assert instructions() == instructions()


def test_counts_are_exact(build_hello: BuildHello) -> None:
    emulation = load_board("mps2-an500").emulate
    assert emulation is not None
    with talking("mps2-an500", build_hello("mps2-an500")) as talk:
        one = emulation.instructions(int(talk.ask("c")))
    # 1000 rounds of three instructions, and at most a few dozen for calls and the counter itself.
    assert 3000 <= one <= 3060


@pytest.mark.parametrize("board, letter, exc, cfsr", [
    ("mps2-an385", "b", 3, 0x8200), ("mps2-an386", "b", 3, 0x8200), ("mps2-an500", "b", 3, 0x8200),
    ("mps2-an505", "b", 3, None), ("mps3-an547", "b", 3, None), ("raspberry-pi-pico", "b", 3, 0x8200),
    ("mps2-an500", "i", 3, 0x10000), ("mps2-an505", "i", 3, 0x10000),
    ("raspberry-pi-pico", "u", 3, 0x1000000),
])
def test_a_fault_is_reported_and_ends_the_run(build_hello: BuildHello, board: str, letter: str, exc: int,
                                              cfsr: int | None) -> None:
    elf = build_hello(board)
    with talking(board, elf) as talk:
        talk.port.write(letter.encode())
        assert talk.line() == b""
        report = fault_in(talk.line())
        assert report is not None
        assert report["exc"] == exc and (cfsr is None or report["cfsr"] == cfsr)
        if letter == "b" and cfsr:
            assert report["bfar"] == 0xF0000000
        names = subprocess.run(["arm-none-eabi-addr2line", "-f", "-e", str(elf), hex(report["pc"])],
                               capture_output=True, text=True, check=True).stdout
        assert names.split()[0] in ("command", "main"), "the pc is where it happened"
        with pytest.raises(MeasureError, match="the firmware faulted: HardFault cfsr="):
            talk.machine.wait(10)


@pytest.mark.parametrize("board", ["mps2-an385", "mps2-an500", "mps2-an505"])
def test_unaligned_words_work_where_the_board_allows_them(build_hello: BuildHello, board: str) -> None:
    with talking(board, build_hello(board)) as talk:
        assert talk.ask("u") == b"0"


@pytest.mark.parametrize("board", ["mps2-an386", "mps2-an500", "mps2-an505", "mps3-an547",
                                   "raspberry-pi-pico", "stm32f746g-disco"])
def test_a_stack_that_overflows_faults(build_hello: BuildHello, board: str) -> None:
    with talking(board, build_hello(board)) as talk:
        talk.port.write(b"o")
        with pytest.raises(MeasureError, match="faulted"):
            talk.machine.wait(20)


def test_guards_catch_one_byte_on_either_side(build_hello: BuildHello) -> None:
    with talking("mps2-an500", build_hello("mps2-an500")) as talk:
        assert talk.ask("g") == b"2"
        assert talk.line() == b"1"
        assert talk.line() == b"0"


@pytest.mark.parametrize("board, region", [("stm32f746g-disco", "sram"), ("nucleo-l4r5zi", "sram3")])
def test_an_arena_in_a_memory_of_its_own(build_hello: BuildHello, board: str, region: str) -> None:
    elf = build_hello(board, "qemu", 190_000)
    start = symbols(elf)["__tn_arena_start"].address
    room = variant_of(load_board(board), "qemu").region(region)
    assert room.origin <= start < room.origin + 64
    with talking(board, elf) as talk:
        assert talk.ask("m") == str(0x1234 + 3 + 1).encode()
        assert [talk.ask("g"), talk.line(), talk.line()] == [b"2", b"1", b"0"]


def test_stack_high_water(build_hello: BuildHello) -> None:
    with talking("mps2-an386", build_hello("mps2-an386")) as talk:
        used = int(talk.ask("s"))
        assert 5 * 256 <= used <= 5 * 256 + 200, "five frames of 64 words"
        assert talk.line() == b"0"


def test_an_altered_image_has_another_checksum(build_hello: BuildHello) -> None:
    elf = build_hello("mps2-an500")
    with talking("mps2-an500", elf) as talk:
        assert int(talk.ask("w").split()[-1], 0) != image_crc(elf)


def test_a_firmware_that_does_not_end_is_stopped(build_hello: BuildHello) -> None:
    with talking("mps2-an500", build_hello("mps2-an500")) as talk:
        with pytest.raises(MeasureError, match="did not end in time"):
            talk.machine.wait(0.3)
        assert not talk.machine.running()


def test_nothing_outlives_its_limit(build_hello: BuildHello) -> None:
    """Even when nobody asks: a client may hang on its own."""
    with Qemu(load_board("mps2-an500")).start(build_hello("mps2-an500"), limit_s=0.5) as machine:
        deadline = time.monotonic() + 10
        while machine.running() and time.monotonic() < deadline:
            time.sleep(0.02)
        assert not machine.running()
        with pytest.raises(MeasureError, match="did not end in time"):
            machine.wait(1)


@pytest.mark.skipif(not Path("/usr/bin/setpriv").exists(), reason="needs setpriv (util-linux)")
def test_the_emulator_dies_with_a_killed_parent(build_hello: BuildHello) -> None:
    source = ("import sys, time\nfrom pathlib import Path\nfrom tinynas.boards import load_board\n"
              "from tinynas.target.emulate.qemu import Qemu\n"
              "machine = Qemu(load_board('mps2-an500')).start(Path(sys.argv[1]))\n"
              "print(machine.pid, flush=True)\ntime.sleep(60)\n")
    parent = subprocess.Popen([sys.executable, "-c", source, str(build_hello("mps2-an500"))],
                              stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2])
    assert parent.stdout is not None
    with parent:
        pid = int(parent.stdout.readline())
        parent.kill()
    deadline = time.monotonic() + 10
    while Path(f"/proc/{pid}").exists() and time.monotonic() < deadline:
        if "Z" in Path(f"/proc/{pid}/stat").read_text().split()[2]:
            break  # dead, not yet collected by init
        time.sleep(0.05)
    else:
        assert not Path(f"/proc/{pid}").exists()


def test_leaving_the_block_kills_the_process(build_hello: BuildHello) -> None:
    with Qemu(load_board("mps2-an500")).start(build_hello("mps2-an500")) as machine:
        pid = machine.pid
        assert machine.running()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_the_port_answers_even_before_qemu_does(build_hello: BuildHello) -> None:
    for _ in range(3):
        with Qemu(load_board("mps2-an500")).start(build_hello("mps2-an500")) as machine:
            with socket.create_connection(("127.0.0.1", machine.port), timeout=5) as link:
                assert link.recv(5)


def test_test_data_outside_its_memory_is_refused(build_hello: BuildHello, tmp_path: Path) -> None:
    file = tmp_path / "data.bin"
    file.write_bytes(bytes(8))
    emulator = Qemu(load_board("mps2-an500"))
    end = emulator.emulation.testdata_origin + emulator.emulation.testdata_length
    for address in (0x20000000, end - 7):
        with pytest.raises(BoardError, match="do not lie in the test data memory"):
            emulator.start(build_hello("mps2-an500"), [(file, address)])


def test_qemus_own_failure_is_told(tmp_path: Path) -> None:
    with Qemu(load_board("mps2-an500")).start(tmp_path / "none.elf") as machine:
        with socket.create_connection(("127.0.0.1", machine.port), timeout=5):
            with pytest.raises(ToolError, match="QEMU failed: .*none.elf"):
                machine.wait(10)


def test_a_killed_emulator_is_told(build_hello: BuildHello) -> None:
    with talking("mps2-an500", build_hello("mps2-an500")) as talk:
        os.kill(talk.machine.pid, signal.SIGKILL)
        with pytest.raises(ToolError, match="QEMU was ended by signal 9"):
            talk.machine.wait(10)


def test_first_answer_is_quick(build_hello: BuildHello) -> None:
    """QEMU's main loop sleeps up to a second at a time; Machine keeps it awake."""
    with talking("mps2-an500", build_hello("mps2-an500")) as talk:
        start = time.monotonic()
        talk.ask("c")
        assert time.monotonic() - start < 0.7


def test_missing_emulator(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TINYNAS_QEMU", "qemu-not-there")
    with pytest.raises(ToolError, match="qemu-not-there was not found: .*qemu-system-arm"):
        find_qemu()


def test_an_emulator_that_does_not_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    broken = tmp_path / "qemu-broken"
    broken.write_text("#!/bin/sh\nexit 3\n")
    broken.chmod(0o755)
    monkeypatch.setenv("TINYNAS_QEMU", str(broken))
    with pytest.raises(ToolError, match="does not run"):
        find_qemu()


def test_a_board_without_stand_in() -> None:
    with pytest.raises(BoardError, match="cannot be emulated"):
        Qemu(replace(load_board("mps2-an500"), emulate=None))


def test_fault_line() -> None:
    text = b"\0\1garbage\r\nTINYNAS-FAULT exc=0x00000003 cfsr=0x00008200 pc=0x00000100\r\n"
    fault = fault_in(text)
    assert fault == {"exc": 3, "cfsr": 0x8200, "pc": 0x100}
    assert fault_message(fault) == "the firmware faulted: HardFault cfsr=0x00008200 pc=0x00000100"
    assert "interrupt 4" in fault_message({"exc": 20})
    assert fault_in(b"nothing") is None


def test_instructions_of_ticks() -> None:
    for board in ("mps2-an500", "mps2-an505", "mps3-an547"):
        emulation = load_board(board).emulate
        assert emulation is not None
        for count in (0, 1, 2, 999, 12_345_678, 10**10):
            exact = count * 128 * emulation.timer.hz
            for ticks in {exact // 10**9, -(-exact // 10**9)}:  # what truncation can make of it
                assert emulation.instructions(ticks) == count
