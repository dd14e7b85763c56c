"""All probes this machine has, and the choice of one: by its serial number, never the first that answers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from tinynas.errors import ToolError
from tinynas.target.flash import uf2, usb
from tinynas.target.flash.interface import FlashError, Probe, Tool
from tinynas.target.flash.program import find_program
from tinynas.target.flash.udev import rule

Listing = Callable[[], tuple[Probe, ...]]


def seen_on_this_machine() -> tuple[Probe, ...]:
    """USB devices and drives of boot loaders; asks no tool, takes milliseconds."""
    return merge([*usb.usb_probes(), *uf2.drives()])


def list_probes(tools: Sequence[Tool], listing: Listing = seen_on_this_machine) -> tuple[Probe, ...]:
    """The same, and what the installed tools see. A tool that fails to tell is passed over."""
    found = list(listing())
    for tool in tools:
        program = find_program(tool)
        if tool.list_probes is None or not program:
            continue
        try:
            found += tool.list_probes(program)
        except ToolError:
            continue
    return merge(found)


def fitting(tool: Tool, program: str, kinds: Sequence[str], listing: Listing) -> tuple[list[Probe], bool]:
    """(probes the tool can work through, whether that is all there are).

    Where this machine does not tell its USB devices, the tool is asked; one that cannot tell leaves it open."""
    found, certain = list(listing()), usb.can_see_everything() or listing is not seen_on_this_machine
    if not certain and tool.list_probes is not None and program:
        try:
            found += tool.list_probes(program)
            certain = True
        except ToolError:
            pass
    usable = [p for p in merge(found) if p.kind in kinds and (p.kind != "uf2" or p.path)]
    return usable, certain and tool.kinds not in (("samba",), ("uf2",))


def merge(probes: Iterable[Probe]) -> tuple[Probe, ...]:
    """One entry per probe: the same serial number seen several ways is one; what the first did not know is
    taken from the others."""
    merged: dict[tuple[str, str], Probe] = {}
    for probe in probes:
        key = (probe.kind, probe.serial.lower() or probe.path or probe.node or "")
        old = merged.get(key)
        merged[key] = probe if old is None else _join(old, probe)
    return tuple(merged.values())


def _join(one: Probe, two: Probe) -> Probe:
    fields = ("vendor", "product", "port", "path", "node", "accessible")
    missing = {name: getattr(two, name) for name in fields if getattr(one, name) is None}
    return replace(one, seen_by=tuple(dict.fromkeys((*one.seen_by, *two.seen_by))), **missing)


def choose(probes: Sequence[Probe], wanted: str | None, tool: str, certain: bool) -> Probe | None:
    """The one probe to use, from those of the right kind.

    `wanted`: a serial number (case does not matter, a part that only one has is enough; USB ids may stand before
    it, 0483:374b:...), or a drive's path.
    `certain`: `probes` is all there is; otherwise one that is not listed may still exist and is passed on.
    FlashError for none, for one that is not here, for several of which none was named, and for one this user
    may not open."""
    if wanted is not None:
        return _named(probes, wanted, tool, certain)
    if len(probes) > 1:
        raise FlashError(f"{tool}: {len(probes)} probes are connected: name one with --probe: "
                         f"{_names(probes)}")
    if not probes:
        if certain:
            raise FlashError(f"{tool}: no probe was found: connect the board's debug USB port "
                             "(`tinynas probes` lists what is seen)", again=True)
        return None
    return _openable(probes[0], tool)


def _named(probes: Sequence[Probe], wanted: str, tool: str, certain: bool) -> Probe:
    key = re.sub(r"^[0-9a-f]{4}:[0-9a-f]{4}:(?=.)", "", wanted.lower())
    exact = [p for p in probes if key in (p.serial.lower(), (p.path or "").lower())]
    near = exact or [p for p in probes if key in p.serial.lower()]
    if len(near) == 1:
        return _openable(near[0], tool)
    if len(near) > 1:
        raise FlashError(f"{tool}: {len(near)} probes match {wanted}: {_names(near)}")
    if certain:
        here = f"here are {_names(probes)}" if probes else "none is connected"
        raise FlashError(f"{tool}: no probe with serial number {wanted}: {here}", again=True)
    ids = re.fullmatch(r"([0-9a-f]{4}):([0-9a-f]{4}):(.+)", wanted, re.IGNORECASE)
    if ids is None:
        return Probe(serial=wanted, kind="", name="")
    return Probe(serial=ids[3], kind="", name="", vendor=int(ids[1], 16), product=int(ids[2], 16))


def _openable(probe: Probe, tool: str) -> Probe:
    if probe.accessible is False:
        where = probe.path or probe.node
        advice = "mount it as your own user" if probe.kind == "uf2" and probe.path else rule(probe.vendor)
        raise FlashError(f"{tool}: no permission to open {probe.name} {probe.serial} ({where}): {advice}")
    return probe


def _names(probes: Sequence[Probe]) -> str:
    return ", ".join(f"{p.serial or p.path or p.node or '?'} ({p.name})" for p in probes)
