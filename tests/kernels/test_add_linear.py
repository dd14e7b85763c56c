"""Additions as one multiplication per operand: exact for every pair, found for nearly every quantization."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.kernels import cases
from tests.kernels.device import Case, run_on_device
from tests.kernels.host import GUARD, reference, run_path
from tinynas.boards.core import HOST
from tinynas.graph import Graph, Quantization
from tinynas.graph.builder import GraphBuilder
from tinynas.kernels import add_linear, default_path

MACHINES = {"cortex-m0plus": "mps2-an385", "cortex-m4": "mps2-an386", "cortex-m7": "mps2-an500"}


def addition(rng: np.random.Generator, shape: tuple[int, ...], activation: str = "NONE") -> Graph:
    """Scales as layers have them; the output's covers most of the sum."""
    a, b = (float(2.0 ** rng.uniform(-7, -3)) for _ in range(2))
    y = float(max(a, b) * 2.0 ** rng.uniform(-0.4, 1.3))
    builder = GraphBuilder("add")
    left = builder.input(shape, Quantization.per_tensor(a, cases.zero_point(rng)))
    right = builder.input(shape, Quantization.per_tensor(b, cases.zero_point(rng)))
    method = builder.sub if rng.integers(0, 3) == 0 else builder.add
    quantization = Quantization.per_tensor(y, cases.zero_point(rng))
    return builder.build([method(left, right, activation=activation, quantization=quantization)])


def every_pair(graph: Graph) -> dict[int, np.ndarray]:
    values = np.arange(-128, 128, dtype=np.int8)
    left, right = np.meshgrid(values, values, indexing="ij")
    shape = graph.tensors[graph.ops[0].inputs[0]].shape
    return dict(zip(graph.ops[0].inputs, (left.reshape(shape), right.reshape(shape)), strict=True))


def test_every_pair_of_many_quantizations() -> None:
    rng = np.random.default_rng(11)
    taken = 0
    for k in range(60):
        activation = str(rng.choice(cases.ACTIVATIONS))
        try:
            graph = addition(rng, (1, 256, 16, 16), activation)
        except Exception as refused:  # an activation may leave no value
            assert "leaves no value" in str(refused)
            continue
        op = graph.ops[0]
        if add_linear.PATH.refuses(op, graph, HOST) is None:
            values = every_pair(graph)
            (got,) = run_path(add_linear.PATH, op, graph, values)
            np.testing.assert_array_equal(got, reference(op, graph, values)[0], err_msg=str(k))
            taken += 1
    assert taken >= 50


@pytest.mark.parametrize("operand", [0, 1])
@pytest.mark.parametrize("count", [1, 3, 4, 7, 100])
def test_in_place_on_either_operand(operand: int, count: int) -> None:
    rng = np.random.default_rng(count)
    graph = addition(rng, (1, count))
    op = graph.ops[0]
    values = {t: rng.integers(-128, 128, (1, count)).astype(np.int8) for t in op.inputs}
    assert add_linear.PATH.refuses(op, graph, HOST) is None
    starts = {f"t{op.inputs[operand]}": GUARD, f"t{op.outputs[0]}": GUARD, f"t{op.inputs[1 - operand]}": 512}
    (got,) = run_path(add_linear.PATH, op, graph, values, starts={**starts, "scratch": 1024})
    np.testing.assert_array_equal(got, reference(op, graph, values)[0])


def test_halves_away_from_zero_on_both_sides() -> None:
    """Half of a sum: -0.5 becomes -1 and 0.5 becomes 1. Factors a little above one half do that."""
    builder = GraphBuilder("half")
    left, right = (builder.input((1, 256, 16, 16), Quantization.per_tensor(0.5)) for _ in range(2))
    graph = builder.build([builder.add(left, right, quantization=Quantization.per_tensor(1.0))])
    op, values = graph.ops[0], every_pair(graph)
    (got,) = run_path(add_linear.PATH, op, graph, values)
    np.testing.assert_array_equal(got, reference(op, graph, values)[0])


def test_what_does_not_fit_is_left_to_the_plain_kernel() -> None:
    builder = GraphBuilder("large")
    left, right = (builder.input((1, 8), Quantization.per_tensor(scale)) for scale in (8.0, 0.1))
    graph = builder.build([builder.add(left, right, quantization=Quantization.per_tensor(1.0))])
    assert "no linear form" in (add_linear.PATH.refuses(graph.ops[0], graph, HOST) or "")
    assert default_path(graph.ops[0], graph, HOST).name == "add_plain"


@pytest.mark.emulator
@pytest.mark.parametrize("core", MACHINES)
def test_on_emulated_cores(core: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    found = []
    for count in (1, 2, 3, 4, 5, 8, 61, 64):
        graph = addition(rng, (1, count))
        op = graph.ops[0]
        values = {t: rng.integers(-128, 128, (1, count)).astype(np.int8) for t in op.inputs}
        if add_linear.PATH.refuses(op, graph, HOST) is None:
            found.append(Case(add_linear.PATH, op, graph, values, reference(op, graph, values)[0]))
    assert len(found) > 5
    assert run_on_device(found, core, MACHINES[core], tmp_path) == 0
