"""Printing: tables for people (plain text unless it is a terminal), JSON for programs, errors."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from tinynas.compile import Flash, Sram


def say_error(message: str) -> None:
    """`error: ...` as one line on stderr."""
    line = " ".join(message.split())
    if sys.stderr.isatty() and not os.environ.get("NO_COLOR"):
        print(f"\x1b[1;31merror:\x1b[0m {line}", file=sys.stderr)
    else:
        print(f"error: {line}", file=sys.stderr)


def say_note(message: str) -> None:
    """Progress and remarks: stderr, so that stdout stays data."""
    print(message, file=sys.stderr, flush=True)


class ProgressLine:
    """One line on stderr that says how far something is: rewritten on a terminal, else every tenth."""

    def __init__(self, what: str) -> None:
        self._what, self._shown, self._open = what, -1, False

    def __enter__(self) -> ProgressLine:
        return self

    def __exit__(self, *_: object) -> None:
        if self._open:
            print(file=sys.stderr)

    def bytes(self, done: int, total: int) -> None:
        """`done` of `total` bytes."""
        step = (100 if sys.stderr.isatty() else 10) * done // max(total, 1)
        if step == self._shown:
            return
        self._shown = step
        text = f"{self._what} {done / 2**20:,.0f} of {total / 2**20:,.0f} MB"
        if sys.stderr.isatty():
            print(f"\r{text}", end="", file=sys.stderr, flush=True)
            self._open = True
        else:
            say_note(text)


def print_json(value: Any) -> None:
    """One indented JSON value on stdout."""
    print(json.dumps(value, indent=2, allow_nan=False))


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """A table. A column whose name starts with '>' is aligned right.

    On a terminal it is drawn; otherwise columns are separated by two spaces, without a title, and never cut.
    """
    names = [name.lstrip(">") for name in columns]
    right = [name.startswith(">") for name in columns]
    cells = [["" if cell is None else str(cell) for cell in row] for row in rows]
    if sys.stdout.isatty():
        table = Table(title=title, title_justify="left")
        for name, is_right in zip(names, right, strict=True):
            table.add_column(name, justify="right" if is_right else "left", overflow="fold")
        for row in cells:
            table.add_row(*map(escape, row))
        Console().print(table)
        return
    widths = [max(len(row[k]) for row in [names, *cells]) for k in range(len(names))]
    for row in [names, *cells]:
        padded = (
            cell.rjust(width) if is_right else cell.ljust(width)
            for cell, width, is_right in zip(row, widths, right, strict=True)
        )
        print("  ".join(padded).rstrip())


def memory_rows(*columns: tuple[str, Sram, Flash]) -> list[tuple[str, ...]]:
    """Rows of a footprint table: one per part of SRAM and flash, one column per (name, sram, flash)."""
    parts = [("SRAM", 1, name) for name in ("arena", "state", "stack", "static", "harness", "total")]
    parts += [("flash", 2, name) for name in ("code", "weights", "tables", "harness", "total")]
    return [
        (f"{memory} {part}", *(f"{getattr(column[at], f'{part}_bytes'):,}" for column in columns))
        for memory, at, part in parts
    ]
