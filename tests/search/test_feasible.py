"""Only candidates within the budgets are proposed; when there are none, the error says how near one came."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.search.prices import cost_of
from tinynas.compile import Budgets
from tinynas.errors import BudgetError, ModelError, UsageError
from tinynas.search import AgingEvolution, Cost, Feasible, RandomSearch, distance, overruns, overruns_in_words
from tinynas.search.strategies import make_strategy
from tinynas.space import Arch, KwsConv

SPACE = KwsConv((49, 40, 1), 12)


def test_overruns_name_amounts_and_limits():
    cost = Cost(2_000, 30_000, 1e6, 7.5, 900_000)
    budgets = Budgets(sram_bytes=1_500, flash_bytes=30_000, latency_ms=5.0)
    assert overruns(cost, budgets) == {"sram_bytes": 500, "latency_ms": 2.5}
    assert distance(cost, budgets) == pytest.approx(500 / 1500 + 0.5)
    assert overruns_in_words(cost, budgets) == \
        "SRAM by 500 bytes (2,000 of 1,500), latency by 2.50 ms (7.50 of 5.00)"
    assert distance(cost, Budgets()) == 0


@given(st.integers(0, 2**32 - 1))
def test_proposals_keep_the_budgets(seed):
    budgets = Budgets(sram_bytes=16_384, flash_bytes=40_000, latency_ms=5.0)
    candidates = Feasible(SPACE, cost_of, budgets)
    rng = np.random.default_rng(seed)
    arch = candidates.random(rng)
    for _ in range(5):
        assert distance(cost_of(arch), budgets) == 0
        arch = candidates.mutate(arch, rng)
    assert candidates.costed >= 2


def test_a_corner_no_sample_hits_is_found_by_walking():
    """A thousandth of the samples fits at most; the walk gets there, and proposals stay there."""
    budgets = Budgets(flash_bytes=400, latency_ms=0.2)
    rng = np.random.default_rng(0)
    assert not any(distance(cost_of(SPACE.random_arch(rng)), budgets) == 0 for _ in range(300))
    candidates = Feasible(SPACE, cost_of, budgets)
    found = {candidates.random(np.random.default_rng(seed)).id for seed in range(6)}
    assert len(found) > 1
    for seed in range(6):
        assert distance(cost_of(candidates.random(np.random.default_rng(seed))), budgets) == 0


def test_nothing_fits_is_one_line_with_the_nearest():
    candidates = Feasible(SPACE, cost_of, Budgets(sram_bytes=100, flash_bytes=1_000_000))
    with pytest.raises(BudgetError) as caught:
        candidates.random(np.random.default_rng(0))
    text = str(caught.value)
    assert "\n" not in text and "SRAM by" in text and "of 100)" in text and "flash by" not in text
    assert text.count("misses") == 3


def test_what_the_board_cannot_run_is_not_proposed():
    def picky(arch: Arch) -> Cost:
        if any(layer.kind.endswith("pool") for layer in arch.layers):
            raise ModelError("no kernel path for pooling")
        return cost_of(arch)

    candidates = Feasible(SPACE, picky, Budgets())
    rng = np.random.default_rng(0)
    for _ in range(40):
        assert not any(layer.kind.endswith("pool") for layer in candidates.random(rng).layers)

    def nothing(arch: Arch) -> Cost:
        raise ModelError("no kernel path")

    with pytest.raises(BudgetError, match="kernel path"):
        Feasible(SPACE, nothing, Budgets()).random(rng)


@pytest.mark.parametrize("name", ["random", "evolution"])
def test_a_strategy_repeats_itself_when_told_the_same(name):
    def run() -> list[str]:
        strategy = make_strategy(name, Feasible(SPACE, cost_of, Budgets(flash_bytes=60_000)), seed=7, pool=2)
        proposed = []
        for index in range(14):
            arch = strategy.ask(index)
            proposed.append(arch.id)
            strategy.tell(arch, None if index == 3 else float(cost_of(arch).macs))
        return proposed

    first = run()
    assert first == run()
    assert len(set(first)) == len(first)


def test_unknown_strategy():
    with pytest.raises(UsageError, match="random, evolution"):
        make_strategy("magic", Feasible(SPACE, cost_of, Budgets()), 0, 1)


def test_evolution_climbs_where_random_wanders():
    """Same number of evaluations of a smooth score, ten seeds: evolution's best is better in most."""
    def score(arch: Arch) -> float:
        return -abs(np.log(cost_of(arch).macs / 3e5)) - 0.05 * abs(len(arch.blocks) - 9)

    wins = 0
    for seed in range(10):
        best = {}
        for kind in (RandomSearch, AgingEvolution):
            strategy = kind(Feasible(SPACE, cost_of, Budgets()), seed, pool=1)
            scores = []
            for index in range(60):
                arch = strategy.ask(index)
                scores.append(score(arch))
                strategy.tell(arch, scores[-1])
            best[kind] = max(scores)
        wins += best[AgingEvolution] >= best[RandomSearch]
    assert wins >= 8


def test_the_oldest_member_dies_however_good():
    evolution = AgingEvolution(Feasible(SPACE, cost_of, Budgets()), 0, population=3)
    archs = [evolution.ask(n) for n in range(4)]
    for score, arch in zip((9.0, 1.0, 2.0, 3.0), archs, strict=True):
        evolution.tell(arch, score)
    assert [score for score, _ in evolution.members] == [1.0, 2.0, 3.0]
