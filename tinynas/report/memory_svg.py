"""The arena over time as a picture: time runs down, addresses to the right, one bar per tensor.

A bar covers every step its tensor lives through. Where an output lies over a dying input, the shared bytes are
hatched: that is the memory saved. The SVG is complete in itself (no fonts, scripts or network), follows the
reader's light or dark setting, is made for phone width and scales up; names and numbers are in hover titles.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from textwrap import wrap

from tinynas.compile.memory_map import MapBuffer, MapStep, MemoryMap

WIDTH, LABELS, RIGHT, ROW = 400, 116, 8, 28
BORN = 7  # how far below its step's top a bar begins, so that the dying input it covers stays in sight
THINNEST = 2.5
TEXT_CHARACTERS = 66
CHARACTER = 4.9  # width of a small label's character
COLOURS = 5
TICKS = 5

STYLE = """
.map{--ink:#1d2330;--soft:#5d6678;--line:#d9dde5;--paper:#ffffff;--tight:#c62f2f;--band:#fdecec;--scratch:#8b93a3;
 --c0:#8fb8ee;--c1:#8fd3c1;--c2:#f2c178;--c3:#c9b1ec;--c4:#eba6bb}
@media (prefers-color-scheme:dark){.map{--ink:#e8ebf2;--soft:#9aa4b8;--line:#343b4a;--paper:#14181f;--tight:#ff7b72;
 --band:#3a1f22;--scratch:#717b8f;--c0:#3f6fae;--c1:#2f7f6c;--c2:#93651d;--c3:#6f55a0;--c4:#96445f}}
.map text{font-family:system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;fill:var(--ink);font-size:10px}
.map .title{font-size:14px;font-weight:600}.map .soft{fill:var(--soft);font-size:9px}.map .name{font-size:8.5px}
.map .tight{fill:var(--tight);font-weight:600}.map .paper{fill:var(--paper)}.map .band{fill:var(--band)}
.map .grid{stroke:var(--line);stroke-width:1}.map .top{stroke:var(--soft);stroke-width:1;stroke-dasharray:3 2}
.map .bar{stroke:var(--paper);stroke-width:.7}.map .scratch{fill:var(--scratch);stroke:var(--paper);stroke-width:.5}
.map .hatch{stroke:var(--ink);stroke-width:1;opacity:.38}
.map .c0{fill:var(--c0)}.map .c1{fill:var(--c1)}.map .c2{fill:var(--c2)}.map .c3{fill:var(--c3)}.map .c4{fill:var(--c4)}
"""
STYLE = STYLE.replace("\n", "").replace("  ", " ")


def memory_svg(told: MemoryMap, notes: Sequence[str] = ()) -> str:
    """The map as one SVG. `notes`: sentences under the title (the bottleneck, say), wrapped."""
    said = [line for note in notes for line in wrap(note, TEXT_CHARACTERS, subsequent_indent="  ")]
    top = 42 + 12 * len(said) + 22
    bottom = top + ROW * len(told.steps)
    height = bottom + 36
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="map" viewBox="0 0 {WIDTH} {height}" width="100%" role="img" '
        f'aria-label="{escape(_title(told))}">',
        f"<style>{STYLE}</style>",
        '<defs><pattern id="shared" width="5" height="5" patternUnits="userSpaceOnUse" '
        'patternTransform="rotate(45)"><line class="hatch" x1="0" y1="0" x2="0" y2="5"/></pattern></defs>',
        f'<rect class="paper" width="{WIDTH}" height="{height}"/>',
        f'<text class="title" x="8" y="20">{escape(_title(told))}</text>',
        f'<text class="soft" x="8" y="35">{escape(_size(told))}</text>',
    ]
    parts += [f'<text x="8" y="{50 + 12 * k}">{escape(line)}</text>' for k, line in enumerate(said)]
    parts += _bands(told, top)
    parts += _axis(told, top, bottom)
    parts += [_bar(told, k, b, top) for k, b in enumerate(told.buffers) if b.size_bytes]
    for k, step in enumerate(told.steps):
        parts += _scratch(told, k, step, top) + _shared(told, k, step, top) + _label(told, k, step, top)
    parts += [_name(told, b, top) for b in told.buffers]
    return "\n".join([*parts, *_legend(bottom + 22), "</svg>"]) + "\n"


def _title(told: MemoryMap) -> str:
    return f"{told.model} on {told.board}"


def _size(told: MemoryMap) -> str:
    proof = f"proved the smallest for these kernels ({told.proof})" if told.proof else (
        f"not proved the smallest: no plan needs less than {told.bound_bytes:,}")
    return f"arena {told.arena_bytes:,} bytes, {proof}"


def _x(told: MemoryMap, at: float) -> float:
    return round(LABELS + (WIDTH - LABELS - RIGHT) * at / max(told.arena_bytes, 1), 1)


def _box(told: MemoryMap, start: int, size: int, y: float, height: float, css: str, title: str) -> str:
    x = _x(told, start)
    width = max(round(_x(told, start + size) - x, 1), THINNEST)
    fill = 'fill="url(#shared)"' if css == "shared" else f'class="{css}"'
    return (f'<rect {fill} x="{x}" y="{y}" width="{width}" height="{height}" rx="1.5">'
            f"<title>{escape(title)}</title></rect>")


def _bands(told: MemoryMap, top: int) -> list[str]:
    return [f'<rect class="band" x="0" y="{top + ROW * k}" width="{WIDTH}" height="{ROW}"/>' for k in told.bottlenecks]


def _axis(told: MemoryMap, top: int, bottom: int) -> list[str]:
    parts = []
    step = tick_bytes(told.arena_bytes)
    for at in range(0, told.arena_bytes + 1, step):
        x = _x(told, at)
        anchor = "end" if x > WIDTH - 24 else "middle"
        text = f"{at // 1024} KB" if at and step >= 1024 else f"{at}"
        parts.append(f'<line class="grid" x1="{x}" y1="{top - 4}" x2="{x}" y2="{bottom}"/>'
                     f'<text class="soft" x="{x}" y="{top - 8}" text-anchor="{anchor}">{text}</text>')
    end = _x(told, told.arena_bytes)
    return [*parts, f'<line class="top" x1="{end}" y1="{top - 4}" x2="{end}" y2="{bottom}"/>']


def tick_bytes(arena_bytes: int) -> int:
    """Distance of the axis's ticks: a power of two, at most about five of them."""
    step = 1
    while step * TICKS < arena_bytes:
        step *= 2
    return step


def _bar(told: MemoryMap, k: int, b: MapBuffer, top: int) -> str:
    down = BORN if _born(told, b) else 1
    y, height = top + ROW * b.first + down, ROW * (b.last - b.first + 1) - down - 1
    first, last = (told.steps[j].op_indices[-1] for j in (b.first, b.last))
    title = (f"tensor {b.tensor} {b.name}\n{_shape(b)}, {b.size_bytes:,} bytes at {b.offset_bytes:,}\n"
             f"{'' if b.role == 'inner' else f'{b.role} of the model, '}alive from operator {first} to {last}")
    return _box(told, b.offset_bytes, b.size_bytes, y, height, f"bar c{k % COLOURS}", title)


def _scratch(told: MemoryMap, k: int, step: MapStep, top: int) -> list[str]:
    if not step.scratch_bytes:
        return []
    what = "scratch of" if len(step.op_indices) == 1 else "rings of rows and scratch of"
    title = f"{what} {step.path}: {step.scratch_bytes:,} bytes at {step.scratch_offset_bytes:,}"
    return [_box(told, step.scratch_offset_bytes, step.scratch_bytes, top + ROW * k + 4, ROW - 8, "scratch", title)]


def _shared(told: MemoryMap, k: int, step: MapStep, top: int) -> list[str]:
    parts = []
    for s in step.sharing:
        if s.shared_bytes:
            a, b = told.buffer(s.input), told.buffer(s.output)
            start = max(a.offset_bytes, b.offset_bytes)
            title = (f"{s.shared_bytes:,} bytes shared: output {s.output} over input {s.input}, {s.direction}"
                     + ("" if s.distance_bytes is None else f", distance {s.distance_bytes:,}"))
            parts.append(_box(told, start, s.shared_bytes, top + ROW * k + BORN, ROW - BORN - 1, "shared", title))
    return parts


def _label(told: MemoryMap, k: int, step: MapStep, top: int) -> list[str]:
    y = top + ROW * k
    css = ' class="tight"' if k in told.bottlenecks else ""
    soft = "soft tight" if k in told.bottlenecks else "soft"
    kind = step.kind.split("+")[0].lower().replace("_", " ").removesuffix(" 2d")
    kind += " ..." if "+" in step.kind else ""
    title = f"operator {step.numbers} {step.kind} {step.name}\nkernel path {step.path}, needs {step.need_bytes:,} bytes"
    return [f"<g><title>{escape(title)}</title><text{css} x=\"8\" y=\"{y + 12}\">{step.numbers} {escape(kind)}</text>"
            f'<text class="{soft}" x="8" y="{y + 23}">needs {step.need_bytes:,}</text></g>']


def _name(told: MemoryMap, b: MapBuffer, top: int) -> str:
    """The tensor's shape inside its bar, where there is room; inputs above, what is born in a step below."""
    text = f"{_shape(b)}, {b.size_bytes:,} B"
    room = (_x(told, b.end_bytes) - _x(told, b.offset_bytes) - 6) / CHARACTER
    if len(text) > room:
        text = _shape(b)
    if len(text) > room or (not _born(told, b) and _covered(told, b, len(text))):
        return ""
    y = top + ROW * b.first + (22 if _born(told, b) else 11)
    return f'<text class="name" pointer-events="none" x="{_x(told, b.offset_bytes) + 4}" y="{y}">{text}</text>'


def _covered(told: MemoryMap, b: MapBuffer, characters: int) -> bool:
    """Whether a bar born in the same step covers the name of what the caller brought."""
    left = _x(told, b.offset_bytes)
    others = [told.buffer(t) for t in told.steps[b.first].born] if told.steps else []
    return any(_x(told, o.offset_bytes) < left + 8 + CHARACTER * characters and _x(told, o.end_bytes) > left
               for o in others)


def _born(told: MemoryMap, b: MapBuffer) -> bool:
    """Whether a step of the program makes the tensor (and not the caller)."""
    return bool(told.steps) and b.tensor in told.steps[b.first].born


def _shape(b: MapBuffer) -> str:
    dims = b.shape[1:] if len(b.shape) > 1 and b.shape[0] == 1 else b.shape
    return "\u00d7".join(map(str, dims)) or "1"


def _legend(y: int) -> list[str]:
    parts, x = [], 8
    for css, text in (("bar c0", "tensor"), ("shared", "shared by output and input"), ("scratch", "scratch"),
                      ("band", "bottleneck")):
        fill = 'class="grid" style="fill:url(#shared)"' if css == "shared" else f'class="{css}"'
        parts.append(f'<rect {fill} x="{x}" y="{y - 8}" width="12" height="9"/>'
                     f'<text class="soft" x="{x + 16}" y="{y}">{text}</text>')
        x += 34 + int(4.6 * len(text))
    return parts
