"""pyOCD: writes through CMSIS-DAP, ST-LINK and J-Link probes; we compare the flash afterwards.

Board file: `pyocd = { target = "nrf52840" }`. pyOCD would erase a locked chip without asking: that is
switched off, a locked chip is told instead. It would also wait for a probe for ever, and ask which of two:
neither here."""

from __future__ import annotations

import json
import sys

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
from tinynas.target.flash.interface import Failure, FlashError, Job, Probe, Tool
from tinynas.target.flash.program import LIST_S, Ran, explain, run, run_tool

NAME = "pyocd"

FAILURES = (
    no_permission(r"insufficient permissions|Access denied|Permission denied|LIBUSB_ERROR_ACCESS"),
    Failure(r"Target type (?P<target>\S+) not recognized",
            "pyOCD does not know target {target}: `pyocd pack install {target}` adds it"),
    locked(r"APPROTECT enabled|is locked|No cores were discovered|unable to unlock|security .*enabled"),
    not_here(r"No connected debug probe matches unique ID"),
    several(r"More than one debug probe matches|Enter the number of the debug probe"),
    no_probe(r"No connected debug probes|No target device available|No available debug probes"),
    held(r"Resource busy|already in use|exclusive access|probe .* already open"),
    unreachable(r"No ACK|Unexpected ACK|SWD/JTAG communication failure|Memory transfer fault|"
                r"STLink error.*target"),
    Failure(r"unsupported, older firmware version", "the ST-LINK's firmware is too old: update it "
                                                    "with ST's tool"),
    differs(r"Mismatched byte"),
)


def flash(job: Job) -> None:
    """Write and restart, then read back and compare."""
    target = job.settings.text("target")
    job.settings.done()
    where = ["--no-wait", "--target", target, "-O", "auto_unlock=false"]
    if job.probe is not None and job.probe.serial:
        where += ["--uid", job.probe.serial]
    unlock = f"pyocd erase --chip --target {target}"
    image = job.folder / "image.bin"
    image.write_bytes(job.image)
    run_tool(NAME, job, ["load", *where, "--format", "elf", job.elf.name], FAILURES, unlock=unlock)
    compare = ["commander", *where, "-c", f"compare {job.address:#x} {image.name}", "-c", "reset"]
    output = run_tool(NAME, job, compare, FAILURES, unlock=unlock)
    if f"All {len(job.image)} bytes match" not in output:
        raise explain(NAME, job, Ran(0, output), FAILURES)


def list_probes(program: str) -> tuple[Probe, ...]:
    """What `pyocd json --probes` tells. FlashError when it fails."""
    ran = run([program, "json", "--probes"], LIST_S)
    try:
        told = json.loads(ran.output[ran.output.index("{"):])
        return tuple(_probe(entry) for entry in told["boards"])
    except (ValueError, KeyError, TypeError) as error:
        raise FlashError(f"{NAME} does not list its probes (status {ran.status}): {ran.output[:200].strip()}"
                         ) from error


def _probe(entry: dict[str, str]) -> Probe:
    name = f"{entry['vendor_name']} {entry['product_name']}".strip()
    return Probe(serial=entry["unique_id"], kind=_kind(name), name=name, seen_by=(NAME,))


def _kind(name: str) -> str:
    words = name.lower().replace("-", "")
    return "stlink" if "stlink" in words else "jlink" if "jlink" in words else "cmsis-dap"


TOOL = Tool(
    name=NAME, does="writes, reads back and restarts through CMSIS-DAP, ST-LINK and J-Link probes",
    program="pyocd", variable="TINYNAS_PYOCD", install=f"{sys.executable} -m pip install pyocd",
    kinds=("cmsis-dap", "stlink", "jlink"), verifies=True, flash=flash, failures=FAILURES,
    list_probes=list_probes)
