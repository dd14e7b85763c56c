"""The schedule always comes down to zero, whatever the clock does, and replays what it recorded."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinynas.train.schedule import Schedule, learning_rate


def play(schedule: Schedule, pace_s: list[float]) -> float:
    """Run with the given seconds per epoch (the last one repeats); total seconds."""
    elapsed, known = 0.0, None
    for count in range(1000):
        if schedule.finished:
            return elapsed
        schedule.begin(elapsed, known)
        spent = pace_s[min(count, len(pace_s) - 1)]
        elapsed += spent
        if count:
            known = spent
    raise AssertionError("a schedule that never ends")


def test_without_a_clock_it_is_the_plain_cosine():
    schedule = Schedule(4)
    play(schedule, [1.0])
    assert schedule.marks == pytest.approx([0.25, 0.5, 0.75, 1.0])


@given(st.integers(1, 100), st.floats(0.0, 100.0), st.lists(st.floats(0.01, 20.0), min_size=1, max_size=20))
def test_it_descends_to_zero_in_time(epochs, seconds, pace):
    schedule = Schedule(epochs, seconds)
    elapsed = play(schedule, pace)
    assert schedule.marks[-1] == 1.0
    assert schedule.marks == sorted(schedule.marks)
    assert len(schedule.marks) <= epochs
    if len(set(pace)) == 1:  # steady: over time by two epochs at most (before and after the pace is known)
        assert elapsed <= max(seconds, 3 * pace[0]) + pace[0]


@given(st.integers(1, 30), st.floats(0.0, 50.0), st.lists(st.floats(0.1, 5.0), min_size=1, max_size=9))
def test_a_recorded_plan_replays_on_another_machine(epochs, seconds, pace):
    first = Schedule(epochs, seconds)
    play(first, pace)
    again = Schedule(epochs, seconds, plan=tuple(first.marks))
    play(again, [17.0])
    assert again.marks == first.marks


def test_rate_warms_up_and_ends_at_zero():
    assert learning_rate(1.0, 0.0, 0.0, 0.5) == 0.0
    assert learning_rate(1.0, 0.0, 0.25, 0.5) == pytest.approx(0.5)
    assert learning_rate(1.0, 0.5, 5.0, 0.5) == pytest.approx(0.5)
    assert learning_rate(1.0, 1.0, 9.0, 0.5) == pytest.approx(0.0)
    assert learning_rate(1.0, 0.0, 0.0, 0.0) == 1.0
