"""PADs that fold away leave every output bit as it was."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from tests.codegen.host_model import HostModel, compile_for_host
from tinynas.compile.fold import fold_pads
from tinynas.errors import ModelError
from tinynas.graph import Graph, Quantization
from tinynas.graph.builder import GraphBuilder
from tinynas.graph.ops import Pad, PadV2
from tinynas.graph.run import run
from tinynas.graph.write_tflite import write_tflite

KINDS = ("conv", "depthwise", "max")


@st.composite
def padded_windows(draw: st.DrawFn) -> tuple[Graph, bool]:
    """A PAD of any four borders before a window of any stride, and whether it can be folded."""
    try:
        return _padded_window(draw)
    except ModelError:  # a window that is refused, with or without its PAD: nothing to compare
        reject()


def _padded_window(draw: st.DrawFn) -> tuple[Graph, bool]:
    def number(low: int, high: int) -> int:
        return draw(st.integers(low, high))

    kind, value = draw(st.sampled_from(KINDS)), draw(st.sampled_from((None, None, -128, 5)))
    rng = np.random.default_rng(number(0, 2**32 - 1))
    kernel = (number(1, 4), number(1, 4))
    if kind == "max":
        value = -128 if value is None else value
    zero_point = draw(st.sampled_from((-128, 0, 127, 5)))
    borders = [number(0, k - 1) for k in (kernel[0], kernel[1], kernel[0], kernel[1])]
    builder = GraphBuilder("padded")
    x = builder.input((1, number(3, 7), number(3, 7), number(1, 5)), Quantization.per_tensor(0.05, zero_point))
    before, after = (0, *borders[:2], 0), (0, *borders[2:], 0)
    attributes = {"before": before, "after": after} | ({} if value is None else {"value": value})
    pad = PadV2 if value is not None else Pad
    y = builder.add_op(pad, [x], builder.quantization(x), **attributes)[0]
    where = {"stride": (number(1, 3), number(1, 3)), "padding": draw(st.sampled_from(("VALID", "SAME")))}
    channels = builder.shape(x)[3]
    if kind == "max":
        out = builder.max_pool(y, kernel, **where)
    elif kind == "conv":
        weights = rng.integers(-127, 128, (3, *kernel, channels)).astype(np.int8)
        out = builder.conv2d(y, 3, kernel, weights=weights, bias=False, **where)
    else:
        weights = rng.integers(-127, 128, (1, *kernel, channels)).astype(np.int8)
        out = builder.depthwise_conv2d(y, kernel, weights=weights, bias=False, **where)
    fits = value == -128 if kind == "max" else value in (None, zero_point)
    if kind == "max":  # windows that see nothing but padding are refused, so they are not made
        fits = fits and where["padding"] == "VALID"
    return builder.build(out), fits and kernel != (1, 1)


@settings(max_examples=60)
@given(padded_windows(), st.integers(0, 2**32 - 1))
def test_folding_changes_no_bit(case: tuple[Graph, bool], seed: int) -> None:
    graph, fits = case
    folded = fold_pads(graph)
    if fits:
        assert folded.gone == {0}
    data = [np.random.default_rng(seed).integers(-128, 128, graph.tensors[t].shape).astype(np.int8)
            for t in graph.inputs]
    want = run(graph, data)[0]
    np.testing.assert_array_equal(run(folded.graph, data)[0], want)
    program = compile_for_host(graph)
    assert {s.op_index for s in program.steps}.isdisjoint(folded.gone)
    np.testing.assert_array_equal(HostModel(program).run(data)[0], want)


def two_readers(second_reads: bool) -> Graph:
    builder = GraphBuilder("two readers")
    x = builder.input((1, 6, 6, 2))
    y = builder.add_op(Pad, [x], builder.quantization(x), before=(0, 1, 1, 0), after=(0, 1, 1, 0))[0]
    weights = np.ones((2, 3, 3, 2), np.int8)
    a = builder.conv2d(y, 2, 3, padding="VALID", weights=weights, bias=False)
    b = builder.relu(y) if second_reads else builder.conv2d(y, 2, 3, padding="VALID", weights=weights, bias=False)
    return builder.build([a, b])


def test_a_pad_that_someone_else_reads_stays() -> None:
    assert fold_pads(two_readers(True)).gone == frozenset()
    assert fold_pads(two_readers(False)).gone == {0}


def test_a_folded_graph_cannot_be_written() -> None:
    with pytest.raises(ModelError, match="explicit padding"):
        write_tflite(fold_pads(two_readers(False)).graph)
