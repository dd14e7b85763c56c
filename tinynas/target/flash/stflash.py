"""st-flash (stlink-tools): writes, verifies and restarts STM32 chips through ST-LINK probes.

Board file: `stflash = { address = 0x08000000 }`. It takes raw bytes only, and always reads them back."""

from __future__ import annotations

import re

from tinynas.target.flash.causes import differs, held, locked, no_permission, unreachable
from tinynas.target.flash.interface import Failure, Job, Probe, Tool
from tinynas.target.flash.openocd import unlock_advice
from tinynas.target.flash.program import LIST_S, run, run_tool

NAME = "st-flash"
DONE = "jolly good"  # its words for: written and verified

FAILURES = (
    no_permission(r"access error|LIBUSB_ERROR_ACCESS|could not open stlink device"),
    held(r"libusb_claim_interface\(\) failed|LIBUSB_ERROR_BUSY"),
    Failure(r"Couldn't find any ST-Link|Failed to open USB device|Couldn't find .* ST-Link devices",
            "no ST-LINK was found: connect the board's debug USB port (`tinynas probes`)", again=True),
    Failure(r"unknown chip id! (?P<id>0x[0-9a-f]+)",
            "the ST-LINK does not recognise the chip (it reads {id}): power the board, close debuggers, try "
            "again; else update stlink-tools or use --tool openocd", again=True),
    differs(r"Verification of flash failed"),
    locked(r"Flash (?:option )?unlock failed|Failed to unlock flash|read.?out protect|RDP"),
    unreachable(r"Failed to connect to target|Failed to enter SWD mode|Failed to halt the core"),
    Failure(r"invalid option|usage:|command line:", "this st-flash is too old: version 1.7 or newer is "
            r"needed"),
)


def flash(job: Job) -> None:
    """Write, verify, restart."""
    address = job.settings.integer("address", job.address)
    job.settings.done()
    image = job.folder / "image.bin"
    image.write_bytes(job.image)
    chosen = ["--serial", job.probe.serial] if job.probe is not None and job.probe.serial else []
    run_tool(NAME, job, ["--reset", *chosen, "write", image.name, f"{address:#010x}"], FAILURES, done=DONE,
             unlock=unlock_advice(job.board))


def list_probes(program: str) -> tuple[Probe, ...]:
    """What `st-info --probe` tells; it lies beside st-flash."""
    info = re.sub(r"st-flash(?=(\.exe)?$)", "st-info", program)
    if info == program:
        return ()
    return read_list(run([info, "--probe"], LIST_S).output)


def read_list(output: str) -> tuple[Probe, ...]:
    """The probes in st-info's answer."""
    serials = re.findall(r"^\s*serial:\s*([0-9A-Za-z]+)\s*$", output, re.MULTILINE)
    return tuple(Probe(serial=_text(s), kind="stlink", name="ST-LINK", vendor=0x0483, seen_by=(NAME,))
                 for s in serials)


def _text(serial: str) -> str:
    """Old versions print the characters of the serial number in hexadecimal: 3036 for 06."""
    if len(serial) == 48:
        try:
            text = bytes.fromhex(serial).decode("ascii")
        except ValueError:
            return serial
        if text.isalnum():
            return text
    return serial


TOOL = Tool(
    name=NAME, does="writes, verifies and restarts STM32 chips through ST-LINK probes",
    program="st-flash", variable="TINYNAS_ST_FLASH", install="sudo apt-get install stlink-tools",
    kinds=("stlink",), verifies=True, flash=flash, failures=FAILURES, list_probes=list_probes)
