"""The fit finds known coefficients, never goes negative, and agrees with a brute-force active-set search."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinynas.cost.fit import fit_instructions, nonnegative_least_squares


def test_recovers_the_model_that_made_the_counts() -> None:
    rng = np.random.default_rng(0)
    truth = {"one": 90.0, "macs": 3.5, "outputs": 21.0}
    rows = [{"one": 1.0, "macs": float(m), "outputs": float(o)} for m, o in rng.integers(10, 10_000, (20, 2))]
    counts = [sum(truth[k] * row[k] for k in truth) for row in rows]
    fit = fit_instructions(rows, counts)
    assert fit.coefficients == pytest.approx(truth, rel=1e-6)
    assert fit.p90_error < 1e-6
    assert fit.layers == 20


def test_reports_the_error_of_layers_it_did_not_see() -> None:
    rng = np.random.default_rng(1)
    rows = [{"one": 1.0, "macs": float(m)} for m in rng.integers(100, 10_000, 40)]
    counts = [(100 + 4 * row["macs"]) * (1 + 0.05 * rng.choice([-1, 1])) for row in rows]
    fit = fit_instructions(rows, counts)
    assert 0.03 < fit.median_error < 0.08


@given(st.integers(0, 10_000), st.integers(1, 5), st.integers(6, 12))
def test_matches_the_best_of_all_active_sets(seed: int, columns: int, rows: int) -> None:
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=(rows, columns)), rng.normal(size=rows)
    best = float(b @ b)
    for size in range(1, columns + 1):
        for chosen in itertools.combinations(range(columns), size):
            part = np.linalg.lstsq(a[:, chosen], b, rcond=None)[0]
            if part.min() >= 0:
                best = min(best, float(np.sum((a[:, chosen] @ part - b) ** 2)))
    x = nonnegative_least_squares(a, b)
    assert x.min() >= 0
    assert float(np.sum((a @ x - b) ** 2)) <= best + 1e-8
