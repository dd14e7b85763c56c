"""The arena over time as text: one line per step, the arena from its first byte (left) to its last.

Each character stands for a slice of the arena: `o` output born there, `i` input that dies there, `*` both (the
output lies over the input), `k` kept for later, `s` scratch, `.` free. Plain ASCII, so that it survives logs.
"""

from __future__ import annotations

from collections.abc import Sequence

from tinynas.compile.memory_map import MapBuffer, MapStep, MemoryMap

LEGEND = "o output  i input that dies here  * output over input  k kept for later  s scratch  . free"
MIN_COLUMNS = 16
MARK = "<- bottleneck"


def map_lines(told: MemoryMap, columns: int = 110) -> list[str]:
    """The map in at most about `columns` characters per line, the legend last."""
    kinds = [_short_kind(step.kind) for step in told.steps]
    indices = [step.numbers for step in told.steps]
    needs = [f"{step.need_bytes:,}" for step in told.steps]
    widths = [max([len(text) for text in column] + [len(head)])
              for column, head in ((indices, "op"), (kinds, "operator"), (needs, "needs"))]
    strip = max(MIN_COLUMNS, min(64, columns - sum(widths) - len(MARK) - 10))
    end = f"{told.arena_bytes:,}"
    lines = [f"{'op':>{widths[0]}}  {'operator':<{widths[1]}}  0{end:>{strip}}  {'needs':>{widths[2]}}"]
    for k, step in enumerate(told.steps):
        mark = f" {MARK}" if k in told.bottlenecks else ""
        lines.append(f"{indices[k]:>{widths[0]}}  {kinds[k]:<{widths[1]}}  |{strip_of(told, step, strip)}|"
                     f" {needs[k]:>{widths[2]}}{mark}")
    return [*lines, LEGEND]


def strip_of(told: MemoryMap, step: MapStep, columns: int) -> str:
    """The arena during one step in `columns` characters. A slice shows what holds any of its bytes; where
    several do: sharing first, then the output, the input, what is kept, and scratch."""
    arena = max(told.arena_bytes, 1)
    cells = ["."] * columns
    for mark, spans in (
        ("s", [(step.scratch_offset_bytes, step.scratch_bytes)]),
        ("k", _spans(told, set(step.live) - set(step.born) - set(step.dying))),
        ("i", _spans(told, set(step.dying))),
        ("o", _spans(told, set(step.born))),
        ("*", [_common(told.buffer(s.input), told.buffer(s.output)) for s in step.sharing if s.shared_bytes]),
    ):
        for start, size in spans:
            if size > 0:
                first = start * columns // arena
                last = -(-(start + size) * columns // arena)
                cells[first:last] = mark * (min(last, columns) - first)
    return "".join(cells)


def _spans(told: MemoryMap, tensors: set[int]) -> list[tuple[int, int]]:
    return [(b.offset_bytes, b.size_bytes) for t in sorted(tensors) for b in (told.buffer(t),)]


def _common(a: MapBuffer, b: MapBuffer) -> tuple[int, int]:
    start = max(a.offset_bytes, b.offset_bytes)
    return start, min(a.end_bytes, b.end_bytes) - start


def _short_kind(kind: str) -> str:
    """Fused runs by their first and last operator."""
    parts: Sequence[str] = kind.split("+")
    return kind if len(parts) < 3 else f"{parts[0]}+..+{parts[-1]}"
