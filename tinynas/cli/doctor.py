"""`tinynas doctor`: what is installed, what is missing, and the command that installs it."""

from __future__ import annotations

import dataclasses
from typing import Annotated

import typer

from tinynas.cli.output import print_json, print_table


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say what is installed, what is missing, and how to install it.

    Ends with status 1 when something is missing that planning, building and emulated runs need; what is only
    needed for training, boards or reports is listed without being an error.

    Examples:

        tinynas doctor

        tinynas doctor --json
    """
    from tinynas.doctor import diagnose

    findings = diagnose()
    healthy = all(f.found for f in findings if f.essential)
    if as_json:
        print_json({"ok": healthy, "checks": [dataclasses.asdict(f) for f in findings]})
    else:
        rows = [
            (
                "ok" if f.found else "MISSING" if f.essential else "absent",
                f.title,
                f.purpose,
                f.found or f"-> {f.install}",
            )
            for f in findings
        ]
        print_table("tinynas doctor", ("state", "what", "needed for", "found, or how to install"), rows)
        print(
            "all that planning, building and emulated runs need is here"
            if healthy
            else "something essential is missing: see the lines marked MISSING"
        )
    if not healthy:
        raise typer.Exit(1)
