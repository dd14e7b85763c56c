"""conv_dsp, conv_strip_dsp and conv_thin_dsp: the portable form of their C on this machine, the instructions
themselves in QEMU."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.kernels import cases, dsp
from tinynas.graph import Graph, Quantization
from tinynas.graph.builder import GraphBuilder
from tinynas.kernels import KernelPath, conv_dsp, conv_strip_dsp, conv_thin_dsp

PATHS = [conv_strip_dsp.PATH, conv_dsp.PATH, conv_thin_dsp.PATH]
SEEDS = st.integers(0, 2**32 - 1)


def usual(rng: np.random.Generator) -> Graph:
    """Layers as networks have them: kernels three wide, channels in fours, limits of -128 and 127."""
    filters = int(rng.integers(1, 11))
    depth = int(rng.choice((1, 3, 4, 8, 12, 16)))
    shape = (1, int(rng.integers(1, 9)), int(rng.choice((1, 3, 4, 7, 8, 12))), depth)
    kernel = (int(rng.integers(1, 5)), 3) if shape[2] > 1 else (int(rng.choice((3, 5, 9))), 1)
    x = cases.activation(rng)
    y = Quantization.per_tensor(0.1, int(rng.choice((-128, -128, 127, 3))))
    b = GraphBuilder("usual")
    scales = 0.1 / x.scale[0] * 2.0 ** rng.uniform(-20, -5 if rng.integers(0, 4) else 2, filters)
    out = b.conv2d(
        b.input(shape, x), filters, kernel, (int(rng.integers(1, 3)), int(rng.choice((1, 1, 2)))),
        activation="RELU" if y.zero_point == (-128,) else "NONE",
        bias_data=rng.integers(-(2**14), 2**14, filters).astype(np.int32),
        weights=cases.int8(rng, (filters, *kernel, depth)),
        weights_quantization=Quantization.symmetric(scales.tolist(), 0), quantization=y)
    return b.build([out])


def conv(rng: np.random.Generator) -> Graph:
    graph = usual(rng) if rng.integers(0, 2) else cases.conv(rng)
    return graph if rng.integers(0, 4) else dsp.explicitly_padded(graph, rng)


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.name)
def test_layers_are_bit_exact(path: KernelPath) -> None:
    seen: set[int] = set()

    @settings(parent=settings())
    @given(SEEDS)
    def many(seed: int) -> None:
        rng = np.random.default_rng(seed)
        for _ in range(20):
            graph = conv(rng)
            if dsp.check(path, graph, rng):
                seen.add(int(path.code(graph.ops[-1], graph).calls[0].params["any"]))

    many()
    assert seen == {0, 1}


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.name)
def test_layers_may_overlap_as_far_as_claimed(path: KernelPath) -> None:
    broken: list[bool] = []

    @settings(parent=settings())
    @given(SEEDS)
    def many(seed: int) -> None:
        rng = np.random.default_rng(seed)
        for _ in range(10):
            graph = conv(rng)
            dsp.try_claims(path, graph, rng, [])
            dsp.try_claims(path, cases.telling(graph, rng), rng, broken)

    many()
    assert len(broken) < 20 or np.mean(broken) > 0.6


@pytest.mark.emulator
@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.name)
@pytest.mark.parametrize("core", dsp.MACHINES)
def test_on_emulated_cores(core: str, path: KernelPath, tmp_path: Path) -> None:
    dsp.check_on_device(core, path, conv, 60, tmp_path)
