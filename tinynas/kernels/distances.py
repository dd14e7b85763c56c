"""How the plain kernels read and write, as overlap distances (the mathematics is in groups.py).

Convolutions read a position's whole window before they write any of its outputs. Depthwise
convolutions and pools go through a position channel by channel, which costs no distance: while
block b is written, the rest of the window is only needed from channel b + 1 on.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from tinynas.graph.geometry import Pads, padding_before
from tinynas.kernels.groups import Groups, group_distances, window_distances, window_groups
from tinynas.kernels.path import Overlap


@dataclass(frozen=True)
class Window:
    """A window sliding over an image: (height, width) pairs."""

    inputs: tuple[int, int]
    outputs: tuple[int, int]
    kernel: tuple[int, int]
    stride: tuple[int, int] = (1, 1)
    dilation: tuple[int, int] = (1, 1)
    pads: Pads | None = None  # explicit padding

    @property
    def padding(self) -> tuple[int, int]:
        """Rows above, columns left."""
        return (self._padding(0), self._padding(1))

    def _padding(self, k: int) -> int:
        if self.pads is not None:
            return self.pads[2 * k]
        return padding_before(
            self.inputs[k], self.outputs[k], self.kernel[k], self.stride[k], self.dilation[k]
        )

    @property
    def padded(self) -> bool:
        """Whether any tap lies outside the input."""
        return any(self.padding[k] > 0 or self._last_tap(k) >= self.inputs[k] for k in range(2))

    def _last_tap(self, k: int) -> int:
        return (self.outputs[k] - 1) * self.stride[k] + (self.kernel[k] - 1) * self.dilation[k]


def whole_position(window: Window, in_c: int, out_c: int) -> Overlap:
    """Kernels that read all of a position's window before they write any of its outputs."""
    return window_distances(
        *window.inputs, in_c, *window.outputs, out_c, *window.kernel, window.stride, *window.padding,
        window.dilation,
    )


@lru_cache(maxsize=65536)
def by_channel(window: Window, channels: int, multiplier: int, block: int) -> Overlap:
    """Kernels that go through a position's channels in blocks of `block` output channels, the last one
    shorter, upwards (downwards in reverse); output channel i * multiplier + m reads input channel i,
    and a block never spans two input channels when multiplier > 1."""
    outs = channels * multiplier
    between = whole_position(window, channels, outs)
    assert between.forward is not None and between.backward is not None
    start, end, low, high = _channel_blocks(channels, multiplier, block)
    pixels = _pixels(window)
    seen = pixels.read_start < pixels.read_end  # positions with at least one tap inside
    if len(start) == 1 or not seen.any():
        return between
    position = pixels.write_start * outs
    ahead = (position - pixels.read_start * channels)[seen].max() + (end[:-1] - low[1:]).max()
    behind = ((pixels.read_end - 1) * channels - position)[seen].max() + (high[:-1] - start[1:]).max()
    return Overlap(max(between.forward, int(ahead)), max(between.backward, int(behind)))


def _pixels(window: Window) -> Groups:
    """Groups of one position each, counted in pixels."""
    return window_groups(
        *window.inputs, 1, *window.outputs, 1, *window.kernel, window.stride, *window.padding,
        window.dilation,
    )


def _channel_blocks(channels: int, multiplier: int, block: int) -> tuple[np.ndarray, ...]:
    """Per block of one position: output channels [start, end), input channels [low, high)."""
    run = channels if multiplier == 1 else multiplier
    blocks = _blocks(run, block)
    rows = []
    for base in range(0, channels * multiplier, run):
        for start, end in blocks:
            low, high = (start, end) if multiplier == 1 else (base // run, base // run + 1)
            rows.append((base + start, base + end, low, high))
    return tuple(np.array(rows, np.int64).T)


def rows_of_blocks(rows: int, depth: int, outputs: int, block: int) -> Overlap:
    """Dense layers of `rows` vectors, `block` outputs at a time, forward: the whole vector is read for
    every block."""
    ends = np.array([end for _, end in _blocks(outputs, block)], np.int64)
    end = (np.arange(rows, dtype=np.int64)[:, None] * outputs + ends[None, :]).reshape(-1)
    read = np.repeat(np.arange(rows, dtype=np.int64) * depth, len(ends))
    groups = Groups(read, read + depth, np.append(0, end[:-1]), end)
    return Overlap(group_distances(groups, rows * depth, rows * outputs).forward, None)


def _blocks(count: int, block: int) -> list[tuple[int, int]]:
    return [(k, min(k + block, count)) for k in range(0, count, block)]
