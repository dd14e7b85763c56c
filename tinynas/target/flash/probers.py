"""probe-rs: writes, verifies and restarts through CMSIS-DAP, ST-LINK and J-Link probes.

Board file: `probe-rs = { chip = "nRF52840_xxAA" }`. A probe is named by vendor, product and serial number.
It never erases a locked chip unless told to: it is not told."""

from __future__ import annotations

import re

from tinynas.errors import UsageError
from tinynas.target.flash.causes import differs, held, locked, no_permission, no_probe, several, unreachable
from tinynas.target.flash.interface import Failure, Job, Probe, Tool
from tinynas.target.flash.program import LIST_S, run, run_tool

NAME = "probe-rs"
_INSTALL = "cargo install probe-rs-tools --locked, or a package from probe.rs"
_LINE = re.compile(
    r"^\[\d+\]: (?P<name>.*?) (?:-- (?P<v>[0-9a-fA-F]{4}):(?P<p>[0-9a-fA-F]{4})(?::(?P<s>\S+))?"
    r"|\(VID: (?P<v2>[0-9a-fA-F]{4}), PID: (?P<p2>[0-9a-fA-F]{4}), (?:Serial: (?P<s2>[^,\s]+), )?)",
    re.MULTILINE)

FAILURES = (
    locked(r"lacked the permission to do so: erase_all|Core(?: \d+)? is locked|"
           r"device is locked|read.?protected"),
    no_permission(r"Permission denied|insufficient permissions|Access denied"),
    held(r"Resource busy|device is busy|already in use|claim interface"),
    several(r"multiple probes were found|more than one probe found|Available Probes:"),
    Failure(r"selected debug probe was not found",
            "no probe with serial number {serial}, or no permission to open it: `tinynas probes` tells which",
            again=True),
    no_probe(r"no (?:connected )?probes were found|No debug probes were found|Probe was not found"),
    Failure(r"chip '?(?P<chip>[^'\s]+)'? was not found|chip .* could not be found",
            "this probe-rs does not know the chip that board {board} names: `probe-rs chip list` "
            "shows its names"),
    differs(r"contents of flash .*differ|verif\w+ failed|content does not match"),
    Failure(r"unexpected argument|found argument .* which wasn't expected",
            "this probe-rs is too old: version 0.25 or newer is needed"),
    unreachable(r"Connecting to the chip was unsuccessful|target device did not respond|No ACK|"
                r"Failed to attach|DAP error|target is not responding"),
)


def flash(job: Job) -> None:
    """Write and verify, then restart."""
    chip = job.settings.text("chip")
    job.settings.done()
    where = ["--non-interactive", "--chip", chip, *_probe_arguments(job.probe)]
    unlock = f"probe-rs erase --chip {chip} --allow-erase-all"
    run_tool(NAME, job, ["download", *where, "--verify", job.elf.name], FAILURES, unlock=unlock)
    run_tool(NAME, job, ["reset", *where], FAILURES, unlock=unlock)


def _probe_arguments(probe: Probe | None) -> list[str]:
    if probe is None or not probe.serial:
        return []
    if probe.vendor is None or probe.product is None:
        raise UsageError(f"probe-rs names a probe by its USB ids too, and those of {probe.serial} are not "
                         f"known "
                         "here: choose another tool with --tool")
    return ["--probe", f"{probe.vendor:04x}:{probe.product:04x}:{probe.serial}"]


def list_probes(program: str) -> tuple[Probe, ...]:
    """What `probe-rs list` tells."""
    return read_list(run([program, "list"], LIST_S).output)


def read_list(output: str) -> tuple[Probe, ...]:
    """The probes in probe-rs' answer, in the form of version 0.24 and in the older one."""
    probes = []
    for found in _LINE.finditer(output):
        vendor, product = found["v"] or found["v2"], found["p"] or found["p2"]
        name = found["name"].strip()
        words = name.lower().replace("-", "").replace(" ", "")
        kind = "stlink" if "stlink" in words else "jlink" if "jlink" in words else "cmsis-dap"
        probes.append(Probe(serial=found["s"] or found["s2"] or "", kind=kind, name=name,
                            vendor=int(vendor, 16), product=int(product, 16), seen_by=(NAME,)))
    return tuple(probes)


TOOL = Tool(
    name=NAME, does="writes, verifies and restarts through CMSIS-DAP, ST-LINK and J-Link probes",
    program="probe-rs", variable="TINYNAS_PROBE_RS", install=_INSTALL,
    kinds=("cmsis-dap", "stlink", "jlink"), verifies=True, flash=flash, failures=FAILURES,
    list_probes=list_probes)
