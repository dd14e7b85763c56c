"""Finding and running the tools' programs: bounded in time, their output kept, their failures told."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tinynas.errors import ToolError
from tinynas.target.flash.interface import Failure, FlashError, Job, Tool
from tinynas.target.flash.udev import rule

LIST_S = 30.0


@dataclass(frozen=True)
class Ran:
    status: int
    output: str


def find_program(tool: Tool) -> str | None:
    """The executable: from the tool's environment variable or PATH. None: not installed; "" when the tool
    needs none."""
    if not tool.program:
        return ""
    return shutil.which(os.environ.get(tool.variable) or tool.program)


def run(command: Sequence[str | Path], timeout_s: float, folder: Path | None = None) -> Ran:
    """Output and errors together. FlashError when it does not end in time (it is killed), ToolError when
    it does not start."""
    words = [str(word) for word in command]
    try:
        process = subprocess.Popen(
            words, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env={**os.environ, "LC_ALL": "C", "NO_COLOR": "1"}, start_new_session=os.name == "posix")
    except OSError as error:
        raise ToolError(f"{words[0]} cannot be run: {error.strerror or error}") from error
    with process:
        try:
            output, _ = process.communicate(timeout=timeout_s)
        except subprocess.TimeoutExpired:
            _end(process)
            raise FlashError(
                f"{Path(words[0]).name} did not end within {timeout_s:g} s and was stopped: unplug the "
                f"probe, "
                "plug it in again, and look at the cable", again=True) from None
        except BaseException:
            _end(process)
            raise
    return Ran(process.returncode, output.decode(errors="replace"))


def _end(process: subprocess.Popen[bytes]) -> None:
    """It and what it started."""
    with contextlib.suppress(OSError):
        if os.name == "posix":
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    process.wait()


def run_tool(
    tool: str, job: Job, arguments: Sequence[str | Path], failures: Sequence[Failure], done: str = "",
    unlock: str = "",
) -> str:
    """Run the job's program with `arguments` in the job's folder; its output.

    It has failed when its status says so or when `done` is missing from its output. `unlock`: the command
    that opens a locked chip, for the message."""
    ran = run([job.program, *arguments], job.timeout_s, job.folder)
    if ran.status == 0 and done in ran.output:
        return ran.output
    raise explain(tool, job, ran, failures, unlock)


def explain(tool: str, job: Job, ran: Ran, failures: Sequence[Failure], unlock: str = "") -> FlashError:
    """What a failed run means, in one line."""
    output = _plain(ran.output)
    for failure in failures:
        found = failure.found(output)
        if found is not None:
            text = failure.message.format(**_words(job, unlock), **_groups(found.groupdict()))
            return FlashError(f"{tool}: {text}", failure.again)
    said = _last_words(output) or f"it ended with status {ran.status} and said nothing"
    return FlashError(f"{tool} failed: {said}", again=True)


def _words(job: Job, unlock: str) -> dict[str, str]:
    probe = job.probe
    return {
        "board": job.board.name,
        "serial": probe.serial if probe else "",
        "unlock": unlock or "the chip vendor's own tool can erase it",
        "rule": rule(probe.vendor if probe else None),
        "port": job.port or "",
    }


def _groups(found: Mapping[str, str | None]) -> dict[str, str]:
    return {name: value or "" for name, value in found.items()}


def _plain(output: str) -> str:
    """Without colours; what a progress bar overwrote on its own line counts as lines."""
    return re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", output).replace("\r", "\n")


def _last_words(output: str) -> str:
    """The line that most looks like the reason: the first that says error, else the last."""
    lines = [" ".join(line.split()) for line in output.splitlines() if line.strip()]
    for line in lines:
        if "error" in line.lower() or "fail" in line.lower():
            return line[:300]
    return lines[-1][:300] if lines else ""
