"""The `tinynas` command: parse, call, print. No logic here; one file per command."""

from __future__ import annotations


def main() -> None:
    """Entry point of the console script; loads the commands only when one is run."""
    from tinynas.cli.app import main as run

    run()
