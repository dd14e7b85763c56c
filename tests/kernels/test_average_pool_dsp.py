"""Average pools for DSP cores: bit-exact on the host and on emulated cores, over their input as far as claimed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.kernels import cases
from tests.kernels.device import Case, run_on_device
from tests.kernels.host import reference, run_path, values_for
from tests.kernels.test_overlaps import right_at
from tinynas.boards.core import Core
from tinynas.graph import Graph
from tinynas.graph.builder import GraphBuilder
from tinynas.kernels import average_pool_dsp

PATH = average_pool_dsp.PATH
DSP = Core("host", dsp=True)
SEEDS = st.integers(0, 2**32 - 1)
MACHINES = {"cortex-m4": "mps2-an386", "cortex-m7": "mps2-an500"}


def pool(rng: np.random.Generator) -> Graph:
    builder = GraphBuilder("pool")
    shape = (1 + int(rng.integers(0, 8) == 0), int(rng.integers(1, 14)), int(rng.integers(1, 14)),
             int(rng.integers(1, 19)))
    kernel = (int(rng.integers(1, 1 + shape[1])), int(rng.integers(1, 1 + shape[2])))
    if rng.integers(0, 3) == 0:
        kernel = (kernel[0], shape[2])
    stride = (int(rng.integers(1, 4)), int(rng.integers(1, 4)))
    x = builder.input(shape, cases.activation(rng))
    return builder.build([builder.average_pool(x, kernel, stride, str(rng.choice(("SAME", "VALID"))))])


def usable(rng: np.random.Generator) -> Graph:
    while True:
        graph = pool(rng)
        if PATH.refuses(graph.ops[0], graph, DSP) is None:
            return graph


@settings(parent=settings())
@given(SEEDS)
def test_pools_are_bit_exact(seed: int) -> None:
    rng = np.random.default_rng(seed)
    for _ in range(20):
        graph = usable(rng)
        op = graph.ops[0]
        values = values_for(op, graph, rng, int(rng.integers(0, 3)))
        (got,) = run_path(PATH, op, graph, values)
        np.testing.assert_array_equal(got, reference(op, graph, values)[0], err_msg=str(op))
        for pair, claim in PATH.overlaps(op, graph).items():
            assert claim.forward is not None
            assert right_at(PATH, op, graph, values, pair, -claim.forward, False), (op, claim)


def test_every_sum_of_every_count() -> None:
    """Reciprocals, for all numerators: one row of ones and others sums to anything."""
    for count in (2, 3, 7, 64, 125, 254, 255):
        builder = GraphBuilder("sums")
        rng = np.random.default_rng(count)
        x = builder.input((1, count, 64, 4), cases.activation(rng))
        graph = builder.build([builder.average_pool(x, (count, 1), (1, 1))])
        op = graph.ops[0]
        values = {op.inputs[0]: rng.integers(-128, 128, (1, count, 64, 4)).astype(np.int8)}
        values[op.inputs[0]][0, :, 0] = -128
        values[op.inputs[0]][0, :, 1] = 127
        values[op.inputs[0]][0, :, 2:] //= 16  # means near every half
        (got,) = run_path(PATH, op, graph, values)
        np.testing.assert_array_equal(got, reference(op, graph, values)[0])


@pytest.mark.emulator
@pytest.mark.parametrize("core", MACHINES)
def test_on_emulated_cores(core: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    found = []
    for _ in range(25):
        graph = usable(rng)
        op = graph.ops[0]
        values = values_for(op, graph, rng, int(rng.integers(0, 3)))
        found.append(Case(PATH, op, graph, values, reference(op, graph, values)[0]))
    assert run_on_device(found, core, MACHINES[core], tmp_path) == 0
