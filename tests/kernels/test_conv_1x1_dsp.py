"""conv_1x1_dsp: the portable form of its C on this machine, the instructions themselves in QEMU."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.kernels import cases, dsp
from tinynas.boards.core import HOST
from tinynas.graph import Graph, Quantization
from tinynas.graph.builder import GraphBuilder
from tinynas.kernels.conv_1x1_dsp import PATH

SEEDS = st.integers(0, 2**32 - 1)


def usual(rng: np.random.Generator) -> Graph:
    """Layers as networks have them: deeper, factors well below one, limits of -128 and 127."""
    depth, filters = int(rng.integers(1, 90)), int(rng.integers(1, 21))
    shape = (1, int(rng.integers(1, 7)), int(rng.integers(1, 7)), depth)
    x = cases.activation(rng)
    y = Quantization.per_tensor(0.1, int(rng.choice((-128, -128, 127, 3))))
    b = GraphBuilder("usual")
    scales = 0.1 / x.scale[0] * 2.0 ** rng.uniform(-20, -5, filters)
    bias = rng.integers(-(2**14), 2**14, filters).astype(np.int32)
    out = b.conv2d(
        b.input(shape, x), filters, 1, (int(rng.integers(1, 3)),) * 2,
        activation="RELU" if y.zero_point == (-128,) else "NONE", bias_data=bias,
        weights=cases.int8(rng, (filters, 1, 1, depth)),
        weights_quantization=Quantization.symmetric(scales.tolist(), 0), quantization=y)
    return b.build([out])


def pointwise(rng: np.random.Generator) -> Graph:
    return usual(rng) if rng.integers(0, 2) else cases.conv(rng, pointwise=True)


def test_layers_are_bit_exact() -> None:
    quick: set[int] = set()

    @settings(parent=settings())
    @given(SEEDS)
    def many(seed: int) -> None:
        rng = np.random.default_rng(seed)
        for _ in range(40):
            graph = pointwise(rng)
            assert dsp.check(PATH, graph, rng) or graph.tensors[0].shape[0] != 1
            quick.add(int(PATH.code(graph.ops[-1], graph).calls[0].params["any"]))

    many()
    assert quick == {0, 1}


def test_layers_may_overlap_as_far_as_claimed() -> None:
    broken: list[bool] = []

    @settings(parent=settings())
    @given(SEEDS)
    def many(seed: int) -> None:
        rng = np.random.default_rng(seed)
        for _ in range(20):
            graph = pointwise(rng)
            dsp.try_claims(PATH, graph, rng, [])
            dsp.try_claims(PATH, cases.telling(graph, rng), rng, broken)

    many()
    assert len(broken) < 20 or np.mean(broken) > 0.6


def test_refusals() -> None:
    graph = usual(np.random.default_rng(1))
    op, weights = graph.ops[-1], graph.tensors[graph.ops[-1].inputs[1]].data
    assert weights is not None
    assert PATH.refuses(op, graph, HOST) == "host has no DSP instructions"
    assert PATH.refuses(op, graph, dsp.HOST) is None
    padded = dataclasses.replace(op, pads=(1, 0, 0, 0))
    assert PATH.refuses(padded, graph, dsp.HOST) == "runs no padding"
    weights.reshape(-1)[0] = -128
    assert "-128" in (PATH.refuses(op, graph, dsp.HOST) or "")


@pytest.mark.emulator
@pytest.mark.parametrize("core", dsp.MACHINES)
def test_on_emulated_cores(core: str, tmp_path: Path) -> None:
    dsp.check_on_device(core, PATH, pointwise, 60, tmp_path)
