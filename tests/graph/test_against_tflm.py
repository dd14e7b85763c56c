"""The NumPy reference and the TFLite Micro interpreter give the same bits, operator by operator
and on whole random graphs. HYPOTHESIS_PROFILE=thorough draws many more cases."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.graph.oracle import Tflm
from tests.graph.strategies import ALL_KINDS, STYLES, graph_inputs, one_op_graphs, random_graphs
from tinynas.graph import Graph
from tinynas.graph.run import run
from tinynas.graph.write_tflite import write_tflite

pytestmark = pytest.mark.tflm


def assert_same_bits(graph: Graph, seed: int) -> None:
    interpreter = Tflm(write_tflite(graph))
    rng = np.random.default_rng(seed)
    for style in STYLES:
        inputs = graph_inputs(graph, rng, style)
        ours, theirs = run(graph, inputs), interpreter.run(inputs)
        for name, a, b in zip(graph.outputs, ours, theirs, strict=True):
            assert a.dtype == b.dtype and a.shape == b.shape
            different = np.flatnonzero(a.reshape(-1) != b.reshape(-1))
            assert not different.size, (
                f"{style} inputs, output tensor {name}: {different.size} of {a.size} differ, first at "
                f"{different[0]}: {a.reshape(-1)[different[0]]} should be {b.reshape(-1)[different[0]]}; "
                f"{[op for op in graph.ops]}"
            )


@pytest.mark.parametrize("kind", ALL_KINDS)
@given(data=st.data())
def test_one_operator(kind: str, data: st.DataObject) -> None:
    graph = data.draw(one_op_graphs(kind))
    assert kind in {op.kind for op in graph.ops}
    assert_same_bits(graph, data.draw(st.integers(0, 2**32 - 1)))


@given(graph=random_graphs(), seed=st.integers(0, 2**32 - 1))
def test_random_graph(graph: Graph, seed: int) -> None:
    assert_same_bits(graph, seed)
