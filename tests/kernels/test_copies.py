"""Counted features agree with what the C loops do, walked step by step."""

from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tinynas.graph.builder import GraphBuilder
from tinynas.graph.ops import Pad
from tinynas.kernels.copies import added, copy_features, taps_inside, window_features
from tinynas.kernels.distances import Window
from tinynas.kernels.pad import PATH, leading4, pad_loops


def walked_copy(count: int, source: int, target: int, seen: Counter[str]) -> None:
    """tinynas_copy, step by step."""
    seen["copies"] += 1
    left = count
    if source % 4 == 0 and target % 4 == 0:
        seen["quad_runs"] += count >= 16
        seen["word_runs"] += count % 16 >= 4
        while left >= 16:
            seen["quads"] += 1
            left -= 16
        while left >= 4:
            seen["words"] += 1
            left -= 4
    seen["loose_bytes"] += left


@st.composite
def windows(draw: st.DrawFn) -> Window:
    def one() -> tuple[int, int, int, int, int, int]:
        size, kernel = draw(st.integers(1, 9)), draw(st.integers(1, 5))
        stride, dilation = draw(st.integers(1, 3)), draw(st.integers(1, 3))
        before, after = draw(st.integers(0, 4)), draw(st.integers(0, 4))
        reach = (kernel - 1) * dilation + 1
        return size, max((size + before + after - reach) // stride + 1, 1), kernel, stride, dilation, before

    h, w = one(), one()
    return Window((h[0], w[0]), (h[1], w[1]), (h[2], w[2]), (h[3], w[3]), (h[4], w[4]), (h[5], 0, w[5], 0))


def walked_window(window: Window, channels: int) -> Counter[str]:
    """tinynas_conv_window at every position."""
    seen: Counter[str] = Counter()
    (height, width), (kernel_h, kernel_w) = window.inputs, window.kernel
    for y in range(window.outputs[0]):
        for x in range(window.outputs[1]):
            left = x * window.stride[1] - window.padding[1]
            first, last = 0, kernel_w
            while first < last and left + first * window.dilation[1] < 0:
                first, seen["edge_taps"] = first + 1, seen["edge_taps"] + 1
            while last > first and left + (last - 1) * window.dilation[1] >= width:
                last, seen["edge_taps"] = last - 1, seen["edge_taps"] + 1
            for i in range(kernel_h):
                row = y * window.stride[0] - window.padding[0] + i * window.dilation[0]
                at = i * kernel_w * channels
                if not 0 <= row < height or first == last:
                    seen["fills"] += 1
                    seen["filled_bytes"] += kernel_w * channels
                    continue
                for edge in (first, kernel_w - last):
                    seen["fills"] += edge > 0
                    seen["filled_bytes"] += edge * channels
                source = (row * width + left + first * window.dilation[1]) * channels
                if window.dilation[1] == 1:
                    walked_copy((last - first) * channels, source, at + first * channels, seen)
                    continue
                for j in range(first, last):
                    step = (j - first) * window.dilation[1] * channels
                    walked_copy(channels, source + step, at + j * channels, seen)
    return seen


@given(windows(), st.integers(1, 9))
def test_a_window_is_copied_and_filled_as_counted(window: Window, channels: int) -> None:
    counted = window_features(window, channels)
    assert {k: v for k, v in counted.items() if v} == {k: v for k, v in walked_window(window, channels).items() if v}


@given(windows())
def test_taps_inside_are_those_within_the_input(window: Window) -> None:
    inside = sum(
        0 <= y * window.stride[0] - window.padding[0] + i * window.dilation[0] < window.inputs[0]
        and 0 <= x * window.stride[1] - window.padding[1] + j * window.dilation[1] < window.inputs[1]
        for y in range(window.outputs[0]) for x in range(window.outputs[1])
        for i in range(window.kernel[0]) for j in range(window.kernel[1]))
    assert taps_inside(window) == inside


@given(st.lists(st.tuples(st.integers(0, 70), st.integers(0, 50), st.integers(0, 50)), min_size=1, max_size=9))
def test_runs_are_counted_by_their_ends(runs: list[tuple[int, int, int]]) -> None:
    seen: Counter[str] = Counter()
    for run in runs:
        walked_copy(*run, seen)
    counts, sources, targets = (np.array(column) for column in zip(*runs, strict=True))
    found = copy_features(counts, sources, targets)
    assert {k: v for k, v in found.items() if v} == {k: v for k, v in seen.items() if v}
    assert added(found, found) == {name: 2 * value for name, value in found.items()}


def walked_pad(shape: list[int], before: list[int], after: list[int]) -> Counter[str]:
    """tinynas_pad over four loops."""
    seen: Counter[str] = Counter()
    out = 0

    def fill(count: int) -> None:
        nonlocal out
        seen["fills"] += 1
        seen["filled_bytes"] += count
        out += count

    full = [b + n + a for b, n, a in zip(before, shape, after, strict=True)]
    inner = [int(np.prod(full[k + 1:])) for k in range(4)]
    source = 0
    fill(before[0] * inner[0])
    for _ in range(shape[0]):
        fill(before[1] * inner[1])
        for _ in range(shape[1]):
            fill(before[2] * inner[2])
            seen["planes"] += 1
            for _ in range(shape[2]):
                fill(before[3])
                walked_copy(shape[3], source, out, seen)
                source, out = source + shape[3], out + shape[3]
                fill(after[3])
            fill(after[2] * inner[2])
        fill(after[1] * inner[1])
    fill(after[0] * inner[0])
    return seen


four = st.lists(st.integers(0, 3), min_size=4, max_size=4)


@given(st.lists(st.integers(1, 5), min_size=4, max_size=4), four, four)
def test_padding_is_counted_as_it_is_written(shape: list[int], before: list[int], after: list[int]) -> None:
    builder = GraphBuilder("pad")
    graph = builder.build(builder.pad(builder.input(tuple(shape)), tuple(before), tuple(after)))
    op = graph.ops[0]
    assert isinstance(op, Pad)
    loops = leading4(pad_loops(op, graph))
    walked = walked_pad(*([loop[k] for loop in loops] for k in range(3)))
    counted = dict(PATH.features(op, graph))
    assert counted.pop("calls") == 1.0
    assert {k: v for k, v in counted.items() if v} == {k: v for k, v in walked.items() if v}
