"""Counting right answers, and how sure one can be."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from tinynas.train import Evaluation, wilson

EXAMPLE = Evaluation(("a", "b", "c"), ((8, 2, 0), (1, 9, 0), (0, 0, 0)))


def test_accuracy_recall_and_round_trip():
    assert (EXAMPLE.right, EXAMPLE.clips, EXAMPLE.accuracy) == (17, 20, 0.85)
    assert EXAMPLE.recalls == {"a": 0.8, "b": 0.9, "c": None}
    assert Evaluation.from_json(json.loads(json.dumps(EXAMPLE.to_json()))) == EXAMPLE


def test_interval_of_a_published_example():
    # Newcombe (1998), 81 of 263 by Wilson's method: 0.2553 to 0.3662
    low, high = wilson(81, 263)
    assert (round(low, 4), round(high, 4)) == (0.2553, 0.3662)
    assert wilson(0, 0) == (0.0, 1.0)


@given(st.integers(1, 10_000), st.data())
def test_interval_holds_the_proportion(total, data):
    right = data.draw(st.integers(0, total))
    low, high = wilson(right, total)
    assert -1e-12 <= low <= right / total + 1e-12 and right / total - 1e-12 <= high <= 1 + 1e-12
