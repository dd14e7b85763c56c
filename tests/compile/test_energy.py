"""Energy is the board's power over the latency: a budget like any other, refused where the power is not known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.small_model import small_graph
from tinynas.boards import load_board
from tinynas.boards.model import Power
from tinynas.compile import Budgets, Program, compile_graph
from tinynas.compile.fit import energy_as_latency, estimated_energy_mj, estimated_latency_ms, misses
from tinynas.errors import UsageError

DARK = replace(load_board("raspberry-pi-pico"), power=None)
LIT = replace(DARK, power=Power(40.0, 39.0, 41.0, "while inferring", "a test"))


def program(board: object) -> Program:
    return compile_graph(small_graph(np.random.default_rng(0)), board)  # type: ignore[arg-type]


def test_energy_is_power_times_time() -> None:
    found = program(LIT)
    energy = estimated_energy_mj(found)
    assert energy == pytest.approx(40.0 * estimated_latency_ms(found) / 1000)
    assert misses(found, Budgets(energy_mj=energy)) == []
    (miss,) = misses(found, Budgets(energy_mj=energy * 0.99))
    assert "mJ" in miss


def test_unknown_power_is_null_and_refused_as_a_budget() -> None:
    found = program(DARK)
    assert estimated_energy_mj(found) is None
    with pytest.raises(UsageError, match="no figure for its power"):
        misses(found, Budgets(energy_mj=1.0))
    with pytest.raises(UsageError, match="no figure for its power"):
        energy_as_latency(Budgets(energy_mj=1.0), DARK)
    assert energy_as_latency(Budgets(latency_ms=2.0), DARK) == Budgets(latency_ms=2.0)


def test_an_energy_budget_is_a_latency_budget() -> None:
    assert energy_as_latency(Budgets(energy_mj=0.2), LIT).latency_ms == pytest.approx(5.0)
    assert energy_as_latency(Budgets(energy_mj=0.2, latency_ms=3.0), LIT).latency_ms == 3.0
    assert energy_as_latency(Budgets(energy_mj=0.2, latency_ms=8.0), LIT) == Budgets(latency_ms=pytest.approx(5.0))
