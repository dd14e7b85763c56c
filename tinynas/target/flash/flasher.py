"""`flash()`: an image onto a board, by whichever tool the board's file names and this machine has."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tinynas.boards import Board
from tinynas.boards.fields import Table
from tinynas.errors import BoardError, MeasureError, ToolError, UsageError
from tinynas.target.elf import image_bytes, symbols
from tinynas.target.flash import bossac, dfuutil, openocd, probers, pyocd, stflash, uf2
from tinynas.target.flash.interface import FlashError, Job, Probe, Tool
from tinynas.target.flash.probes import Listing, choose, fitting, seen_on_this_machine
from tinynas.target.flash.program import find_program
from tinynas.target.flash.unsupported import why_not

TOOLS: tuple[Tool, ...] = (
    openocd.TOOL, pyocd.TOOL, probers.TOOL, stflash.TOOL, dfuutil.TOOL, uf2.TOOL, bossac.TOOL)
TIMEOUT_S = 180.0
ATTEMPTS = 2
PAUSE_S = 0.5  # a probe that was just let go needs a moment


@dataclass(frozen=True)
class Flashed:
    """`verified`: the tool read the flash back. Where it did not, only the link can tell (bench compares the
    image's CRC)."""

    tool: str
    board: str
    probe: str | None
    image_bytes: int
    verified: bool
    attempts: int
    seconds: float


def flash(
    elf: Path, board: Board, *, probe: str | None = None, tool: str | None = None, port: str | None = None,
    timeout_s: float = TIMEOUT_S, listing: Listing = seen_on_this_machine,
) -> Flashed:
    """Write the firmware to the board; one more try when the failure may pass.

    `probe`: a serial number (or the path of a boot loader's drive); needed when several are connected.
    `tool`: a name from TOOLS; None: the first the board's file names that is installed. `port`: of a serial
    boot loader. Raises FlashError (a ToolError) with the next step, UsageError, BoardError for a board file
    that lacks the tool's settings, MeasureError for an ELF that is not this board's."""
    chosen, program = tool_for(board, tool)
    image, address = _image(Path(elf), board)
    start = time.monotonic()
    for attempt in range(1, ATTEMPTS + 1):
        try:
            used = _attempt(chosen, program, Path(elf), image, address, board, probe, port, timeout_s,
                            listing)
            break
        except FlashError as error:
            if not error.again:
                raise
            if attempt == ATTEMPTS:
                raise FlashError(f"{error} (tried {ATTEMPTS} times)") from error
            time.sleep(PAUSE_S)
    name = (used.serial or used.path) if used else None
    return Flashed(chosen.name, board.name, name, len(image), chosen.verifies, attempt,
                   round(time.monotonic() - start, 3))


def _attempt(
    tool: Tool, program: str, elf: Path, image: bytes, address: int, board: Board, probe: str | None,
    port: str | None, timeout_s: float, listing: Listing,
) -> Probe | None:
    settings = _settings(board, tool)
    kinds = (settings.choice("probe", tool.kinds),) if settings.has("probe") else tool.kinds
    with tempfile.TemporaryDirectory(prefix="tinynas-flash-") as name:
        folder = Path(name)
        copy = folder / "firmware.elf"  # a name without blanks and braces, whatever the user's is
        copy.write_bytes(elf.read_bytes())
        used = None
        if not (port is not None and tool.kinds == ("samba",)):
            probes, certain = fitting(tool, program, kinds, listing)
            used = choose(probes, probe, tool.name, certain)
        tool.flash(Job(board, settings, program, copy, image, address, folder, used, port, timeout_s))
        return used


def tool_named(name: str) -> Tool:
    """UsageError for one we do not have, with the reason when it is a known one."""
    key = _key(name)
    for tool in TOOLS:
        if _key(tool.name) == key:
            return tool
    known = ", ".join(t.name for t in TOOLS)
    reason = why_not(name)
    if reason is not None:
        raise UsageError(f"tinynas does not flash with {name}: {reason} (it uses {known})")
    raise UsageError(f"no flashing tool '{name}': there are {known}")


def tools_of(board: Board) -> tuple[Tool, ...]:
    """The tools the board's file has settings for, in its order."""
    return tuple(tool_named(name) for name in board.flash_tools)


def tool_for(board: Board, wanted: str | None = None) -> tuple[Tool, str]:
    """(tool, program) that `flash` would use: `wanted`, or the first of the board's file that is installed.

    UsageError for a name we do not have, BoardError for a board without settings for it, ToolError when none
    is installed."""
    named = tool_named(wanted) if wanted is not None else None
    if not board.flash_tools:
        raise BoardError(f"board {board.name} cannot be flashed: its file has no [flash]"
                         + (" (it is an emulated board)" if board.emulate and not board.flash_tools else ""))
    usable = tools_of(board)
    if named is not None:
        if named not in usable:
            raise BoardError(f"board {board.name}: its file has no settings for {named.name} (it names "
                             f"{', '.join(t.name for t in usable)})")
        usable = (named,)
    for tool in usable:
        program = find_program(tool)
        if program is not None:
            return tool, program
    missing = "; or ".join(f"{t.name}: {t.install}" for t in usable)
    raise ToolError(f"no tool that can flash {board.name} is installed: {missing}")


def _settings(board: Board, tool: Tool) -> Table:
    for name, table in board.flash_tools.items():
        if _key(name) == _key(tool.name):
            return Table(table, f"flash.{name}", f"board {board.name}")
    raise BoardError(f"board {board.name}: its file has no settings for {tool.name}")


def _key(name: str) -> str:
    return name.lower().replace("-", "").replace("_", "")


def _image(elf: Path, board: Board) -> tuple[bytes, int]:
    """(bytes, first address). MeasureError when the ELF is not made for this board's flash."""
    found = symbols(elf)
    start = found.get("__tn_image_start")
    if start is None:
        raise MeasureError(f"{elf} was not linked by tinynas: it lacks __tn_image_start")
    image = image_bytes(elf)
    code = board.code_region
    if not code.origin <= start.address < code.end or start.address + len(image) > code.end:
        raise MeasureError(f"{elf.name} is linked for {start.address:#x}, the flash of {board.name} begins "
                           f"at "
                           f"{code.origin:#x}: build it for this board (`tinynas build --variant board`)")
    return image, start.address


def describe(tools: Sequence[Tool] = TOOLS) -> list[dict[str, object]]:
    """Every tool: what it can do, and the program found for it."""
    return [{"name": t.name, "does": t.does, "program": find_program(t), "probes": list(t.kinds),
             "verifies": t.verifies, "install": t.install} for t in tools]
