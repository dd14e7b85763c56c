"""Softmax from a table: every difference, long rows, scales at which all or nearly none count."""

from __future__ import annotations

import numpy as np
import pytest

from tests.kernels.host import NARROW, kernel_library, reference, run_path
from tinynas.graph import Graph, Quantization
from tinynas.graph.builder import GraphBuilder
from tinynas.kernels import softmax_table
from tinynas.kernels.softmax_table import exponentials


def softmax(shape: tuple[int, ...], scale: float) -> Graph:
    builder = GraphBuilder("softmax")
    return builder.build([builder.softmax(builder.input(shape, Quantization.per_tensor(scale, 5)))])


@pytest.mark.parametrize("flags", [(), (NARROW,)], ids=["wide", "narrow"])
@pytest.mark.parametrize("scale", [0.0005, 0.02, 0.1, 0.37, 1.0, 7.0, 40.0])
@pytest.mark.parametrize("depth", [1, 2, 12, 300, 4000])
def test_rows(depth: int, scale: float, flags: tuple[str, ...]) -> None:
    rng = np.random.default_rng(depth)
    graph = softmax((3, depth), scale)
    op = graph.ops[0]
    rows = np.stack([
        rng.integers(-128, 128, depth), np.full(depth, -128), np.resize(np.arange(-128, 128), depth)])
    values = {op.inputs[0]: rows.astype(np.int8)}
    (got,) = run_path(softmax_table.PATH, op, graph, values, library=kernel_library(*flags))
    np.testing.assert_array_equal(got, reference(op, graph, values)[0])


def test_a_table_ends_where_nothing_counts() -> None:
    graph = softmax((1, 4), 1.0)
    table = exponentials(graph.ops[0], graph)  # type: ignore[arg-type]
    assert table[0] == 2**31 - 1 and table[-1] == 0 and len(table) < 40
    assert (np.diff(table.astype(np.int64)) <= 0).all()
    fine = softmax((1, 4), 0.01)
    assert len(exponentials(fine.ops[0], fine)) == 256  # type: ignore[arg-type]
