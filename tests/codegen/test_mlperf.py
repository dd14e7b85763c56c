"""What the MLPerf Tiny commands are told about a model."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.small_model import small_graph
from tinynas.codegen.mlperf import mlperf_header, task_of, wire_bytes
from tinynas.errors import UsageError
from tinynas.graph import Graph, Quantization, Tensor


def graph_of(inputs: tuple[int, ...], outputs: tuple[int, ...], zero_point: int = -128, dtype: str = "int8",
             scale: float = 0.5) -> Graph:
    """A graph of an interface only."""
    quantization = Quantization.per_tensor(scale, zero_point)
    tensors = (Tensor("in", inputs, quantization=quantization), Tensor("out", outputs, dtype, quantization))
    return Graph("any", tensors, (), (0,), (1,))


@pytest.mark.parametrize("inputs, outputs, zero_point, task, sent", [
    ((1, 49, 10, 1), (1, 12), 83, "kws01", 490),
    ((1, 490), (1, 12), 0, "kws01", 490),
    ((1, 96, 96, 3), (1, 2), -128, "vww01", 27648),
    ((1, 32, 32, 3), (1, 10), -128, "ic01", 3072),
    ((1, 640), (1, 640), 89, "ad01", 2560),
    ((1, 32, 32, 3), (1, 10), -127, None, 3072),  # the runner's pixels would be off by one
    ((1, 49, 10, 1), (1, 9), 83, None, 490),
])
def test_a_model_is_taken_for_the_task_whose_interface_it_has(inputs, outputs, zero_point, task, sent):
    graph = graph_of(inputs, outputs, zero_point)
    found = task_of(graph)
    assert (found.name if found else None) == task
    assert wire_bytes(graph) == sent
    header = mlperf_header(graph)
    assert f'#define MLPERF_MODEL "{task or "any"}"' in header
    assert f"#define MLPERF_INPUT_BYTES {sent}u" in header
    assert ("MLPERF_INPUT_SCALE 0x1.0000000000000p-1f" in header) == (task == "ad01")


@given(st.floats(2**-60, 2**20, width=32), st.integers(-128, 127))
def test_scales_are_told_exactly(scale, zero_point):
    header = mlperf_header(graph_of((1, 4), (1, 3), zero_point, scale=scale))
    row = re.search(r"MLPERF_OUTPUTS \{ \{ 3u, 1u, (-?\d+), (\d+)u, (-?\d+) \} \}", header)
    assert row and int(row[1]) == zero_point
    assert int(row[2]) * 2.0 ** int(row[3]) == np.float32(scale) and int(row[2]) < 2**24


def test_every_output_is_told_and_the_same_model_gives_the_same_text():
    graph = small_graph(np.random.default_rng(0))
    assert mlperf_header(graph) == mlperf_header(graph)
    two = Graph("two", (*graph.tensors, Tensor("f", (1, 5), "float32")), (), graph.inputs,
                (*graph.outputs, len(graph.tensors)))
    assert "{ 4u, 1u, -128, 8388608u, -31 }, { 5u, 4u, 0, 0u, 0 }" in mlperf_header(two)


def test_an_output_that_cannot_be_printed_is_named():
    with pytest.raises(UsageError, match="output 'out' is bool: the firmware prints"):
        mlperf_header(graph_of((1, 4), (1, 3), dtype="bool"))
