"""Changed networks: consistent in every shape, smaller where asked, and only there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.small_model import small_graph
from tinynas.compile.variants import restrided, thinner
from tinynas.graph import Graph
from tinynas.graph.read_tflite import read_tflite

SMALL = small_graph(np.random.default_rng(0))
MODELS = ("kws_ref_model", "pretrainedResnet_quant", "vww_96_int8", "ad01_int8", "str_ww_ref_model")


def assert_consistent(graph: Graph) -> None:
    for op in graph.ops:
        shapes = [None if t is None else t.shape for t in graph.input_tensors(op)]
        outputs = graph.output_tensors(op)
        assert op.output_shapes(shapes) == tuple(t.shape for t in outputs)
        op.check(graph.input_tensors(op), outputs)


def test_thinner_follows_channels_through_depthwise_and_flatten() -> None:
    thin = thinner(SMALL, {1}, 0.5)
    assert thin is not None
    shapes = {t.name: t.shape for t in thin.tensors}
    assert shapes["conv"] == shapes["depthwise"] == (1, 6, 5, 4) and shapes["flat"] == (1, 120)
    assert shapes["conv/w"] == (4, 3, 3, 1) and shapes["depthwise/w"] == (1, 3, 3, 4)
    assert shapes["conv/b"] == (4,) and shapes["dense/w"] == (4, 120) and shapes["dense/b"] == (4,)
    assert not thin.has_weights and SMALL.has_weights
    assert_consistent(thin)


@pytest.mark.parametrize("tensor", [0, 4, 5])
def test_what_the_caller_sees_keeps_its_channels(tensor: int) -> None:
    """Input, class scores, and the softmax between: nothing may change them."""
    assert thinner(SMALL, {tensor}, 0.5) is None


def test_too_few_channels_to_cut() -> None:
    thin = thinner(SMALL, {1}, 0.5)
    assert thin is not None and thinner(thin, {1}, 0.5) is None


def test_a_stride_moved_earlier_leaves_the_rest_alone() -> None:
    moved = restrided(SMALL, {0: (1, 1), 1: (2, 2)})
    assert moved is not None
    shapes = {t.name: t.shape for t in moved.tensors}
    assert shapes["conv"] == (1, 12, 10, 8) and shapes["depthwise"] == (1, 6, 5, 8)
    assert_consistent(moved)


def test_a_stride_that_does_not_fit() -> None:
    assert restrided(SMALL, {1: (2, 2)}) is None  # the flattened size is written in the model


@pytest.mark.parametrize("name", MODELS)
def test_real_models_stay_consistent(shared_models: Path, name: str) -> None:
    graph = read_tflite(shared_models / f"{name}.tflite")
    changed = 0
    for k, op in enumerate(graph.ops):
        thin = thinner(graph, op.outputs, 0.75)
        if thin is not None:
            assert_consistent(thin)
            assert thin.macs < graph.macs
            changed += 1
        size = graph.tensors[op.outputs[0]].shape[1:3]
        if hasattr(op, "stride") and max(size) > 1:
            strided = restrided(graph, {k: (2 * op.stride[0], 2 * op.stride[1])})
            if strided is not None:
                assert_consistent(strided)
                assert strided.macs < graph.macs
    assert changed >= 4
