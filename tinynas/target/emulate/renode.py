"""Renode: runs the very firmware of a board (not a stand-in) on a model of the board's own memory map and UART.

`Renode(board).run(...)` is for measuring: a script without ports, deterministic, bytes fed to the UART at exact
virtual times, executed instructions logged at marks. `Renode(board).start(elf)` is for interaction: the UART as
a pseudo-terminal, or as a TCP port where there are none. Renode 1.13 to 1.16; it comes from its own site.
Counts are exact; cycles it does not know."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import IO

from tinynas.boards import Board
from tinynas.errors import LinkError, MeasureError, ToolError
from tinynas.target.elf import symbols
from tinynas.target.emulate.profile import CALLER, INVOKE, layer_addresses
from tinynas.target.emulate.renode_output import failure_in, marks_in, version_in
from tinynas.target.emulate.renode_text import (
    Feed,
    interactive,
    one_shot,
    platform,
    pty_link,
    socket_link,
)

VARIABLE = "RENODE"
INSTALL = "install Renode 1.13 to 1.16 from renode.io, or name the program in RENODE"
OLDEST = (1, 13, 0)
ARGUMENTS = ("--plain", "--console", "--disable-xwt")
START_S = 60.0  # it takes up to 7 s to start, as long again to load a platform
_POLL_S = 0.05


@dataclass(frozen=True)
class Shot:
    """What one run left: all the UART said, and the marks it came by."""

    said: bytes
    marks: tuple[tuple[str, int], ...]
    output: str


@lru_cache(maxsize=8)
def _version(program: str) -> tuple[int, int, int]:
    try:
        ran = subprocess.run([program, "--version"], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                             timeout=START_S, errors="replace", check=False)
    except (OSError, subprocess.SubprocessError) as error:
        raise ToolError(f"{program} does not run ({error}): {INSTALL}") from error
    return version_in(ran.stdout + ran.stderr)


def find_renode() -> tuple[str, str]:
    """(program, version). RENODE or renode on PATH; ToolError for none, or one that is too old."""
    wanted = os.environ.get(VARIABLE) or "renode"
    program = shutil.which(wanted)
    if program is None:
        raise ToolError(f"{wanted} was not found: {INSTALL}")
    version = _version(program)
    if version < OLDEST:
        raise ToolError(f"{program} is version {'.'.join(map(str, version))}: {INSTALL}")
    return program, ".".join(map(str, version))


def marks_of(elf: Path) -> list[tuple[str, int]]:
    """(word, address) of the places that tell an inference apart: entry of the invoke function, its layers'
    labels, and where it returns to. MeasureError for a firmware without them."""
    found = symbols(elf)
    for name in (INVOKE, CALLER):
        if name not in found:
            raise MeasureError(f"{elf.name} has no function '{name}': it cannot be counted")
    labels = [(str(k), address) for k, address in enumerate(layer_addresses(found))]
    return [("invoke", found[INVOKE].address), *labels, ("return", _return_address(elf))]


def _return_address(elf: Path) -> int:
    """Behind the one call of the invoke function in its caller."""
    import capstone

    from tinynas.target.elf import code_at

    found = symbols(elf)
    caller, target = found[CALLER], found[INVOKE].address
    decoder = capstone.Cs(capstone.CS_ARCH_ARM, capstone.CS_MODE_THUMB | capstone.CS_MODE_MCLASS)
    code = code_at(elf)(caller.address, caller.size)
    ends = [i.address + i.size for i in decoder.disasm(code, caller.address)
            if i.mnemonic in ("bl", "blx") and i.op_str == f"#{target:#x}"]
    if len(ends) != 1:
        raise MeasureError(f"{elf.name}: {len(ends)} calls of {INVOKE} in {CALLER}, there must be one")
    return int(ends[0])


class Renode:
    """The emulator for one board. BoardError for one it has no models for, ToolError without Renode."""

    def __init__(self, board: Board) -> None:
        self.board = board
        self.repl = platform(board)
        self.program, self.version = find_renode()

    @property
    def name(self) -> str:
        return f"Renode {self.version}"

    def run(
        self, elf: Path, feeds: Sequence[Feed], marks: Sequence[tuple[str, int]] = (), *, folder: Path,
        boot_s: float = 0.05, limit_s: float = 600.0,
    ) -> Shot:
        """Boot, feed, run, quit. Scripts and logs stay in `folder`.

        ToolError for what Renode says failed, MeasureError when it does not end within `limit_s` of the
        host's time."""
        folder.mkdir(parents=True, exist_ok=True)
        repl, script, said, log = (folder / n for n in ("platform.repl", "run.resc", "uart.bin", "renode.log"))
        said.unlink(missing_ok=True)
        repl.write_text(self.repl)
        script.write_text(one_shot(self.board, repl, elf, _vectors(elf), marks, said, boot_s, feeds))
        with log.open("wb") as file, _Process(self.program, script, file, subprocess.DEVNULL) as process:
            process.wait_ended(log, limit_s)
        output = log.read_text(errors="replace")
        failed = failure_in(output)
        if failed:
            raise ToolError(f"Renode failed: {failed}")
        if not said.is_file():
            raise ToolError(f"Renode ended without having run the firmware: {_last_line(output)}")
        return Shot(said.read_bytes(), tuple(marks_in(output)), output)

    def start(self, elf: Path, *, over: str = "pty", limit_s: float = START_S) -> RenodeMachine:
        """A running machine to talk to; `over`: "pty", or "socket" (reachable from the network!)."""
        return RenodeMachine(self, Path(elf), over, limit_s)


class RenodeMachine:
    """A running Renode. Use as a context manager: it is ended on the way out."""

    def __init__(self, renode: Renode, elf: Path, over: str, limit_s: float) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="tinynas-renode-")
        folder = Path(self._folder.name)
        repl, script, self._log = folder / "platform.repl", folder / "run.resc", folder / "renode.log"
        repl.write_text(renode.repl)
        if over == "pty":
            self.url = str(folder / "uart")
            link = pty_link(folder / "uart")
        else:
            port = _free_port()
            self.url = f"socket://127.0.0.1:{port}"
            link = socket_link(port)
        script.write_text(interactive(renode.board, repl, elf, _vectors(elf), link))
        with self._log.open("wb") as log:
            self._process = _Process(renode.program, script, log, subprocess.PIPE)
        try:
            self._wait_ready(over, limit_s)
        except BaseException:
            self.close()
            raise

    def _wait_ready(self, over: str, limit_s: float) -> None:
        deadline = time.monotonic() + limit_s
        while not (Path(self.url).exists() if over == "pty" else _listens(self.url)):
            self._check()
            if time.monotonic() > deadline:
                raise LinkError(f"Renode's {over} did not appear within {limit_s:g} s")
            time.sleep(_POLL_S)

    def _check(self) -> None:
        failed = failure_in(self.messages())
        if failed:
            raise ToolError(f"Renode failed: {failed}")
        if not self.running():
            raise ToolError(f"Renode ended: {_last_line(self.messages())}")

    def running(self) -> bool:
        return self._process.running()

    def messages(self) -> str:
        """All it said so far."""
        return self._log.read_text(errors="replace")

    def close(self) -> None:
        self._process.end()
        self._folder.cleanup()

    def __enter__(self) -> RenodeMachine:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.close()


class _Process:
    """Renode with a script, in a process group of its own (its launcher is a shell script)."""

    def __init__(self, program: str, script: Path, log: IO[bytes], stdin: int) -> None:
        from tinynas.target.emulate.renode_text import at

        command = [program, *ARGUMENTS, "-e", f"include {at(script)}"]
        try:
            self._process = subprocess.Popen(command, stdin=stdin, stdout=log, stderr=subprocess.STDOUT,
                                             cwd=script.parent, start_new_session=os.name == "posix")
        except OSError as error:
            raise ToolError(f"{program} cannot be run: {error.strerror or error}") from error

    def running(self) -> bool:
        return self._process.poll() is None

    def wait_ended(self, log: Path, limit_s: float) -> None:
        """Until it has quit, or said that something failed: then its script is left and it would stay for
        ever. MeasureError at the limit."""
        deadline = time.monotonic() + limit_s
        while self.running():
            if failure_in(log.read_text(errors="replace")):
                return
            if time.monotonic() > deadline:
                raise MeasureError(f"Renode did not end within {limit_s:g} s: it was stopped")
            time.sleep(_POLL_S)

    def end(self) -> None:
        """By its own process group."""
        with contextlib.suppress(OSError):
            if os.name == "posix":
                os.killpg(self._process.pid, signal.SIGKILL)
            else:
                self._process.kill()
        self._process.wait()
        if self._process.stdin is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.close()

    def __enter__(self) -> _Process:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.end()


def _vectors(elf: Path) -> int:
    found = symbols(elf)
    if "__tn_vectors_start" not in found:
        raise MeasureError(f"{elf} was not linked by tinynas: it lacks __tn_vectors_start")
    return found["__tn_vectors_start"].address


def _last_line(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return lines[-1][:200] if lines else "it said nothing"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _listens(url: str) -> bool:
    """Whether somebody does, found out without connecting: Renode serves one client."""
    port = int(url.rsplit(":", 1)[1])
    with socket.socket() as probe:
        try:
            probe.bind(("0.0.0.0", port))
        except OSError:
            return True
    return False
