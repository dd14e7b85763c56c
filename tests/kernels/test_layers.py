"""Convolutions and dense layers in C against the NumPy reference: thousands of random layers a run."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.kernels import cases
from tests.kernels.host import reference, run_path, values_for
from tinynas.boards.core import HOST
from tinynas.graph import Graph
from tinynas.kernels import paths_for

PER_EXAMPLE = 40  # layers per hypothesis example: the draw of a seed is dearer than a layer
SEEDS = st.integers(0, 2**32 - 1)


def check(graph: Graph, rng: np.random.Generator) -> set[str]:
    """Every path that takes the layer gives the reference's output; returns the paths tried."""
    op = graph.ops[-1]
    values = values_for(op, graph, rng, int(rng.integers(0, 4)))
    expected = reference(op, graph, values)
    tried = set()
    for path in paths_for(op, graph, HOST):
        directions = [False]
        if any(o.backward is not None for o in path.overlaps(op, graph).values()):
            directions.append(True)
        for backward in directions:
            results = run_path(path, op, graph, values, backward=backward)
            for got, want in zip(results, expected, strict=True):
                np.testing.assert_array_equal(got, want, err_msg=f"{path.name} backward={backward} {op}")
        tried.add(path.name)
    return tried


@pytest.mark.parametrize(
    "make, wanted",
    [
        (cases.conv, "conv_plain"),
        (lambda rng: cases.conv(rng, pointwise=True), "conv_1x1_plain"),
        (cases.depthwise, "depthwise_plain"),
        (cases.dense, "dense_plain"),
    ],
    ids=["conv", "pointwise", "depthwise", "dense"],
)
def test_layers_are_bit_exact(make: Callable[[np.random.Generator], Graph], wanted: str) -> None:
    tried: set[str] = set()

    @settings(parent=settings())
    @given(SEEDS)
    def many(seed: int) -> None:
        rng = np.random.default_rng(seed)
        for _ in range(PER_EXAMPLE):
            tried.update(check(make(rng), rng))

    many()
    assert wanted in tried
