"""TFLite Micro's arena, against figures read on Cortex-M devices with the same models."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tflite

from tinynas.errors import ModelError
from tinynas.graph.flatfile import parse
from tinynas.tflm import TflmArena, arena_lines, resolver_lines, tflm_arena
from tinynas.tflm.greedy import Buffer, head_bytes
from tinynas.tflm.resolver import resolver_method
from tinynas.tflm.sizes import FOOTPRINTS, tensor_bytes

USED = {
    "kws_ref_model": 22_820, "pretrainedResnet_quant": 54_996, "vww_96_int8": 100_708, "ad01_int8": 2_580,
    "str_ww_ref_model": 16_596,
}
NEEDED = {"kws_ref_model": 22_836, "vww_96_int8": 100_724, "ad01_int8": 3_012}


def arena_of(shared_models: Path, name: str) -> TflmArena:
    return tflm_arena((shared_models / f"{name}.tflite").read_bytes(), name)


@pytest.mark.parametrize("name", USED)
def test_arena_used_is_exact(shared_models: Path, name: str) -> None:
    arena = arena_of(shared_models, name)
    assert arena.arena_used_bytes == USED[name]
    assert arena.exact and not arena.guessed


@pytest.mark.parametrize("name", NEEDED)
def test_arena_needed_is_exact(shared_models: Path, name: str) -> None:
    assert arena_of(shared_models, name).arena_needed_bytes == NEEDED[name]


@pytest.mark.parametrize("name", USED)
def test_needed_covers_used(shared_models: Path, name: str) -> None:
    arena = arena_of(shared_models, name)
    assert arena.arena_needed_bytes >= arena.arena_used_bytes
    assert (arena.arena_needed_bytes - arena.arena_used_bytes) % 16 == 0


def test_resolver_and_arena_can_be_pasted(shared_models: Path) -> None:
    arena = arena_of(shared_models, "str_ww_ref_model")
    assert resolver_lines(arena) == (
        "tflite::MicroMutableOpResolver<5> resolver;", "resolver.AddDepthwiseConv2D();",
        "resolver.AddConv2D();", "resolver.AddReshape();", "resolver.AddFullyConnected();",
        "resolver.AddSoftmax();",
    )
    assert arena_lines(arena)[0] == "constexpr int kTensorArenaSize = 16596;"


@pytest.mark.parametrize("kind, method", [
    ("MAX_POOL_2D", "AddMaxPool2D"), ("MEAN", "AddMean"), ("PADV2", "AddPadV2"),
    ("LEAKY_RELU", "AddLeakyRelu"), ("STRIDED_SLICE", "AddStridedSlice"),
    ("HARD_SWISH", "AddHardSwish"), ("RELU6", "AddRelu6"),
])
def test_resolver_methods(kind: str, method: str) -> None:
    assert resolver_method(kind) == method


def test_an_operator_without_known_sizes_makes_it_an_estimate(
    shared_models: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delitem(FOOTPRINTS, "SOFTMAX")
    arena = arena_of(shared_models, "kws_ref_model")
    assert not arena.exact and arena.guessed == ("SOFTMAX",)
    assert "estimate" in arena_lines(arena)[0]


def test_not_a_model_is_refused() -> None:
    with pytest.raises(ModelError, match="TFL3"):
        tflm_arena(b"nothing of the kind")


def test_greedy_planner_fills_the_first_gap() -> None:
    """32 at 0; 16 (later, alone with it) above it; the last shares no time with the first."""
    assert head_bytes([Buffer(32, 0, 1), Buffer(16, 1, 2), Buffer(30, 2, 3)]) == 48
    assert head_bytes([Buffer(1, 0, 0), Buffer(1, 0, 0)]) == 32
    assert head_bytes([]) == 0


def test_elements_are_counted_with_their_width() -> None:
    wide = parse(_tensor_file(tflite.TensorType.INT32, (2, 3)), "wide")
    assert tensor_bytes(wide.tensors[0]) == 24


def _tensor_file(code: int, shape: tuple[int, ...]) -> bytes:
    import flatbuffers

    fb = flatbuffers.Builder(256)
    dims = fb.CreateNumpyVector(np.array(shape, np.int32))
    tflite.TensorStart(fb)
    tflite.TensorAddShape(fb, dims)
    tflite.TensorAddType(fb, code)
    tensor = tflite.TensorEnd(fb)
    tensors = _vector(fb, [tensor])
    tflite.SubGraphStart(fb)
    tflite.SubGraphAddTensors(fb, tensors)
    graphs = _vector(fb, [tflite.SubGraphEnd(fb)])
    tflite.BufferStart(fb)
    buffers = _vector(fb, [tflite.BufferEnd(fb)])
    tflite.ModelStart(fb)
    tflite.ModelAddVersion(fb, 3)
    tflite.ModelAddSubgraphs(fb, graphs)
    tflite.ModelAddBuffers(fb, buffers)
    fb.Finish(tflite.ModelEnd(fb), b"TFL3")
    return bytes(fb.Output())


def _vector(fb, tables):  # type: ignore[no-untyped-def]
    fb.StartVector(4, len(tables), 4)
    for table in reversed(tables):
        fb.PrependUOffsetTRelative(table)
    return fb.EndVector()
