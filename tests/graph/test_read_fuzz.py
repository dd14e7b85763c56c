"""Damaged files: a ModelError or a sound graph, quickly and in bounded memory; never anything else.

A graph that survives must also run and be writable again, so "sound" is not just a claim.
"""

from __future__ import annotations

import time
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.graph.strategies import graph_inputs, random_graphs
from tinynas.errors import ModelError
from tinynas.graph import Graph
from tinynas.graph.read_tflite import read_tflite
from tinynas.graph.run import run
from tinynas.graph.validate import validate
from tinynas.graph.write_tflite import write_tflite

WORDS = np.array([0, 1, 2, 127, 0xFFFFFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFF0, 1 << 24], np.uint32)


def mutate(data: bytes, rng: np.random.Generator) -> bytes:
    """Flip bits, overwrite bytes or words, copy pieces about, or cut the file short."""
    changed = bytearray(data)
    style = int(rng.integers(0, 6))
    if style == 0:
        return bytes(changed[: int(rng.integers(0, len(changed)))])
    for _ in range(int(rng.integers(1, 5))):
        at = int(rng.integers(0, len(changed) - 16))
        if style <= 2:
            changed[at] ^= 1 << int(rng.integers(0, 8))
        elif style == 3:
            changed[at] = int(rng.integers(0, 256))
        elif style == 4:
            changed[at:at + 4] = rng.choice(WORDS).tobytes()
        else:
            size, source = int(rng.integers(1, 16)), int(rng.integers(0, len(changed) - 16))
            changed[at:at + size] = changed[source:source + size]
    return bytes(changed)


def read_damaged(data: bytes) -> Graph | None:
    """The graph, or None when refused in one line; anything else fails the test."""
    started = time.monotonic()
    try:
        graph = read_tflite(data)
    except ModelError as error:
        assert "\n" not in str(error) and str(error).startswith("model: ")
        graph = None
    assert time.monotonic() - started < 5.0, "a damaged file must not hang the reader"
    return graph


@given(graph=random_graphs(), seed=st.integers(0, 2**32 - 1))
def test_damaged_small_models(graph: Graph, seed: int) -> None:
    rng = np.random.default_rng(seed)
    model = write_tflite(graph)
    for _ in range(20):
        survivor = read_damaged(mutate(model, rng))
        if survivor is None:
            continue
        validate(survivor)
        write_tflite(survivor)
        if sum(t.size_bytes for t in survivor.tensors) < 1 << 18:
            run(survivor, graph_inputs(survivor, rng))


@pytest.mark.parametrize("name", ["kws_ref_model", "str_ww_ref_model"])
def test_damaged_reference_models(shared_models: Path, name: str) -> None:
    model = (shared_models / f"{name}.tflite").read_bytes()
    rng = np.random.default_rng(len(name))
    # Most of a model is weights; damage the structure around them as well as the whole.
    graph_bytes = [k for k in range(0, len(model), 64) if len(set(model[k:k + 64])) < 40]
    refused = 0
    for trial in range(300):
        if trial % 2:
            at = int(rng.choice(graph_bytes))
            piece = bytearray(model)
            piece[min(at + int(rng.integers(0, 64)), len(model) - 1)] ^= 1 << int(rng.integers(0, 8))
            refused += read_damaged(bytes(piece)) is None
        else:
            refused += read_damaged(mutate(model, rng)) is None
    assert refused > 30, "the damage must reach the structure for this test to mean anything"


@pytest.mark.parametrize("name", ["kws_ref_model"])
def test_every_truncation_is_refused(shared_models: Path, name: str) -> None:
    model = (shared_models / f"{name}.tflite").read_bytes()
    for size in [*range(0, 200), *range(200, len(model) - 64, 997)]:
        assert read_damaged(model[:size]) is None


def test_flipped_weights_make_a_valid_model(shared_models: Path) -> None:
    graph = read_tflite(shared_models / "ad01_int8.tflite")
    model = bytearray(write_tflite(graph))
    weights = next(t.data for t in graph.tensors if t.data is not None and t.elements > 10_000)
    at = bytes(model).index(weights.tobytes()) + 5000
    model[at] ^= 0x40
    damaged = read_damaged(bytes(model))
    assert damaged is not None
    differing = [
        int(np.sum(a.data != b.data)) for a, b in zip(graph.tensors, damaged.tensors, strict=True)
        if a.data is not None and b.data is not None
    ]
    assert sum(differing) == 1


@given(graph=random_graphs(max_ops=3), seed=st.integers(0, 2**32 - 1))
def test_memory_stays_bounded(graph: Graph, seed: int) -> None:
    rng = np.random.default_rng(seed)
    model = write_tflite(graph)
    tracemalloc.start()
    try:
        for _ in range(5):
            read_damaged(mutate(model, rng))
        assert tracemalloc.get_traced_memory()[1] < 64 << 20
    finally:
        tracemalloc.stop()
