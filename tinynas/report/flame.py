"""A flame graph as one self-contained SVG, or a page around it: boxes as wide as what they cost, children above.

Pure functions over a tree of frames; nothing is fetched, nothing runs. A pointer over a box shows its figures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from zlib import crc32

WIDTH, ROW, MARGIN, LETTER = 1200.0, 22, 10, 6.6  # pixels; LETTER: width of a letter at 11 px
NARROWEST = 0.4  # boxes thinner than this are left out


@dataclass(frozen=True)
class Frame:
    """`value`: what the width shows, its children's included. `detail`: shown with the name."""

    name: str
    value: float
    detail: str = ""
    children: tuple[Frame, ...] = ()


@dataclass(frozen=True)
class Box:
    frame: Frame
    x: float
    width: float
    depth: int


def boxes(root: Frame, width: float = WIDTH) -> Iterator[Box]:
    """Where every frame lies: the root at depth 0 is `width` wide, children side by side from its left edge."""
    def wide(frame: Frame) -> float:
        return frame.value / root.value * width if root.value > 0 else 0.0

    def walk(frame: Frame, x: float, depth: int) -> Iterator[Box]:
        yield Box(frame, x, wide(frame), depth)
        for child in frame.children:
            yield from walk(child, x, depth + 1)
            x += wide(child)

    yield from walk(root, 0.0, 0)


def flame_svg(root: Frame, title: str) -> str:
    """The SVG document; the root is the bottom row."""
    drawn = [box for box in boxes(root) if box.width >= NARROWEST]
    rows = max(box.depth for box in drawn) + 1 if drawn else 1
    height = rows * ROW + 2 * MARGIN + ROW
    body = "\n".join(_box(box, rows, root.value) for box in drawn)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH + 2 * MARGIN:g} {height}" '
        f'font-family="ui-monospace, monospace" font-size="11" role="img">\n'
        f"<title>{_text(title)}</title>\n"
        f'<rect width="100%" height="100%" fill="#fff"/>\n'
        f'<text x="{MARGIN}" y="{MARGIN + 12}" font-size="13" fill="#222">{_text(title)}</text>\n'
        f"{body}\n</svg>\n"
    )


def _box(box: Box, rows: int, whole: float) -> str:
    x, y = MARGIN + box.x, MARGIN + ROW + (rows - 1 - box.depth) * ROW
    share = box.frame.value / whole if whole else 0.0
    figures = [f"{box.frame.value:,.0f} ({share:.1%})", *([box.frame.detail] if box.frame.detail else [])]
    words = f"{box.frame.name}: {', '.join(figures)}"
    letters = int((box.width - 6) / LETTER)
    label = box.frame.name if len(box.frame.name) <= letters else box.frame.name[:max(letters - 1, 0)] + "…"
    text = f'<text x="{x + 3:.1f}" y="{y + 14}" fill="#222">{_text(label)}</text>' if letters >= 3 else ""
    return (f'<g><title>{_text(words)}</title><rect x="{x:.2f}" y="{y}" width="{max(box.width - 0.5, 0.3):.2f}" '
            f'height="{ROW - 1}" rx="2" fill="{_colour(box.frame.name)}"/>{text}</g>')


def _text(value: str) -> str:
    """As XML text; names in model files may hold what XML cannot."""
    return escape("".join(c if c >= " " and not "\ud800" <= c <= "\udfff" and c < "\ufffe" or c > "\uffff" else "?"
                          for c in value))


def _colour(name: str) -> str:
    """A warm one, always the same for a name."""
    n = crc32(name.encode(errors="replace"))
    return f"hsl({n % 50 + 5}, {70 + n // 64 % 25}%, {62 + n // 4096 % 16}%)"


def flame_html(root: Frame, title: str, tables: Sequence[tuple[str, Sequence[str], Sequence[Sequence[object]]]]) -> str:
    """A page with the graph and, below it, tables (caption, columns, rows)."""
    rendered = "\n".join(_table(*table) for table in tables)
    return (
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
        f"<title>{_text(title)}</title>\n<style>\n"
        "body{font:14px system-ui,sans-serif;margin:1.5rem;max-width:90rem;color:#222;background:#fff}\n"
        "svg{width:100%;height:auto;border:1px solid #ddd}\ntable{border-collapse:collapse;margin:1.5rem 0}\n"
        "caption{text-align:left;font-weight:600;padding:.3rem 0}\n"
        "td,th{padding:.2rem .7rem;border-bottom:1px solid #e5e5e5;text-align:right}\n"
        "td:first-child,th:first-child{text-align:left;font-family:ui-monospace,monospace}\n"
        f"</style></head><body>\n<h1>{_text(title)}</h1>\n{flame_svg(root, title)}{rendered}\n</body></html>\n"
    )


def _table(caption: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    head = "".join(f"<th>{_text(c)}</th>" for c in columns)
    body = "\n".join("<tr>" + "".join(f"<td>{_text(str(cell))}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><caption>{_text(caption)}</caption><tr>{head}</tr>\n{body}</table>"
