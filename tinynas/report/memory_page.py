"""The memory map as one HTML page: the picture, what limits the arena, what would lower it, and all numbers.

Complete in itself: no network, no scripts; light and dark; readable at phone width.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from tinynas.compile.memory_map import MemoryMap
from tinynas.report.memory_svg import memory_svg

STYLE = """
:root{color-scheme:light dark}
body{margin:0 auto;max-width:760px;padding:12px;font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;
background:#fff;color:#1d2330}
svg{display:block;width:100%;height:auto}h2{font-size:1.05rem;margin:1.4em 0 .3em}
pre{white-space:pre-wrap;overflow-wrap:anywhere;font:13px/1.5 ui-monospace,Menlo,Consolas,monospace;margin:.3em 0}
.wide{overflow-x:auto}table{border-collapse:collapse;font-size:13px;width:100%}
th,td{padding:3px 8px;text-align:right;border-bottom:1px solid #d9dde5;white-space:nowrap}
th:nth-child(-n+3),td:nth-child(-n+3){text-align:left}tr.tight td{color:#c62f2f;font-weight:600}
@media (prefers-color-scheme:dark){body{background:#14181f;color:#e8ebf2}th,td{border-color:#343b4a}
tr.tight td{color:#ff7b72}}
"""


def memory_page(told: MemoryMap, sections: Sequence[tuple[str, Sequence[str]]]) -> str:
    """The page. `sections`: (heading, lines of text) below the picture."""
    title = escape(f"Memory of {told.model} on {told.board}")
    texts = "".join(
        f"<h2>{escape(heading)}</h2><pre>{escape(chr(10).join(lines))}</pre>\n" for heading, lines in sections if lines)
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width,initial-scale=1">\n<title>{title}</title>\n'
        f"<style>{STYLE}</style></head>\n<body>\n{memory_svg(told)}{texts}"
        f'<h2>Step by step</h2>\n<div class="wide"><table>\n{_table(told)}</table></div>\n</body></html>\n'
    )


def _table(told: MemoryMap) -> str:
    heads = ("op", "operator", "kernel path", "needs", "side by side", "scratch", "inputs that die", "outputs", "kept")
    rows = ["<tr>" + "".join(f"<th>{head}</th>" for head in heads) + "</tr>"]
    for k, step in enumerate(told.steps):
        kept = sum(told.buffer(t).size_bytes for t in set(step.live) - set(step.born) - set(step.dying))
        cells = (
            step.numbers, step.kind, step.path, f"{step.need_bytes:,}", f"{step.apart_bytes:,}",
            f"{step.scratch_bytes:,}", _places(told, step.dying), _places(told, step.born), f"{kept:,}")
        css = ' class="tight"' if k in told.bottlenecks else ""
        rows.append(f"<tr{css}>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>")
    return "\n".join(rows) + "\n"


def _places(told: MemoryMap, tensors: Sequence[int]) -> str:
    """`0..8,000` of each tensor (end exclusive)."""
    found = [told.buffer(t) for t in tensors]
    return " ".join(f"{b.offset_bytes:,}..{b.end_bytes:,}" for b in found)
