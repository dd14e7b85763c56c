"""dense_dsp: the portable form of its C on this machine, the instructions themselves in QEMU."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.kernels import cases, dsp
from tinynas.graph import Graph, Quantization
from tinynas.graph.builder import GraphBuilder
from tinynas.kernels.dense_dsp import PATH, round_order, runs

SEEDS = st.integers(0, 2**32 - 1)


def usual(rng: np.random.Generator) -> Graph:
    """Layers as networks have them: one or several vectors, factors shared or not, limits of -128 and 127."""
    rows, depth, units = int(rng.choice((1, 1, 3))), int(rng.integers(4, 90)), int(rng.integers(1, 40))
    x = cases.activation(rng)
    y = Quantization.per_tensor(0.1, int(rng.choice((-128, -128, 127, 3))))
    b = GraphBuilder("usual")
    count = 1 if rng.integers(0, 2) else units
    scales = 0.1 / x.scale[0] * 2.0 ** rng.uniform(-20, -5, count)
    out = b.dense(
        b.input((rows, depth), x), units, activation="RELU" if y.zero_point == (-128,) else "NONE",
        bias_data=rng.integers(-(2**14), 2**14, units).astype(np.int32), weights=cases.int8(rng, (units, depth)),
        inputs_per_row=depth, weights_quantization=Quantization.symmetric(scales.tolist(), 0), quantization=y)
    return b.build([out])


def dense(rng: np.random.Generator) -> Graph:
    return usual(rng) if rng.integers(0, 2) else cases.dense(rng)


def test_layers_are_bit_exact() -> None:
    seen: set[tuple[int, int]] = set()

    @settings(parent=settings())
    @given(SEEDS)
    def many(seed: int) -> None:
        rng = np.random.default_rng(seed)
        for _ in range(40):
            graph = dense(rng)
            if dsp.check(PATH, graph, rng):
                params = PATH.code(graph.ops[-1], graph).calls[0].params
                seen.add((int(params["any"]), int(params["shared"])))

    many()
    assert len(seen) == 4


def test_layers_may_overlap_as_far_as_claimed() -> None:
    broken: list[bool] = []

    @settings(parent=settings())
    @given(SEEDS)
    def many(seed: int) -> None:
        rng = np.random.default_rng(seed)
        for _ in range(10):
            graph = dense(rng)
            dsp.try_claims(PATH, graph, rng, [])
            dsp.try_claims(PATH, cases.telling(graph, rng), rng, broken)

    many()
    assert len(broken) < 20 or np.mean(broken) > 0.6


def test_deep_layers_are_refused_when_a_lane_may_overflow() -> None:
    rng = np.random.default_rng(5)
    x, y = Quantization.per_tensor(0.05), Quantization.per_tensor(0.5, -128)
    for value, refused in ((127, True), (100, False)):
        b = GraphBuilder("deep")
        out = b.dense(b.input((1, 640), x), 8, bias=False, weights=np.full((8, 640), value, np.int8),
                      weights_quantization=Quantization.symmetric([0.01], 0), quantization=y)
        graph = b.build([out])
        assert (PATH.refuses(graph.ops[-1], graph, dsp.HOST) is not None) == refused
        if not refused:
            assert dsp.check(PATH, graph, rng, style=2)


@given(st.integers(4, 200), st.integers(1, 80))
def test_every_input_and_output_counts_once(depth: int, outputs: int) -> None:
    order = round_order(depth)
    assert sorted(order[order >= 0]) == list(range(depth))
    assert sum(runs(outputs)) == outputs


@pytest.mark.emulator
@pytest.mark.parametrize("core", dsp.MACHINES)
def test_on_emulated_cores(core: str, tmp_path: Path) -> None:
    dsp.check_on_device(core, PATH, dense, 60, tmp_path)
