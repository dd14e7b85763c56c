"""bossac: writes through the SAM-BA boot loader of Arduino boards; it cannot read back there.

Board file: `bossac = { arguments = ["-d", "-U", "-i", "-e", "-w", "-R"], least_version = "..." }`. The image
goes to where the boot loader jumps to: no offset is given, addresses count from there. The boot loader
answers on a serial port of its own, after a double tap on the reset button."""

from __future__ import annotations

from tinynas.errors import UsageError
from tinynas.target.flash.interface import Failure, Job, Tool
from tinynas.target.flash.program import run_tool

NAME = "bossac"

FAILURES = (
    Failure(r"Permission denied|Access is denied",
            "no permission to open {port}: `sudo usermod -aG dialout $USER`, then log in again"),
    Failure(r"Device unsupported",
            "this bossac does not know the chip: use Arduino's own ({least} or newer), which comes with the "
            "Arduino board package, by TINYNAS_BOSSAC=/path/to/bossac"),
    Failure(r"No device found|could not open|No such file or directory",
            "no boot loader answers on {port}: tap the reset button twice quickly and look at "
            "`tinynas probes` for its port", again=True),
    Failure(r"SAM-BA operation failed|Flash command (?:failed|timeout)|Flash erase failed",
            "the boot loader broke off: tap the reset button twice quickly and try again", again=True),
    Failure(r"exceeds flash size", "the image is larger than what the boot loader may write"),
    Failure(r"unrecognized option|invalid option|Unknown option",
            "this bossac is too old: use Arduino's own ({least} or newer) by TINYNAS_BOSSAC=/path/to/bossac"),
)


def flash(job: Job) -> None:
    """Erase, write, restart. UsageError without a port."""
    settings = job.settings
    arguments = settings.texts("arguments", ("-d", "-U", "-i", "-e", "-w", "-R"))
    least = settings.text("least_version", "1.9")
    settings.done()
    port = job.port or (job.probe.port if job.probe is not None else None)
    if port is None:
        raise UsageError(f"bossac needs the serial port of {job.board.name}'s boot loader: tap its reset "
                         f"button "
                         "twice quickly, then give --port (`tinynas probes` lists ports)")
    (job.folder / "image.bin").write_bytes(job.image)
    known = tuple(Failure(f.pattern, f.message.replace("{least}", least).replace("{port}", port), f.again)
                  for f in FAILURES)
    run_tool(NAME, job, [*arguments, f"--port={port}", "image.bin"], known, done="Write")


TOOL = Tool(
    name=NAME, does="writes through the SAM-BA boot loader of Arduino boards",
    program="bossac", variable="TINYNAS_BOSSAC",
    install="Arduino's own bossac comes with the Arduino board package (1.9.1-arduino2 for nRF52840)",
    kinds=("samba",), verifies=False, flash=flash, failures=FAILURES)
