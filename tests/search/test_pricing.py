"""Prices are the compiler's totals plus the front end's, and hold for the trained model too."""

from __future__ import annotations

import numpy as np
import pytest

from tinynas.audio import FrontEnd
from tinynas.audio.cost import frontend_cost
from tinynas.boards import load_board
from tinynas.compile import Budgets, compile_graph
from tinynas.graph import Quantization
from tinynas.search import Feasible, distance, price_on
from tinynas.space import KwsConv, arch_graph

BOARD = load_board("stm32f746g-disco")
FEATURES = Quantization.per_tensor(1 / 32, -90)
BUDGETS = Budgets(sram_bytes=64 * 1024, flash_bytes=200 * 1024, latency_ms=5.0)
SPACE = KwsConv((49, 40, 1), 12)


def test_a_price_is_the_sum_of_its_parts():
    arch = SPACE.smallest()
    price = price_on(BOARD, FrontEnd(), 49, FEATURES)(arch)
    program = compile_graph(arch_graph(arch, FEATURES), BOARD)
    ears = frontend_cost(FrontEnd(), "cortex-m7", 49)
    assert ears.ring_bytes == 49 * 40
    assert price.sram_bytes == program.sram.total_bytes + ears.sram_bytes
    assert price.flash_bytes == program.flash.total_bytes + ears.flash_bytes
    hop_cycles = ears.instructions_per_hop * program.cycles / program.instructions
    assert BOARD.flash_factor is not None
    assert price.latency_ms == pytest.approx(
        1e3 * (program.cycles + hop_cycles) * BOARD.flash_factor.value / BOARD.clock_hz)


def test_the_demo_budgets_can_be_kept_by_every_seed():
    price = price_on(BOARD, FrontEnd(), 49, FEATURES)
    candidates = Feasible(SPACE, price, BUDGETS)
    found = [candidates.random(np.random.default_rng(seed)) for seed in range(5)]
    assert all(distance(price(arch), BUDGETS) == 0 for arch in found)
    assert len({arch.id for arch in found}) == 5
