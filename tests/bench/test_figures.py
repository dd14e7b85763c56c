"""Ticks to figures: exact where it must be, whatever the phase of the counter."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinynas.bench.figures import instructions, spread, timed_ticks
from tinynas.bench.profile import profile_of_marks
from tinynas.bench.result import Spread
from tinynas.bench.session import Inference
from tinynas.boards import list_boards, load_board

EMPTY = Inference((), (), 0, 0, (), 0, 0)
EMULATED = [name for name in list_boards() if load_board(name).emulate is not None]


def reading(board, executed: int, phase_ns: int) -> int:
    """The counter after so many instructions, as the emulator truncates it."""
    nanoseconds = (executed << board.emulate.icount_shift) + phase_ns
    return nanoseconds * board.emulate.timer.hz // 1_000_000_000


counts = st.integers(0, 10**9)


@pytest.mark.parametrize("name", EMULATED)
@given(counts, st.lists(counts, min_size=1, max_size=4), st.integers(0, 200), st.integers(0, 10**6))
def test_instructions_are_exact_at_any_phase(name, start, executed, overhead, phase):
    board = load_board(name)
    ticks = [
        reading(board, start + n + overhead, phase) - reading(board, start, phase) for n in executed
    ]
    overhead_ticks = reading(board, 7 * start + overhead, phase) - reading(board, 7 * start, phase)
    run = replace(EMPTY, ticks=tuple(ticks), overhead_ticks=overhead_ticks)
    assert instructions(board, run) == executed


@pytest.mark.parametrize("name", EMULATED[:1])
@given(counts, st.lists(counts, min_size=1, max_size=6), st.integers(1, 60), st.integers(0, 10**6))
def test_layers_are_exact_without_their_marks(name, start, executed, mark, phase):
    board = load_board(name)
    at, marks = start, [reading(board, start, phase)]
    for n in executed:
        at += n + mark
        marks.append(reading(board, at, phase))
    mark_ticks = reading(board, mark + 3, phase) - reading(board, 3, phase)
    run = replace(EMPTY, marks=tuple(marks), mark_ticks=mark_ticks)
    assert list(profile_of_marks(board, run).layers) == executed


@given(st.lists(counts, min_size=1))
def test_spread_is_of_values_that_occurred(values):
    found = spread(values)
    assert found.low == min(values) and found.high == max(values) and found.median in values
    assert sum(v < found.median for v in values) <= len(values) / 2
    assert sum(v > found.median for v in values) <= len(values) / 2


def test_reading_the_counter_is_taken_off():
    assert timed_ticks(replace(EMPTY, ticks=(110, 120), overhead_ticks=10)) == [100, 110]
    assert spread([3]) == Spread(3, 3, 3)
