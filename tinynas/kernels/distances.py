"""How far an output may overlap an input: distances from the order in which a kernel reads and writes.

A kernel executes groups 0 .. G-1. Each reads bytes within [read_start, read_end) of the input and,
when all of them are read, writes [write_start, write_end) of the output. In forward order a write
must not reach what later groups read: output start <= input start - dF with

    dF = max over g of (write_end_g - min over g' > g of read_start_g').

In backward order (the same groups, last first): output start >= input start + dB with

    dB = max over g of (max over g' < g of read_end_g' - write_start_g).

A distance that would forbid nothing is given as minus the size of the buffer in the way, where
both are disjoint anyway. Everything here is per output position of a window (convolution or pool);
channels within a position are settled in closed form.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from tinynas.graph.geometry import padding_before
from tinynas.kernels.path import Overlap

_FAR = np.int64(1) << 40


@dataclass(frozen=True)
class Window:
    """A window sliding over an image of one channel: (height, width) pairs."""

    inputs: tuple[int, int]
    outputs: tuple[int, int]
    kernel: tuple[int, int]
    stride: tuple[int, int] = (1, 1)
    dilation: tuple[int, int] = (1, 1)

    @property
    def padding(self) -> tuple[int, int]:
        """Implicit rows above, columns left."""
        return (self._padding(0), self._padding(1))

    def _padding(self, k: int) -> int:
        return padding_before(
            self.inputs[k], self.outputs[k], self.kernel[k], self.stride[k], self.dilation[k]
        )

    @property
    def padded(self) -> bool:
        """Whether any tap lies outside the input."""
        return any(self.padding[k] > 0 or self._last_tap(k) >= self.inputs[k] for k in range(2))

    def _last_tap(self, k: int) -> int:
        return (self.outputs[k] - 1) * self.stride[k] + (self.kernel[k] - 1) * self.dilation[k]


def group_distances(
    read_start: np.ndarray, read_end: np.ndarray, write_start: np.ndarray, write_end: np.ndarray
) -> tuple[int, int]:
    """(dF, dB) of groups in execution order; very negative when nothing is forbidden."""
    later = np.full(len(read_start), _FAR)
    later[:-1] = np.minimum.accumulate(read_start[::-1])[::-1][1:]
    earlier = np.full(len(read_end), -_FAR)
    earlier[1:] = np.maximum.accumulate(read_end)[:-1]
    return int((write_end - later).max()), int((earlier - write_start).max())


def _axis_span(window: Window, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Per output index along axis k, the first and last input index with a tap; first > last: none."""
    taps = (
        (np.arange(window.outputs[k]) * window.stride[k] - window.padding[k])[:, None]
        + (np.arange(window.kernel[k]) * window.dilation[k])[None, :]
    )
    inside = (taps >= 0) & (taps < window.inputs[k])
    return np.where(inside, taps, _FAR).min(axis=1), np.where(inside, taps, -_FAR).max(axis=1)


@lru_cache(maxsize=4096)
def pixel_spans(window: Window) -> tuple[np.ndarray, np.ndarray]:
    """(first, last) input pixel read by each output position in raster order; far away when none is."""
    top, bottom = _axis_span(window, 0)
    left, right = _axis_span(window, 1)
    width = window.inputs[1]
    first = top[:, None] * width + left[None, :]
    last = bottom[:, None] * width + right[None, :]
    empty = (top > bottom)[:, None] | (left > right)[None, :]
    return np.where(empty, _FAR, first).reshape(-1), np.where(empty, -_FAR, last).reshape(-1)


def _clamped(forward: int, backward: int, in_bytes: int, out_bytes: int) -> Overlap:
    return Overlap(max(forward, -in_bytes), max(backward, -out_bytes))


@lru_cache(maxsize=4096)
def whole_position(window: Window, in_c: int, out_c: int) -> Overlap:
    """Kernels that read all of a position's window before they write any of its outputs."""
    first, last = pixel_spans(window)
    starts = np.arange(len(first), dtype=np.int64) * out_c
    forward, backward = group_distances(
        np.minimum(first * in_c, _FAR), np.maximum((last + 1) * in_c, -_FAR), starts, starts + out_c
    )
    return _clamped(forward, backward, *_sizes(window, in_c, out_c))


@lru_cache(maxsize=4096)
def by_channel(window: Window, channels: int, multiplier: int, block: int) -> Overlap:
    """Kernels that go through a position's channels in blocks: `block` output channels, then single
    ones, upwards (downwards in reverse); output channel i * multiplier + m reads input channel i,
    and a block never spans two input channels when multiplier > 1."""
    first, last = pixel_spans(window)
    outs = channels * multiplier
    starts = np.arange(len(first), dtype=np.int64) * outs
    between_forward, between_backward = group_distances(
        np.minimum(first * channels, _FAR), np.maximum((last + 1) * channels, -_FAR), starts, starts + outs
    )
    start, end, low, high = _channel_blocks(channels, multiplier, block)
    forward, backward = between_forward, between_backward
    seen = last >= 0  # positions with at least one tap inside
    if len(start) > 1 and seen.any():
        within = (starts - first * channels)[seen].max() + (end[:-1] - low[1:]).max()
        forward = max(forward, int(within))
        within = (last * channels - starts)[seen].max() + (high[:-1] - start[1:]).max()
        backward = max(backward, int(within))
    return _clamped(forward, backward, *_sizes(window, channels, outs))


def _channel_blocks(channels: int, multiplier: int, block: int) -> tuple[np.ndarray, ...]:
    """Per block of one position: output channels [start, end), input channels [low, high)."""
    run = channels if multiplier == 1 else multiplier
    blocks = [(k, k + block) for k in range(0, run - run % block, block)]
    blocks += [(k, k + 1) for k in range(run - run % block, run)]
    rows = []
    for base in range(0, channels * multiplier, run):
        for start, end in blocks:
            low, high = (start, end) if multiplier == 1 else (base // run, base // run + 1)
            rows.append((base + start, base + end, low, high))
    return tuple(np.array(rows, np.int64).T)


def _sizes(window: Window, in_c: int, out_c: int) -> tuple[int, int]:
    return (window.inputs[0] * window.inputs[1] * in_c, window.outputs[0] * window.outputs[1] * out_c)
