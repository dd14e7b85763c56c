"""Small words shared by the sentences about programs."""

from __future__ import annotations

from collections.abc import Iterable

NAME_CHARACTERS = 32


def joined(parts: Iterable[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    *most, last = list(parts) or [""]
    return f"{', '.join(most)} and {last}" if most else last


def operators(indices: Iterable[int]) -> str:
    """`operator 3`, `operators 1 and 3`, `operators 1-4 and 7`."""
    runs: list[list[int]] = []
    for k in sorted(set(indices)):
        if runs and runs[-1][-1] == k - 1:
            runs[-1].append(k)
        else:
            runs.append([k])
    parts = [text for run in runs for text in ([f"{run[0]}-{run[-1]}"] if len(run) > 2 else map(str, run))]
    return f"operator{'s' if len(parts) > 1 or '-' in parts[0] else ''} {joined(parts)}"


def short_name(name: str) -> str:
    """A tensor's or operator's name as converters make them, cut to its telling end."""
    first = name.split(";")[0]
    return first if len(first) <= NAME_CHARACTERS else "..." + first[3 - NAME_CHARACTERS:]
