"""Writing and reading give the same graph back, and files TFLite Micro understands alike."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.graph.oracle import Tflm
from tests.graph.strategies import STYLES, graph_inputs, random_graphs
from tinynas.errors import ModelError
from tinynas.graph import Graph, Op
from tinynas.graph.builder import GraphBuilder
from tinynas.graph.read_tflite import read_tflite
from tinynas.graph.run import run
from tinynas.graph.write_tflite import write_tflite

MODELS = ("ad01_int8", "kws_ref_model", "pretrainedResnet_quant", "str_ww_ref_model", "vww_96_int8")
MACS = {  # counted by others: notes on the yardstick models
    "ad01_int8": 264_192, "kws_ref_model": 2_656_768, "pretrainedResnet_quant": 12_501_632,
    "str_ww_ref_model": 826_368, "vww_96_int8": 7_489_664,
}


def attributes(op: Op) -> list[object]:
    """Everything an operator says, with float attributes as float32 and axes counted from the front."""
    values = [op.kind]
    for field in fields(op):
        value = getattr(op, field.name)
        values.append(float(np.float32(value)) if isinstance(value, float) else value)
    return values


def assert_same_graph(a: Graph, b: Graph) -> None:
    """Equal but for the graph's own name."""
    assert (a.inputs, a.outputs) == (b.inputs, b.outputs)
    assert [attributes(op) for op in a.ops] == [attributes(op) for op in b.ops]
    assert len(a.tensors) == len(b.tensors)
    for s, t in zip(a.tensors, b.tensors, strict=True):
        assert (s.name, s.shape, s.dtype, s.quantization) == (t.name, t.shape, t.dtype, t.quantization)
        assert s.constant == t.constant
        assert (s.data is None) == (t.data is None)
        if s.data is not None and t.data is not None:
            np.testing.assert_array_equal(s.data, t.data)


@given(graph=random_graphs())
def test_random_graph_comes_back(graph: Graph) -> None:
    model = write_tflite(graph)
    again = read_tflite(model)
    assert_same_graph(graph, again)
    assert write_tflite(again) == model, "the same graph must give the same bytes"


@pytest.mark.parametrize("name", MODELS)
def test_reference_model_comes_back(shared_models: Path, name: str) -> None:
    graph = read_tflite(shared_models / f"{name}.tflite")
    assert graph.name == name
    assert graph.macs == MACS[name]
    assert_same_graph(graph, read_tflite(write_tflite(graph)))


@pytest.mark.tflm
@pytest.mark.parametrize("name", MODELS)
def test_reference_model_runs_alike(shared_models: Path, name: str) -> None:
    """Our reference, the interpreter on the file, and the interpreter on the file rewritten."""
    original = (shared_models / f"{name}.tflite").read_bytes()
    graph = read_tflite(original)
    theirs, rewritten = Tflm(original), Tflm(write_tflite(graph))
    rng = np.random.default_rng(7)
    for style in STYLES:
        inputs = graph_inputs(graph, rng, style)
        wanted = theirs.run(inputs)
        for a, b, c in zip(wanted, run(graph, inputs), rewritten.run(inputs), strict=True):
            np.testing.assert_array_equal(a, b)
            np.testing.assert_array_equal(a, c)


@pytest.mark.tflm
@given(graph=random_graphs(), seed=st.integers(0, 2**32 - 1))
def test_inputs_may_be_read_from_the_file_again(graph: Graph, seed: int) -> None:
    """A graph read back computes what the graph written did."""
    again = read_tflite(write_tflite(graph))
    inputs = graph_inputs(graph, np.random.default_rng(seed))
    for a, b in zip(run(graph, inputs), run(again, inputs), strict=True):
        np.testing.assert_array_equal(a, b)


def test_candidate_without_weights_is_not_written() -> None:
    b = GraphBuilder("candidate")
    graph = b.build(b.conv2d(b.input((1, 4, 4, 1)), 2, 3))
    with pytest.raises(ModelError, match="'candidate' has no weights yet"):
        write_tflite(graph)
