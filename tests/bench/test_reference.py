"""Inputs worth trying, and the judges of outputs."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from tests.small_model import small_graph, small_model
from tinynas.bench.reference import expected_outputs
from tinynas.bench.reference import test_inputs as make_inputs
from tinynas.errors import ModelError, ToolError, UsageError
from tinynas.graph import Graph, Quantization, Tensor
from tinynas.graph.ops import Add

GRAPH = small_graph(np.random.default_rng(0))


def test_one_of_chance_comes_first_then_extremes_then_more_of_chance():
    inputs = make_inputs(GRAPH, 8, seed=4)
    assert [set(np.unique(values[0])) for values in inputs[1:4]] == [{-128}, {127}, {-3}]
    assert len(np.unique(inputs[0][0])) > 4
    chance = np.concatenate([values[0].ravel() for values in (inputs[0], *inputs[4:])])
    assert chance.min() == -128 and chance.max() == 127 and chance.dtype == np.int8
    assert all(np.array_equal(a[0], b[0]) for a, b in zip(inputs, make_inputs(GRAPH, 8, seed=4), strict=True))
    assert not np.array_equal(inputs[4][0], make_inputs(GRAPH, 8, seed=5)[4][0])


def test_every_input_of_a_graph_gets_values():
    quantization = Quantization.per_tensor(0.1, 0)
    tensors = tuple(Tensor(n, (1, 4), quantization=quantization) for n in "abc")
    graph = Graph("two", tensors, (Add("sum", (0, 1), (2,)),), (0, 1), (2,))
    first, second = make_inputs(graph, 1, 0)[0]
    assert first.shape == second.shape == (1, 4) and not np.array_equal(first, second)
    (outputs,), _ = expected_outputs(None, graph, [(first, second)], "numpy")
    assert outputs[0].shape == (1, 4)


@pytest.mark.tflm
def test_both_judges_agree():
    inputs = make_inputs(GRAPH, 6, 0)
    theirs, name = expected_outputs(small_model(np.random.default_rng(0)), GRAPH, inputs)
    ours, our_name = expected_outputs(None, GRAPH, inputs, "numpy")
    assert name.startswith("tflite-micro") and "NumPy" in our_name
    for a, b in zip(theirs, ours, strict=True):
        np.testing.assert_array_equal(a[0], b[0])


@pytest.mark.tflm
def test_a_model_the_interpreter_refuses():
    """An input of another type than the model's; a file that is no model."""
    with pytest.raises(ModelError, match="small: TFLite Micro refuses to run it"):
        expected_outputs(None, GRAPH, [(np.zeros((1, 12, 10, 1), np.int32),)])
    with pytest.raises(ModelError, match="small: not a .tflite file"):
        expected_outputs(b"no model at all", GRAPH, make_inputs(GRAPH, 1, 0))


def test_without_the_interpreter_the_way_out_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "tflite_micro.python.tflite_micro", None)
    with pytest.raises(ToolError, match="pip install tflite-micro.*--reference numpy"):
        expected_outputs(None, GRAPH, make_inputs(GRAPH, 1, 0))


def test_senseless_requests():
    with pytest.raises(UsageError, match="at least 1"):
        make_inputs(GRAPH, 0, 0)
    with pytest.raises(UsageError, match="no reference"):
        expected_outputs(None, GRAPH, [], "opinion")
