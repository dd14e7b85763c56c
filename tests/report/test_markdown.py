"""The report says what it was told, in tables that are tables."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from tinynas.report.markdown import FrontRow, Measured, RunReport, Scores, pareto, render_markdown

ROW = FrontRow("abc", "conv 8 - fold - conv 16", "long", 0.91, 12_345, 45_678, 4.321, 200_000)
REPORT = RunReport(
    title="demo", board="some-board", budgets={"flash": "200 KB", "latency": "5 ms"},
    dataset="recorded speech", synthetic=False, candidates_costed=1234, candidates_trained=7, seconds=150.0,
    rows=[ROW, replace(ROW, arch_id="def", accuracy=0.5, latency_ms=9.0)], winner=ROW, classes=("yes", "no"),
    scores=[Scores("test speakers", 0.75, (0.41, 0.93), 8, ((3, 1), (1, 3)))],
    comparison=[Measured("arena", "bytes", 100, 100), Measured("instructions", "", 1e6, None)],
    commands=["tinynas search kws"])


def tables(text: str) -> list[list[str]]:
    """Each table as its lines."""
    found: list[list[str]] = [[]]
    for line in text.splitlines():
        if line.startswith("|"):
            found[-1].append(line)
        elif found[-1]:
            found.append([])
    return [t for t in found if t]


def test_it_says_what_it_was_told():
    text = render_markdown(REPORT)
    for said in ("1,234 candidates costed, 7 trained, 2.5 minutes", "75.0 % of 8 clips", "41.0 to 93.0 %",
                 "12,345 bytes", "4.32 ms", "| `yes` | 3 | 1 | 4 | 75.0 % |",
                 "| arena | 100 bytes | 100 bytes | +0.0 % |", "not run",
                 "tinynas search kws", "front, chosen", "flash 200 KB"):
        assert said in text, said
    assert "ynthetic" not in text
    assert text.endswith("\n") and not text.endswith("\n\n")


def test_every_table_is_rectangular():
    odd = replace(REPORT, rows=[replace(ROW, description="a | b")], classes=("a|b", "no"))
    for lines in tables(render_markdown(odd)):
        widths = {line.replace("\\|", "").count("|") for line in lines}
        assert len(widths) == 1 and len(lines) >= 3


def test_synthetic_speech_is_called_that():
    assert "**Synthetic speech**" in render_markdown(replace(REPORT, synthetic=True))


few = st.integers(1, 3)
rows = st.builds(FrontRow, st.just("x"), st.just("d"), st.just("short"), few.map(lambda n: n / 3), few, few,
                 few.map(float), st.just(1))


@given(st.lists(rows, max_size=8))
def test_the_front_beats_everything_and_nothing_in_it_is_beaten(found):
    def point(row: FrontRow) -> tuple[float, ...]:
        return -row.accuracy, row.sram_bytes, row.flash_bytes, row.latency_ms

    def covers(a: FrontRow, b: FrontRow) -> bool:
        return all(x <= y for x, y in zip(point(a), point(b), strict=True))

    front = pareto(found)
    assert all(any(covers(kept, row) for kept in front) for row in found)
    assert not any(covers(a, b) for a in front for b in front if a is not b)
