"""The builder, shape rules, validation and running: what they give and what they refuse."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.graph.strategies import random_graphs
from tinynas.errors import ModelError, UsageError
from tinynas.graph import Graph, Quantization, Tensor
from tinynas.graph.builder import GraphBuilder
from tinynas.graph.geometry import padding_before, window_output
from tinynas.graph.ops import Relu
from tinynas.graph.run import run, run_all
from tinynas.graph.validate import validate


def candidate() -> Graph:
    """A small keyword network, untrained."""
    b = GraphBuilder("kws")
    x = b.input((1, 49, 10, 1))
    y = b.conv2d(x, 16, (10, 4), stride=2, activation="RELU", name="front")
    z = b.depthwise_conv2d(y, 3, activation="RELU")
    z = b.conv2d(z, 16, 1)
    y = b.add(y, z, activation="RELU")
    y = b.average_pool(y, (25, 5))
    y = b.dense(b.reshape(y, (1, -1)), 12)
    return b.build(b.softmax(y))


def test_candidate_has_shapes_and_macs_but_no_weights() -> None:
    graph = candidate()
    assert not graph.has_weights
    assert [t.shape for t in (graph.tensors[i] for op in graph.ops for i in op.outputs)] == [
        *[(1, 25, 5, 16)] * 4, (1, 1, 1, 16), (1, 16), (1, 12), (1, 12),
    ]
    assert [graph.op_macs(op) for op in graph.ops] == [
        25 * 5 * 16 * 40, 25 * 5 * 16 * 9, 25 * 5 * 16 * 16, 0, 0, 0, 16 * 12, 0,
    ]
    with pytest.raises(ModelError, match="'kws' has no weights yet; train it"):
        run(graph, [np.zeros((1, 49, 10, 1), np.int8)])


def test_weights_are_all_that_a_candidate_lacks() -> None:
    """Same structure with and without data: what costing a candidate relies on."""
    b = GraphBuilder("dense")
    data = np.ones((3, 4), np.int8)
    graph = b.build(b.dense(b.input((1, 4)), 3, weights=data, bias_data=np.zeros(3, np.int32)))
    b = GraphBuilder("dense")
    bare = b.build(b.dense(b.input((1, 4)), 3))
    assert graph.ops == bare.ops and graph.has_weights and not bare.has_weights
    for full, empty in zip(graph.tensors, bare.tensors, strict=True):
        assert (full.shape, full.quantization) == (empty.shape, empty.quantization)


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "dilation", "padding", "expected", "before"),
    [
        (49, 10, 2, 1, "SAME", 25, 4), (49, 10, 2, 1, "VALID", 20, 0), (5, 3, 1, 2, "SAME", 5, 2),
        (5, 3, 1, 2, "VALID", 1, 0), (6, 3, 2, 1, "SAME", 3, 0), (1, 1, 3, 1, "SAME", 1, 0),
    ],
)
def test_windows(
    size: int, kernel: int, stride: int, dilation: int, padding: str, expected: int, before: int
) -> None:
    assert window_output(size, kernel, stride, dilation, padding) == expected
    assert padding_before(size, expected, kernel, stride, dilation) == before


@given(random_graphs())
def test_macs_and_sizes_are_consistent(graph: Graph) -> None:
    assert graph.macs == sum(graph.op_macs(op) for op in graph.ops) >= 0
    values = run_all(graph, [np.zeros(graph.tensors[i].shape, graph.tensors[i].dtype) for i in graph.inputs])
    for index, value in values.items():
        tensor = graph.tensors[index]
        assert value.shape == tensor.shape and value.dtype.name == tensor.dtype
        assert value.nbytes == tensor.size_bytes


def test_errors_name_the_operator() -> None:
    b = GraphBuilder()
    x = b.input((1, 4, 4, 1))
    with pytest.raises(ModelError, match=r"operator 0 CONV_2D 'stem': a VALID window of 5 does not fit in 4"):
        b.conv2d(x, 2, 5, padding="VALID", name="stem")
    y = b.conv2d(x, 2, 3)
    with pytest.raises(ModelError, match=r"operator 1 ADD 'add_1': shapes \[1, 4, 4, 2\] and \[1, 4, 4, 3\]"):
        b.add(y, b.constant((1, 4, 4, 3)))


def test_quantization_rules_are_enforced() -> None:
    b = GraphBuilder()
    x = b.input((1, 4))
    y = b.softmax(x)
    b.tensors[y] = Tensor("softmax_0", (1, 4), "int8", Quantization.per_tensor(0.01, 0))
    with pytest.raises(ModelError, match="operator 0 SOFTMAX 'softmax_0': its output has scale 0.01"):
        b.build(y)
    b = GraphBuilder()
    x = b.input((1, 4))
    other = b.constant((1, 4), Quantization.per_tensor(0.3, 1), np.zeros((1, 4), np.int8))
    with pytest.raises(ModelError, match="must share one quantization.*insert a QUANTIZE"):
        b.build(b.concat([x, other]))


def test_scales_are_float32() -> None:
    assert Quantization.per_tensor(0.1).scale == (float(np.float32(0.1)),)
    assert Quantization.symmetric([0.1, 0.2], 3).zero_point == (0, 0)


def test_inputs_must_fit() -> None:
    b = GraphBuilder("g")
    graph = b.build(b.relu(b.input((1, 4), name="x")))
    with pytest.raises(UsageError, match="takes 1 inputs, not 2"):
        run(graph, [np.zeros((1, 4), np.int8)] * 2)
    with pytest.raises(UsageError, match=r"input 'x' is int8\[1, 4\], not int16\[1, 4\]"):
        run(graph, [np.zeros((1, 4), np.int16)])


def test_validate_refuses_wrong_data() -> None:
    q = Quantization.per_tensor(0.1)
    good = Tensor("x", (1, 2), "int8", q)
    relu = Relu("r", (0,), (1,))
    for bad, message in (
        (Tensor("y", (1, 2), "int8", q, data=np.zeros((1, 2), np.int8)), "has data but is not constant"),
        (Tensor("y", (1, 2), "int4", q), "type int4 is not supported"),
        (Tensor("y", (1, 2), "int8", Quantization((0.1, 0.2, 0.3), (0, 0, 0), 1)), "3 scales along axis 1"),
    ):
        with pytest.raises(ModelError, match=message):
            validate(Graph("g", (good, bad), (relu,), (0,), (1,)))


@given(st.integers(1, 4), st.integers(1, 4))
def test_split_and_concat_undo_each_other(parts: int, size: int) -> None:
    b = GraphBuilder()
    x = b.input((1, parts * size, 2))
    graph = b.build(b.concat(b.split(x, parts, axis=1), axis=1))
    value = np.arange(parts * size * 2, dtype=np.int8).reshape(1, -1, 2)
    np.testing.assert_array_equal(run(graph, [value])[0], value)
