"""Generated C, compiled for the host, equals the TFLite Micro interpreter bit for bit."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.codegen.host_model import HostModel, compile_for_host
from tests.graph.oracle import Tflm
from tests.graph.strategies import graph_inputs, random_graphs
from tinynas.graph import Graph
from tinynas.graph.read_tflite import read_tflite
from tinynas.graph.write_tflite import write_tflite

STYLES = ("random", "low", "high", "ends")


@pytest.mark.tflm
@given(random_graphs(), st.integers(0, 2**32 - 1))
def test_random_graphs_equal_the_interpreter(graph: Graph, seed: int) -> None:
    model = HostModel(compile_for_host(graph))
    judge = Tflm(write_tflite(graph))
    rng = np.random.default_rng(seed)
    for style in STYLES:
        inputs = graph_inputs(graph, rng, style)
        for got, want in zip(model.run(inputs), judge.run(inputs), strict=True):
            np.testing.assert_array_equal(got.reshape(want.shape), want)


@pytest.mark.tflm
@pytest.mark.parametrize("name", [
    "ad01_int8", "kws_ref_model", "pretrainedResnet_quant", "str_ww_ref_model", "vww_96_int8"])
def test_reference_models_equal_the_interpreter(shared_models: Path, name: str) -> None:
    path = shared_models / f"{name}.tflite"
    graph = read_tflite(path)
    model = HostModel(compile_for_host(graph))
    judge = Tflm(path.read_bytes())
    rng = np.random.default_rng(0)
    for style in STYLES:
        inputs = graph_inputs(graph, rng, style)
        for got, want in zip(model.run(inputs), judge.run(inputs), strict=True):
            np.testing.assert_array_equal(got, want)


@pytest.mark.tflm
@given(random_graphs(max_ops=4), st.integers(0, 2**32 - 1))
def test_no_undefined_behaviour(graph: Graph, seed: int) -> None:
    """The same under the undefined-behaviour sanitizer, which aborts at the first offence."""
    model = HostModel(compile_for_host(graph), ("-O1", "-fsanitize=undefined", "-fno-sanitize-recover=all"))
    model.run(graph_inputs(graph, np.random.default_rng(seed), "ends"))
