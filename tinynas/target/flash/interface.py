"""What a flashing tool is to the rest: plain data and two functions, one file per tool beside this one.

A tool's own messages become one line that says what is wrong and what to do next: each tool lists the
messages it is known for (`Failure`), the first that matches its output speaks.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tinynas.boards import Board
from tinynas.boards.fields import Table
from tinynas.errors import ToolError


class FlashError(ToolError):
    """Flashing failed. `again`: the cause may pass, so one more try is worth its time."""

    def __init__(self, message: str, again: bool = False) -> None:
        super().__init__(message)
        self.again = again


@dataclass(frozen=True)
class Probe:
    """Something an image can be sent through: a debug probe, or a boot loader that shows itself on USB.

    `kind`: "stlink", "jlink", "cmsis-dap", "dfu", "uf2" or "samba". `port`: its serial port, if it has one.
    `path`: the mounted drive of a UF2 boot loader. `node`: the file that must be writable, on Linux.
    `accessible`: whether this user may open it; None where that cannot be known."""

    serial: str
    kind: str
    name: str
    vendor: int | None = None
    product: int | None = None
    port: str | None = None
    path: str | None = None
    node: str | None = None
    accessible: bool | None = None
    seen_by: tuple[str, ...] = ()


@dataclass(frozen=True)
class Job:
    """One image to be written. `folder`: for files the tool needs; its commands run there, and `elf` lies
    in it under a name without blanks. `image`: what flash must hold from `address` on."""

    board: Board
    settings: Table  # the board file's table for this tool
    program: str
    elf: Path
    image: bytes
    address: int
    folder: Path
    probe: Probe | None
    port: str | None
    timeout_s: float


@dataclass(frozen=True)
class Failure:
    """`pattern`: of the tool's output (regular expression, any case). `message`: what to tell; {name} is
    filled from the pattern's groups and from the job: board, serial, unlock, rule."""

    pattern: str
    message: str
    again: bool = False

    def found(self, output: str) -> re.Match[str] | None:
        return re.search(self.pattern, output, re.IGNORECASE)


@dataclass(frozen=True)
class Tool:
    """`kinds`: of probes it works through. `flash` writes and raises FlashError. `verifies`: whether it
    reads the flash back and compares. `list_probes`: what the program itself sees; None: it cannot tell."""

    name: str
    does: str
    program: str  # name of the executable; "" when tinynas does it alone
    variable: str  # environment variable that names another executable
    install: str
    kinds: tuple[str, ...]
    verifies: bool
    flash: Callable[[Job], None]
    failures: Sequence[Failure] = field(default=(), repr=False)
    list_probes: Callable[[str], tuple[Probe, ...]] | None = None
