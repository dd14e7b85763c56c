"""Hot spots as people look at them: rows of tables, and the frames of a flame graph."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tinynas.bench.hotspots import Spot, Total, by_function, by_layer, mix
from tinynas.report.flame import Frame, flame_html, flame_svg

Table = tuple[str, Sequence[str], Sequence[Sequence[str]]]  # caption, columns ('>': to the right), rows


def frames(found: Sequence[Spot], layers: Sequence[str], name: str) -> Frame:
    """The inference, its layers in execution order, their functions, and those functions' kinds of instructions."""
    rows = []
    for at, layer in [*enumerate(layers), (None, "entry and exit")]:
        members = [s for s in found if s.layer == at or at is None and not 0 <= s.layer < len(layers)]
        if members:
            children = tuple(_function(s) for s in sorted(members, key=lambda s: -s.instructions))
            rows.append(Frame(layer, sum(s.instructions for s in members), _cycles(members), children))
    return Frame(name, sum(s.instructions for s in found), _cycles(found), tuple(rows))


def _function(spot: Spot) -> Frame:
    kinds = sorted(spot.kinds.items(), key=lambda item: -item[1])
    return Frame(spot.function, spot.instructions, _cycles([spot]), tuple(Frame(kind, n) for kind, n in kinds))


def _cycles(members: Sequence[Spot]) -> str:
    cycles = [s.cycles for s in members]
    if None in cycles:
        return ""
    return f"{sum(c for c in cycles if c is not None):,.0f} cycles (estimated)"


def tables(found: Sequence[Spot], layers: Sequence[str]) -> list[Table]:
    """Functions, layers, and the mix of instructions."""
    everything = sum(s.instructions for s in found) or 1
    kinds = [(kind, f"{n:,}", f"{n / everything:.1%}") for kind, n in mix(found).items()]
    columns = (">instructions", ">share", ">cycles (est.)", "mostly")
    return [
        ("functions", ("function", *columns, ">layers"),
         [(*_row(total), f"{len(total.layers)}") for total in by_function(found)]),
        ("layers", ("layer", *columns), [_row(total) for total in by_layer(found, layers)]),
        ("instructions by kind", ("kind", ">instructions", ">share"), kinds),
    ]


def _row(total: Total) -> tuple[str, ...]:
    most = [f"{kind} {n / max(total.instructions, 1):.0%}" for kind, n in list(total.kinds.items())[:3]]
    cycles = "-" if total.cycles is None else f"{total.cycles:,.0f}"
    return (total.name, f"{total.instructions:,}", f"{total.share:.1%}", cycles, ", ".join(most))


def page(found: Sequence[Spot], layers: Sequence[str], name: str, file: Path) -> str:
    """The flame graph as the file's name asks: .svg, else a page with the tables below it."""
    root, title = frames(found, layers, name), f"Where the instructions go: {name}"
    if file.suffix.lower() == ".svg":
        return flame_svg(root, title)
    plain = [(caption, [c.lstrip(">") for c in columns], rows) for caption, columns, rows in tables(found, layers)]
    return flame_html(root, title, plain)
