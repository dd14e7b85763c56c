"""dfu-util: writes through a chip's own USB boot loader (DfuSe, as in STM32), reads back, starts.

Board file: `dfu-util = { usb = "0483:df11", alternate = 0, address = 0x08000000 }`. The board must be in its
boot loader first. What was written is uploaded again and compared here; leaving comes last, because it ends
the connection, and some boot loaders complain about exactly that."""

from __future__ import annotations

import contextlib
import re

from tinynas.target.flash.causes import locked
from tinynas.target.flash.interface import Failure, FlashError, Job, Probe, Tool
from tinynas.target.flash.program import LIST_S, explain, run, run_tool

NAME = "dfu-util"
_DFU = re.compile(r'Found DFU: \[(?P<v>[0-9a-f]{4}):(?P<p>[0-9a-f]{4})\].*?serial="(?P<s>[^"]*)"', re.I)

FAILURES = (
    Failure(r"LIBUSB_ERROR_ACCESS|insufficient permissions", "no permission to open the boot loader: {rule}"),
    Failure(r"LIBUSB_ERROR_BUSY|Cannot claim interface",
            "the boot loader is held by another program: end what uses it", again=True),
    Failure(r"More than one DFU capable", "several boot loaders are connected: name one with --probe "
                                          "(`tinynas probes`)"),
    locked(r"is read protected|read.?protect|errVENDOR|Write.?protect"),
    Failure(r"No DFU capable USB device available|Cannot open device|Lost device",
            "no board in its boot loader was found: hold BOOT0 (or the board's BOOT button) while it is "
            "reset, then run this again", again=True),
    Failure(r"Last page at .* is not writeable|Page at .* can not be erased|is not writeable",
            "the boot loader does not let this address be written: check flash.dfu-util of board {board}"),
    Failure(r"Error during (?:special command|download)|LIBUSB_ERROR_(?:PIPE|IO|TIMEOUT)",
            "the boot loader broke off: reset the board into its boot loader again", again=True),
)


def flash(job: Job) -> None:
    """Write, read back, compare, start."""
    settings = job.settings
    usb, alternate = settings.text("usb", "0483:df11"), settings.integer("alternate", 0)
    address = settings.integer("address", job.address)
    settings.done()
    where = ["-d", usb, "-a", str(alternate)]
    if job.probe is not None and job.probe.serial:
        where += ["-S", job.probe.serial]
    unlock = f"dfu-util -d {usb} -a {alternate} -s {address:#010x}:unprotect:force -D anything.bin"
    (job.folder / "image.bin").write_bytes(job.image)
    back = job.folder / "back.bin"
    with contextlib.suppress(FileNotFoundError):
        back.unlink()  # it does not overwrite
    run_tool(NAME, job, [*where, "-s", f"{address:#010x}", "-D", "image.bin"], FAILURES,
             done="File downloaded successfully", unlock=unlock)
    upload = [*where, "-s", f"{address:#010x}:{len(job.image)}:leave", "-U", back.name]
    ran = run([job.program, *upload], job.timeout_s, job.folder)
    read = back.read_bytes() if back.is_file() else b""
    if len(read) < len(job.image):  # its status is no help: leaving may look like a failure
        raise explain(NAME, job, ran, FAILURES, unlock)
    if read[:len(job.image)] != job.image:
        raise FlashError(f"{NAME}: what was read back differs from what was written", again=True)


def list_probes(program: str) -> tuple[Probe, ...]:
    """What `dfu-util -l` tells."""
    return read_list(run([program, "-l"], LIST_S).output)


def read_list(output: str) -> tuple[Probe, ...]:
    """Each boot loader once; dfu-util has a line for every memory of it."""
    found = {m["s"]: Probe(serial=m["s"], kind="dfu", name="DFU boot loader", vendor=int(m["v"], 16),
                           product=int(m["p"], 16), seen_by=(NAME,)) for m in _DFU.finditer(output)}
    return tuple(found.values())


TOOL = Tool(
    name=NAME, does="writes through a chip's USB boot loader and reads back",
    program="dfu-util", variable="TINYNAS_DFU_UTIL", install="sudo apt-get install dfu-util",
    kinds=("dfu",), verifies=True, flash=flash, failures=FAILURES, list_probes=list_probes)
