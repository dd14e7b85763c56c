"""OpenOCD: writes, verifies on the chip and restarts it, through ST-LINK, J-Link and CMSIS-DAP probes.

Board file: `openocd = { config = [files...], probe = "stlink", unlock = "commands" }`. The probe is chosen
with `adapter serial` (OpenOCD 0.12), because left alone it takes the first it meets. Its three servers stay
closed: nothing here needs them, and another OpenOCD may hold their ports."""

from __future__ import annotations

from tinynas.boards import Board
from tinynas.target.flash.causes import (
    differs,
    held,
    locked,
    no_permission,
    no_probe,
    not_here,
    several,
    unreachable,
)
from tinynas.target.flash.interface import Failure, Job, Tool
from tinynas.target.flash.program import run_tool

NAME = "openocd"
_QUIET = ("gdb_port disabled", "tcl_port disabled", "telnet_port disabled")

FAILURES = (
    no_permission(r"LIBUSB_ERROR_ACCESS|insufficient permissions|unable to open .*permission denied"),
    Failure(r"Can't find (?P<file>\S+\.cfg)",
            "this OpenOCD has no file {file}, which board {board} names: update OpenOCD, or change the "
            "file's flash.openocd.config"),
    Failure(r"(?:invalid|unknown|wrong).{0,40}adapter serial|adapter: .*\bserial\b.*(?:unknown|invalid)",
            "this OpenOCD cannot choose a probe by its serial number: version 0.12 or newer can"),
    locked(r"AP lock engaged|Could not find MEM-AP|device protected|Device Security Bit Set|"
            r"flash memory (?:is )?(?:read|write) protected|readout protect"),
    held(r"LIBUSB_ERROR_BUSY|Resource busy|could not claim interface|already in use"),
    several(r"Multiple devices found"),
    not_here(r"No device matches the serial|serial mismatch|doesn't match requested serial"),
    no_probe(r"No J-Link device found|unable to find a matching CMSIS-DAP device|no device found|"
             r"\bopen failed|unable to open CMSIS-DAP device"),
    Failure(r"target voltage (?:may be )?too low", "the probe sees no supply voltage: power the board", True),
    unreachable(r"init mode failed|Error connecting DP|cannot read IDR|unable to connect to the target|"
            r"Could not initialize the debug port"),
    differs(r"Verify Failed|checksum mismatch|contents differ"),
    Failure(r"\*\* Programming Failed \*\*.*", "the flash could not be written", again=True),
)


def unlock_advice(board: Board) -> str:
    """The command that opens a locked chip of this board and erases it; "" when the board's file has none."""
    table = board.flash_tools.get(NAME, {})
    config, unlock = table.get("config", ()), table.get("unlock", "")
    files = " ".join(f"-f {file}" for file in config)
    return f"openocd {files} -c '{unlock}; exit'" if unlock else ""


def flash(job: Job) -> None:
    """Write, verify, restart."""
    config = job.settings.texts("config")
    job.settings.text("unlock", "")
    arguments = [word for file in config for word in ("-f", file)]
    if job.probe is not None and job.probe.serial:
        arguments += ["-c", f"adapter serial {job.probe.serial}"]
    for command in (*_QUIET, f"program {job.elf.name} verify reset exit"):
        arguments += ["-c", command]
    job.settings.done()
    run_tool(NAME, job, arguments, FAILURES, done="** Verified OK **", unlock=unlock_advice(job.board))


TOOL = Tool(
    name=NAME, does="writes, verifies and restarts through ST-LINK, J-Link and CMSIS-DAP probes",
    program="openocd", variable="TINYNAS_OPENOCD", install="sudo apt-get install openocd",
    kinds=("stlink", "jlink", "cmsis-dap"), verifies=True, flash=flash, failures=FAILURES)
