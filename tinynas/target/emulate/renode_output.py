"""What Renode said. Its exit status is 0 even when a command failed, so failures are looked for in its words;
and what our hooks logged: executed instructions at each mark."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from tinynas.errors import MeasureError, ToolError
from tinynas.target.emulate.renode_text import MARK

_VERSION = re.compile(r"(?:version |\bv)(\d+)\.(\d+)\.(\d+)", re.IGNORECASE)
_FAILED = re.compile(
    r"There was an error executing command|No such command or device|Parameters did not match the signature|"
    r"does not provide a field, method or property|^\s*Error E\d+:|Could not (?:find|load|open|tokenize|resolve) |"
    r"Bad parameters for command|Fatal error|Unhandled exception|"
    r"Exception has been thrown|Python runtime error", re.IGNORECASE)
_MARK = re.compile(rf"{MARK} (?P<word>\S+) (?P<count>\d+)")
_NOISE = re.compile(r"\x1b\[[0-9;]*[A-Za-z]|\r")
_PROMPT = re.compile(r"^\([\w.-]+\) ")


@dataclass(frozen=True)
class Counted:
    """One inference: `total` from the first instruction of the invoke function to its return, `layers` between
    the labels."""

    total: int
    layers: tuple[int, ...]


def version_in(text: str) -> tuple[int, int, int]:
    """Of `renode --version`. ToolError when it says none."""
    found = _VERSION.search(text)
    if found is None:
        raise ToolError(f"renode --version says nothing known: {' '.join(text.split())[:120]}")
    return int(found[1]), int(found[2]), int(found[3])


def failure_in(output: str) -> str | None:
    """The first failure among the output, with the reason that stands below it, as one line; None for none."""
    lines = [_PROMPT.sub("", line).strip() for line in _NOISE.sub("", output).splitlines()]
    for k, line in enumerate(lines):
        if MARK in line or not _FAILED.search(line):
            continue
        reasons = [r for r in lines[k + 1:k + 4] if r and not r.startswith(("at ", "in ", "*"))]
        return " ".join([line, *reasons[:1]])[:400]
    return None


def marks_in(output: str) -> list[tuple[str, int]]:
    """(word, executed instructions) of every mark, in order."""
    return [(m["word"], int(m["count"])) for m in _MARK.finditer(_NOISE.sub("", output))]


def inferences(marks: Sequence[tuple[str, int]], layers: int) -> tuple[Counted, ...]:
    """Marks put together per inference: "invoke", "0", ..., "layers", "return".

    MeasureError when the firmware took another way, or the counter went backwards."""
    wanted = ["invoke", *map(str, range(layers + 1)), "return"]
    if len(marks) % len(wanted):
        raise MeasureError(f"Renode logged {len(marks)} marks, which are no whole inferences of "
                           f"{len(wanted)}")
    found = []
    for at in range(0, len(marks), len(wanted)):
        words, counts = zip(*marks[at:at + len(wanted)], strict=True)
        if list(words) != wanted:
            raise MeasureError(f"Renode reached the marks as {', '.join(words)}; an inference is "
                               f"{', '.join(wanted)}")
        if list(counts) != sorted(counts):
            raise MeasureError("Renode's count of executed instructions went backwards")
        inner = counts[1:-1]
        found.append(Counted(counts[-1] - counts[0], tuple(b - a for a, b in zip(inner, inner[1:], strict=False))))
    return tuple(found)
