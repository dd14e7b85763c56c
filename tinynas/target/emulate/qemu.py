"""QEMU (qemu-system-arm): runs a firmware ELF on the machine that stands in for a board.

`Qemu(board).start(elf)` gives a running machine whose serial port is a TCP socket on this host
(`machine.url`, for pyserial), or a pseudo-terminal for programs that only know serial ports. Time
inside is exact: with -icount every instruction takes 2**icount_shift ns, so timer differences are
instruction counts, the same in every run.
Listening happens here and the socket is handed to QEMU, so no other process can take the port.
The firmware ends by semihosting, and QEMU's exit status is the firmware's own.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import IO

from tinynas.boards import Board, Emulation
from tinynas.errors import BoardError, MeasureError, ToolError

INSTALL = "sudo apt-get install qemu-system-arm"
EXIT_FAULT = 99
_WAKE_S = 0.02
_PTY_S = 10.0  # in which QEMU must have made its pseudo-terminal
_PTY_POLL_S = 1.0  # QEMU looks that often whether anyone has opened it, and until then drops what the firmware says
_PTY = re.compile(rb"char device redirected to (\S+) \(label s0\)")
_FAULT = re.compile(rb"TINYNAS-FAULT ((?:\w+=\w+ ?)+)")


@lru_cache(maxsize=8)
def _version(program: str) -> str:
    try:
        out = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=60, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        raise ToolError(f"{program} does not run ({error}): {INSTALL}") from error
    found = re.search(r"version (\d+(?:\.\d+)+)", out.stdout)
    if not found:
        raise ToolError(f"{program} --version says nothing known: {out.stdout.splitlines()[:1]}")
    return found[1]


def find_qemu() -> tuple[str, str]:
    """(program, version). TINYNAS_QEMU or qemu-system-arm on PATH; ToolError if there is none."""
    wanted = os.environ.get("TINYNAS_QEMU", "qemu-system-arm")
    program = shutil.which(wanted)
    if program is None:
        raise ToolError(f"{wanted} was not found: {INSTALL}")
    return program, _version(program)


def fault_in(output: bytes) -> dict[str, int] | None:
    """The registers of a fault report in the firmware's output, or None."""
    found = _FAULT.search(output)
    if not found:
        return None
    pairs = (word.split(b"=") for word in found[1].split())
    return {key.decode(): int(value, 0) for key, value in pairs}


def fault_message(fault: dict[str, int]) -> str:
    """One line for people."""
    names = {2: "NMI", 3: "HardFault", 4: "MemManage", 5: "BusFault", 6: "UsageFault", 11: "SVCall",
             14: "PendSV", 15: "SysTick"}
    number = fault.get("exc", 0)
    name = names.get(number, f"interrupt {number - 16}" if number >= 16 else f"exception {number}")
    rest = " ".join(f"{k}={v:#010x}" for k, v in fault.items() if k != "exc")
    return f"the firmware faulted: {name} {rest}"


class Qemu:
    """The emulator for one board. Raises BoardError when the board has no stand-in."""

    def __init__(self, board: Board) -> None:
        if board.emulate is None:
            raise BoardError(f"board {board.name} cannot be emulated: its file has no [emulate.qemu]")
        self.board = board
        self.emulation: Emulation = board.emulate
        self.program, self.version = find_qemu()

    @property
    def name(self) -> str:
        return f"qemu-system-arm {self.version} -M {self.emulation.machine}"

    def instructions(self, ticks: int) -> int:
        """Exact instructions in a difference of tn_ticks()."""
        return self.emulation.instructions(ticks)

    def start(self, elf: Path, loads: Sequence[tuple[Path, int]] = (), *,
              extra: Sequence[str] = (), limit_s: float = 600.0, pty: bool = False) -> Machine:
        """A machine that has loaded `elf` and waits for the serial connection, then runs.

        `pty`: its serial port is a pseudo-terminal (`machine.url` is its path), and it stands still until
        `resume()`: open the port before, so that nothing the firmware says is lost.

        `loads`: files put into memory before the start, raw, at an address (test data:
        `board.emulate.testdata_origin`). `limit_s`: host seconds after which it is killed.
        `extra`: more arguments (plugins)."""
        for path, address in loads:
            self._check_load(path, address)
        return Machine(self, Path(elf), tuple(loads), tuple(extra), limit_s, pty)

    def _check_load(self, path: Path, address: int) -> None:
        start, length = self.emulation.testdata_origin, self.emulation.testdata_length
        size = path.stat().st_size
        if address < start or address + size > start + length:
            raise BoardError(f"{path.name}: {size} bytes at {address:#x} do not lie in the test data "
                             f"memory of {self.board.name} ({length} bytes at {start:#x})")


class Machine:
    """A running QEMU; `url` is its serial port, for `serial.serial_for_url` (`port`: the number of its socket,
    0 with a pseudo-terminal). Use as a context manager, in the thread that started it: it is killed on the way
    out, and on Linux also when that thread ends any other way."""

    def __init__(self, qemu: Qemu, elf: Path, loads: tuple[tuple[Path, int], ...],
                 extra: tuple[str, ...], limit_s: float, pty: bool = False) -> None:
        self.qemu = qemu
        self.pty = pty
        self.port = 0
        self._deadline = time.monotonic() + limit_s
        self._overtime = False
        self._stderr: IO[bytes] = tempfile.TemporaryFile()
        self._ended = threading.Event()
        if pty:
            self._process = self._start([*self._command(elf, loads, extra, "pty,id=s0"), "-S"], ())
            self.url = self._pty_path()
        else:
            with socket.create_server(("127.0.0.1", 0), backlog=1) as listener:
                fd = listener.fileno()
                chardev = f"socket,id=s0,fd={fd},server=on,wait=on,nodelay=on"
                self._process = self._start(self._command(elf, loads, extra, chardev), (fd,))
                self.port = int(listener.getsockname()[1])
            self.url = f"socket://127.0.0.1:{self.port}"
        threading.Thread(target=self._keep_awake, daemon=True).start()

    def _start(self, command: list[str], fds: tuple[int, ...]) -> subprocess.Popen[bytes]:
        stdout = subprocess.PIPE if self.pty else subprocess.DEVNULL
        try:
            return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=stdout, stderr=self._stderr,
                                    pass_fds=fds)
        except OSError as error:
            raise ToolError(f"{self.qemu.program} cannot be run: {error}") from error

    def _pty_path(self) -> str:
        """The pseudo-terminal's name, which QEMU says first; what follows (its monitor's) is thrown away."""
        output = self._process.stdout
        assert output is not None
        said, found = bytearray(), threading.Event()

        def drain() -> None:
            with output:
                while data := output.read1(4096):  # type: ignore[attr-defined]
                    if not found.is_set():
                        said.extend(data)
                        if _PTY.search(said):
                            found.set()
            found.set()

        threading.Thread(target=drain, daemon=True).start()
        found.wait(_PTY_S)
        match = _PTY.search(said)
        if match is None:
            self.kill()
            raise ToolError(f"QEMU made no pseudo-terminal: {self.messages() or 'it does not say why'}")
        return match[1].decode()

    def resume(self) -> None:
        """Let a machine with a pseudo-terminal run; whoever is to hear its first words has opened it by now."""
        time.sleep(1.2 * _PTY_POLL_S)
        monitor = self._process.stdin
        assert monitor is not None
        try:
            monitor.write(b"cont\n")
            monitor.flush()
        except (OSError, ValueError) as error:
            raise ToolError(f"QEMU ended before it was started: {self.messages() or error}") from error

    def _keep_awake(self) -> None:
        """QEMU looks at its serial socket only when its main loop runs, and while the firmware has
        not yet switched its receiver on nothing makes it run for up to a second. An empty line to
        its monitor does. Virtual time does not notice. Also the watchdog of `limit_s`."""
        monitor = self._process.stdin
        assert monitor is not None
        while not self._ended.wait(_WAKE_S):
            if time.monotonic() > self._deadline:
                self._overtime = True
                self.kill()
                return
            try:
                monitor.write(b"\n")
                monitor.flush()
            except (OSError, ValueError):
                return

    def _command(self, elf: Path, loads: tuple[tuple[Path, int], ...], extra: tuple[str, ...],
                 chardev: str) -> list[str]:
        emulation = self.qemu.emulation
        command = [*_die_with_us(), self.qemu.program, "-M", emulation.machine,
                   "-display", "none", "-monitor", "stdio",
                   "-icount", f"shift={emulation.icount_shift},align=off,sleep=off",
                   "-semihosting-config", "enable=on,target=native",
                   "-chardev", chardev,
                   "-serial", "chardev:s0", "-kernel", str(elf)]
        for path, address in loads:
            command += ["-device", f"loader,file={_escaped(path)},addr={address:#x},force-raw=on"]
        return command + list(extra)

    @property
    def pid(self) -> int:
        return self._process.pid

    def running(self) -> bool:
        return self._process.poll() is None

    def messages(self) -> str:
        """What QEMU itself said so far."""
        self._stderr.seek(0)
        return self._stderr.read().decode(errors="replace").strip()

    def wait(self, timeout_s: float | None = None) -> int:
        """The firmware's exit status. Raises MeasureError when it does not end in time or faulted,
        ToolError when QEMU itself failed."""
        left = max(0.0, self._deadline - time.monotonic())
        try:
            status = self._process.wait(left if timeout_s is None else min(timeout_s, left))
        except subprocess.TimeoutExpired:
            self._overtime = True
            self.kill()
            status = -signal.SIGKILL
        if self._overtime:
            raise MeasureError("the firmware did not end in time under QEMU: it was stopped")
        if status < 0:
            raise ToolError(f"QEMU was ended by signal {-status}")
        said = self.messages()
        if status == EXIT_FAULT:
            fault = fault_in(said.encode())
            raise MeasureError(fault_message(fault) if fault else "the firmware faulted under QEMU")
        failed = [s for s in said.splitlines() if s.startswith("qemu-system-arm") and "info:" not in s]
        if status == 1 and failed:
            raise ToolError(f"QEMU failed: {failed[0]}")
        return status

    def kill(self) -> None:
        """End the process, by its own id."""
        if self._process.poll() is None:
            os.kill(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def __enter__(self) -> Machine:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.kill()
        self._ended.set()
        if self._process.stdin is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.close()
        self._stderr.close()


@lru_cache(maxsize=1)
def _die_with_us() -> tuple[str, ...]:
    """On Linux, what makes QEMU end when the thread that started it does, even by kill -9."""
    setpriv = shutil.which("setpriv") if sys.platform == "linux" else None
    return (setpriv, "--pdeathsig", "KILL", "--") if setpriv else ()


def _escaped(path: Path) -> str:
    """QEMU's option syntax doubles commas."""
    return str(path).replace(",", ",,")
