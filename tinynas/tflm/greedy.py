"""TFLite Micro's own buffer planner (GreedyMemoryPlanner), so that its head can be predicted.

Largest buffer first, ties in reverse order of insertion; each takes the first gap between the
already placed buffers that live at the same time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

BUFFER_ALIGN = 16


@dataclass(frozen=True)
class Buffer:
    """Bytes needed from operator time `first` to `last`, both included."""

    size_bytes: int
    first: int
    last: int


def head_bytes(buffers: Sequence[Buffer]) -> int:
    """The end of the topmost buffer after TFLite Micro has placed them all (in insertion order given)."""
    order = sorted(range(len(buffers)), key=lambda k: (-_rounded(buffers[k]), -k))
    placed: list[tuple[int, Buffer]] = []
    for k in order:
        placed.append((_first_gap(placed, buffers[k]), buffers[k]))
    return max((at + _rounded(b) for at, b in placed), default=0)


def _rounded(buffer: Buffer) -> int:
    return -(-buffer.size_bytes // BUFFER_ALIGN) * BUFFER_ALIGN


def _first_gap(placed: list[tuple[int, Buffer]], new: Buffer) -> int:
    at = 0
    for start, other in sorted(placed, key=lambda item: item[0]):
        if other.first > new.last or other.last < new.first:
            continue
        if start - at >= _rounded(new):
            return at
        at = max(at, start + _rounded(other))
    return at
