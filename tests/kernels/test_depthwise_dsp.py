"""Depthwise kernels for DSP cores: bit-exact on the host and on emulated cores, in place, and the proofs
behind their requantizers."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.kernels import cases
from tests.kernels.device import Case, run_on_device
from tests.kernels.host import GUARD, reference, run_path, values_for
from tinynas.boards.core import Core
from tinynas.errors import ModelError
from tinynas.graph import Graph, Op, Quantization
from tinynas.kernels import KernelPath, depthwise_dsp, depthwise_layout
from tinynas.kernels.depthwise_dsp import GROUPS, groups_of
from tinynas.kernels.depthwise_finish import ANY_SHIFT, Range, exact, from_low, low_channel, same, signed_channel

DSP = Core("host", dsp=True)
SEEDS = st.integers(0, 2**32 - 1)
MACHINES = {"cortex-m4": "mps2-an386", "cortex-m7": "mps2-an500", "cortex-m33": "mps2-an505"}


def realistic(graph: Graph, rng: np.random.Generator) -> Graph:
    """Output scales and zero points as ReLU layers have them, so that the fast forms are in use."""
    op = graph.ops[-1]
    tensors = list(graph.tensors)
    x, w, y = (tensors[t] for t in (op.inputs[0], op.inputs[1], op.outputs[0]))
    assert w.quantization is not None
    step = float(2.0 ** rng.uniform(-9, -3)) * x.scale
    scales = tuple(float(step * 2.0 ** rng.uniform(0, 2)) for _ in range(y.shape[3]))
    zero_point = -128 if rng.integers(0, 3) else cases.zero_point(rng)
    tensors[op.inputs[1]] = dataclasses.replace(
        w, quantization=dataclasses.replace(w.quantization, scale=scales, zero_point=(0,) * len(scales)))
    tensors[op.outputs[0]] = dataclasses.replace(y, quantization=Quantization.per_tensor(x.scale * x.scale, zero_point))
    if len(op.inputs) > 2:
        biases = rng.integers(-3000, 3000, y.shape[3]).astype(np.int32)
        tensors[op.inputs[2]] = dataclasses.replace(tensors[op.inputs[2]], data=biases)
    return dataclasses.replace(graph, tensors=tuple(tensors))


def explicitly_padded(graph: Graph, rng: np.random.Generator) -> Graph:
    """Any number of rows and columns around the input, as where a PAD was folded away."""
    op = graph.ops[-1]
    pads = tuple(int(n) for n in rng.integers(0, 5, 4))
    padded = dataclasses.replace(op, padding="VALID", pads=pads)  # type: ignore[call-arg]
    try:
        (shape,) = padded.output_shapes([None if t is None else t.shape for t in graph.input_tensors(op)])
    except ModelError:  # the window does not fit
        return graph
    tensors = list(graph.tensors)
    tensors[op.outputs[0]] = dataclasses.replace(tensors[op.outputs[0]], shape=shape)
    return dataclasses.replace(graph, tensors=tuple(tensors), ops=(padded,))


def drawn(rng: np.random.Generator) -> Graph:
    graph = cases.depthwise_small(rng) if rng.integers(0, 3) else cases.depthwise(rng)
    if rng.integers(0, 5) == 0:
        graph = explicitly_padded(graph, rng)
    return realistic(graph, rng) if rng.integers(0, 2) else graph


def usable(graph: Graph) -> list[depthwise_dsp.DepthwiseDsp]:
    return [p for p in depthwise_dsp.PATHS if p.refuses(graph.ops[-1], graph, DSP) is None]


@pytest.fixture
def budget(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """Scratch bytes a plane may take: little makes strips of one line or a few."""
    monkeypatch.setattr(depthwise_layout, "SCRATCH_BYTES", request.param)
    monkeypatch.setattr(depthwise_layout, "SCRATCH_PART", 1_000_000)
    depthwise_dsp._layouts.cache_clear()
    yield request.param
    depthwise_dsp._layouts.cache_clear()


@pytest.mark.parametrize("budget", [100_000, 1, 120], indirect=True)
def test_layers_are_bit_exact(budget: int) -> None:
    tried: dict[str, int] = {}
    strips = 0

    @settings(parent=settings())
    @given(SEEDS)
    def many(seed: int) -> None:
        rng = np.random.default_rng(seed)
        nonlocal strips
        for _ in range(15):
            graph = drawn(rng)
            op = graph.ops[-1]
            values = values_for(op, graph, rng, int(rng.integers(0, 4)))
            (want,) = reference(op, graph, values)
            for path in usable(graph):
                (got,) = run_path(path, op, graph, values)
                np.testing.assert_array_equal(got, want, err_msg=f"{path.name} {op}")
                check_in_place(path, op, graph, values, want)
                tried[path.name] = tried.get(path.name, 0) + 1
                strips = max(strips, *(layout.strips for layout in path.layouts(op, graph)))

    many()
    assert set(tried) == {p.name for p in depthwise_dsp.PATHS}
    assert strips == 1 if budget > 10_000 else strips > 1


def check_in_place(path: KernelPath, op: Op, graph: Graph, values: dict[int, np.ndarray], want: np.ndarray) -> None:
    """Input and output at one address, where the path says so."""
    x, y = op.inputs[0], op.outputs[0]
    claims = path.overlaps(op, graph)
    if (x, y) not in claims:
        return
    assert claims[x, y].in_place and claims[x, y].forward is None and claims[x, y].backward is None
    end = GUARD + max(graph.tensors[x].size_bytes, graph.tensors[y].size_bytes) + GUARD
    starts = {f"t{x}": GUARD, f"t{y}": GUARD, "scratch": -(-end // 16) * 16}
    (got,) = run_path(path, op, graph, values, starts=starts)
    np.testing.assert_array_equal(got, want, err_msg=f"{path.name} in place {op}")


@pytest.mark.emulator
@pytest.mark.parametrize("core", MACHINES)
def test_layers_on_emulated_cores(core: str, tmp_path: Path) -> None:
    """The assembly runs nowhere else; both schedules."""
    rng = np.random.default_rng(7)
    found: list[Case] = []
    while len(found) < 60:
        graph = drawn(rng)
        op = graph.ops[-1]
        values = values_for(op, graph, rng, int(rng.integers(0, 3)))
        (want,) = reference(op, graph, values)
        found += [Case(path, op, graph, values, np.asarray(want)) for path in usable(graph)]
    assert {c.path.name for c in found} == {p.name for p in depthwise_dsp.PATHS}
    status = run_on_device(found, core, MACHINES[core], tmp_path)
    assert status == 0, f"case {status - 1} (modulo 100) differs or faults (199)"


@given(st.integers(0, 5), st.integers(2**30, 2**31 - 1), st.integers(1, 9), st.integers(-(2**17), 2**17))
def test_from_low_equals_two_roundings(offset: int, m: int, shift: int, x: int) -> None:
    """Near every place where an output steps, too: ties of either rounding."""
    near = ((x // (1 << shift) << shift) << 31) // m
    for value in (x, *range(near - 2, near + 3), offset, -offset):
        assert from_low(value, m, shift) == exact(value, m, shift, -128)


@given(SEEDS)
def test_marks_are_rare_and_needed(seed: int) -> None:
    """Ordinary channels take the fast form; impossible ones are marked."""
    rng = np.random.default_rng(seed)
    weights = rng.integers(-127, 128, 9)
    m = int(rng.integers(2**30, 2**31))
    for shift in range(3, 10):
        assert low_channel(weights, 500, m, shift).shift == shift
    for shift in range(1, 24):
        assert signed_channel(weights, 500, m, shift, 3).shift == shift
    assert low_channel(weights, 500, m, -2).shift == ANY_SHIFT - 2
    assert signed_channel(weights, 2**30, m, 5, 3).shift == ANY_SHIFT + 5


@given(SEEDS)
def test_a_shorter_multiplier_is_taken_only_where_no_output_changes(seed: int) -> None:
    rng = np.random.default_rng(seed)
    m, shift = int(rng.integers(2**30, 2**31)), int(rng.integers(10, 13))
    middle, width = int(rng.integers(-(2**18), 2**18)), int(rng.integers(0, 3000))
    short = round(m / (1 << (shift - 9)))
    claimed = same(Range(middle, middle + width), m, shift, short, 9)
    equal = all(
        from_low(x, short, 9) == exact(x, m, shift, -128) for x in range(middle, middle + width + 1)
    )
    assert claimed == equal


def test_groups_fill_a_line() -> None:
    for outputs in range(1, 60):
        groups = groups_of(outputs)
        assert sum(size * count for size, count in groups.items()) == outputs
        assert set(groups) <= set(GROUPS) and len(groups) <= 3
