"""`report.md` of a run: what was asked, what was searched, what was found, and how to do it again.

A pure function from facts to text. The floor below it (search) hands the facts as plain data, so that a
report can also be made from a run folder long after the search.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class FrontRow:
    """One trained architecture."""

    arch_id: str
    description: str
    stage: str
    accuracy: float
    sram_bytes: int
    flash_bytes: int
    latency_ms: float
    macs: int


@dataclass(frozen=True)
class Scores:
    """int8 accuracy on one side of the data, with its 95 % interval; confusion[truth][answer]."""

    side: str
    accuracy: float
    interval: tuple[float, float]
    clips: int
    confusion: Sequence[Sequence[int]]


@dataclass(frozen=True)
class Measured:
    """One quantity predicted and measured; `measured` None where nothing was run."""

    name: str
    unit: str
    predicted: float
    measured: float | None


@dataclass(frozen=True)
class RunReport:
    """Everything the report says. Budgets map a name to its limit in words."""

    title: str
    board: str
    budgets: Mapping[str, str]
    dataset: str
    synthetic: bool
    candidates_costed: int
    candidates_trained: int
    seconds: float
    rows: Sequence[FrontRow]
    winner: FrontRow
    classes: Sequence[str]
    scores: Sequence[Scores]
    comparison: Sequence[Measured] = ()
    commands: Sequence[str] = ()
    notes: Sequence[str] = field(default_factory=tuple)


def render_markdown(report: RunReport) -> str:
    """The report as Markdown, ending in a newline."""
    parts = [
        f"# {report.title}",
        _about(report),
        _winner(report),
        *(_scores(s, report.classes) for s in report.scores),
        _comparison(report.comparison),
        _front(report.rows, report.winner),
        _commands(report.commands),
        "\n".join(f"- {note}" for note in report.notes),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def pareto(rows: Iterable[FrontRow]) -> list[FrontRow]:
    """Rows no other beats: at least as accurate, as small in SRAM and flash, and as fast, and better in one.
    Most accurate first; of equal ones the first."""
    kept: list[FrontRow] = []
    known = list(rows)
    for at, row in enumerate(known):
        if not any(_beats(other, row) or (_point(other) == _point(row) and k < at)
                   for k, other in enumerate(known) if k != at):
            kept.append(row)
    return sorted(kept, key=lambda r: (-r.accuracy, r.latency_ms))


def _point(row: FrontRow) -> tuple[float, float, float, float]:
    return -row.accuracy, row.sram_bytes, row.flash_bytes, row.latency_ms


def _beats(other: FrontRow, row: FrontRow) -> bool:
    a, b = _point(other), _point(row)
    return all(x <= y for x, y in zip(a, b, strict=True)) and a != b


def _about(report: RunReport) -> str:
    budgets = ", ".join(f"{name} {limit}" for name, limit in report.budgets.items()) or "none"
    data = f"**Synthetic speech**, so accuracies say little about people: {report.dataset}" \
        if report.synthetic else report.dataset
    return (f"Board: {report.board}. Budgets: {budgets}.\n\nData: {data}.\n\n"
            f"{report.candidates_costed:,} candidates costed, {report.candidates_trained} trained, "
            f"{report.seconds / 60:.1f} minutes.")


def _winner(report: RunReport) -> str:
    row = report.winner
    cells = (f"{row.sram_bytes:,} bytes", f"{row.flash_bytes:,} bytes", f"{row.latency_ms:.2f} ms",
             f"{row.macs:,}")
    table = _table(("SRAM", "flash", "latency (estimated)", "MACs"), [cells])
    return f"## The model\n\n`{row.arch_id}`: {row.description}\n\n{table}"


def _scores(scores: Scores, classes: Sequence[str]) -> str:
    low, high = scores.interval
    header = ("", *(f"`{name}`" for name in classes), "clips", "recall")
    rows: list[tuple[str, ...]] = []
    for name, row in zip(classes, scores.confusion, strict=True):
        at, total = len(rows), sum(row)
        recall = f"{100 * row[at] / total:.1f} %" if total else "-"
        rows.append((f"`{name}`", *(str(n) if n else "." for n in row), str(total), recall))
    return (f"## Accuracy, {scores.side}\n\n"
            f"{100 * scores.accuracy:.1f} % of {scores.clips:,} clips, 95 % interval {100 * low:.1f} to "
            f"{100 * high:.1f} %; int8 model in the TFLite Micro interpreter. Rows are what was said, "
            f"columns what was understood.\n\n" + _table(header, rows))


def _comparison(pairs: Sequence[Measured]) -> str:
    if not pairs:
        return ""
    rows = []
    for pair in pairs:
        measured, off = "not run", ""
        if pair.measured is not None:
            measured = _number(pair.measured, pair.unit)
            off = f"{100 * (pair.predicted / pair.measured - 1):+.1f} %" if pair.measured else ""
        rows.append((pair.name, _number(pair.predicted, pair.unit), measured, off))
    return "## Predicted and measured\n\n" + _table(("", "predicted", "measured", "difference"), rows)


def _number(value: float, unit: str) -> str:
    text = f"{value:,.0f}" if float(value).is_integer() or abs(value) >= 1000 else f"{value:.2f}"
    return f"{text} {unit}".strip()


def _front(rows: Sequence[FrontRow], winner: FrontRow) -> str:
    """All trained models, those no other beats marked."""
    front = {id(row) for row in pareto(rows)}
    lines = []
    for row in sorted(rows, key=lambda r: (-r.accuracy, r.latency_ms)):
        mark = ("front" if id(row) in front else "") + (", chosen" if row == winner else "")
        lines.append((f"`{row.arch_id}`", row.stage, f"{100 * row.accuracy:.1f} %", f"{row.sram_bytes:,}",
                      f"{row.flash_bytes:,}", f"{row.latency_ms:.2f}", f"{row.macs:,}", mark.strip(", "),
                      row.description))
    header = ("id", "training", "validation", "SRAM bytes", "flash bytes", "ms", "MACs", "", "architecture")
    return "## What was trained\n\n" + _table(header, lines)


def _commands(commands: Sequence[str]) -> str:
    return "## Again\n\n```\n" + "\n".join(commands) + "\n```" if commands else ""


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """GitHub's Markdown table; bars inside cells are escaped."""
    def line(cells: Iterable[str]) -> str:
        return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"

    return "\n".join([line(header), "|" + "---|" * len(header), *map(line, rows)])
