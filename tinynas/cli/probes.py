"""`tinynas probes`: what an image can be sent through, and whether this user may."""

from __future__ import annotations

import dataclasses
import sys
from typing import Annotated

import typer

from tinynas.cli.options import JsonOption
from tinynas.cli.output import print_json, print_table, say_note


def probes(
    as_json: JsonOption = False,
    udev: Annotated[
        bool, typer.Option("--udev", help="Print the udev rules that let you open them (Linux).")
    ] = False,
) -> None:
    """List debug probes and boot loaders: serial number, kind, serial port, and who sees them.

    Asks this machine's USB devices and every installed flashing tool. --probe takes the serial number.

    Examples:

        tinynas probes

        tinynas probes --json

        tinynas probes --udev | sudo tee /etc/udev/rules.d/60-tinynas.rules
    """
    from tinynas.target.flash import TOOLS, describe, list_probes, rules_text

    if udev:
        sys.stdout.write(rules_text())
        return
    found = list_probes(TOOLS)
    tools = describe()
    if as_json:
        print_json({"probes": [dataclasses.asdict(p) for p in found], "tools": tools})
        return
    if found:
        rows = [
            (
                p.serial or "-",
                p.kind,
                p.name,
                p.port or p.path or "-",
                "NO: see --udev" if p.accessible is False else "yes" if p.accessible else "?",
                ", ".join(p.seen_by),
            )
            for p in found
        ]
        print_table("probes", ("serial number", "kind", "name", "port or drive", "may open", "seen by"), rows)
    else:
        say_note("no probe or boot loader is connected")
    print()
    lines = [
        (t["name"], f"-> {t['install']}" if t["program"] is None else t["program"], t["does"])
        for t in tools
    ]
    print_table("flashing tools", ("tool", "found, or how to install", "what it does"), lines)
