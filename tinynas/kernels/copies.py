"""Counting what a kernel copies and fills, as its cost features: the twin of firmware/kernels/tinynas_bytes.h.

A run of bytes is copied sixteen at a time where both of its ends lie on a word boundary, the rest word by word
and then byte by byte; otherwise all of it byte by byte. Tensors and scratch start on word boundaries."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from tinynas.kernels.distances import Window


def copy_features(counts: np.ndarray, sources: np.ndarray, targets: np.ndarray) -> dict[str, float]:
    """Of runs of `counts` bytes from offsets `sources` to offsets `targets` (arrays that broadcast). `quad_runs`,
    `word_runs`: runs that enter the loop over sixteen bytes, and over words."""
    aligned = (sources | targets) & 3 == 0
    counts = np.broadcast_to(counts, aligned.shape)
    fast, slow = counts[aligned], counts[~aligned]
    return {
        "copies": float(counts.size),
        "quads": float((fast >> 4).sum()),
        "quad_runs": float(((fast >> 4) > 0).sum()),
        "words": float((fast >> 2 & 3).sum()),
        "word_runs": float(((fast >> 2 & 3) > 0).sum()),
        "loose_bytes": float((fast & 3).sum() + slow.sum()),
    }


def added(*parts: dict[str, float]) -> dict[str, float]:
    """Features summed by name."""
    total: dict[str, float] = {}
    for part in parts:
        for name, value in part.items():
            total[name] = total.get(name, 0.0) + value
    return total


@lru_cache(maxsize=4096)
def window_features(window: Window, channels: int) -> dict[str, float]:
    """A convolution that copies every position's window (conv_plain.c): rows of taps inside are copied, the rest
    is filled; `edge_taps` are those it steps over, left and right, before it knows which columns lie inside."""
    (height, width), (out_h, out_w), (kernel_h, kernel_w) = window.inputs, window.outputs, window.kernel
    rows = _taps(out_h, window.stride[0], window.padding[0], kernel_h, window.dilation[0])
    columns = _taps(out_w, window.stride[1], window.padding[1], kernel_w, window.dilation[1])
    row_y, row_i = np.nonzero((rows >= 0) & (rows < height))
    first = (columns < 0).sum(1)
    last = np.maximum(kernel_w - (columns >= width).sum(1), first)
    some = last > first
    inside, begin = (last - first)[some], first[some]
    starts = rows[row_y, row_i, None] * width + columns[some, begin][None, :]  # pixels: (rows inside, columns)
    targets = row_i[:, None] * kernel_w + begin[None, :]
    if window.dilation[1] == 1:
        copied = copy_features(inside[None, :] * channels, starts * channels, targets * channels)
    else:
        taps = np.repeat(np.arange(some.sum()), inside)
        within = np.arange(len(taps)) - np.repeat(np.cumsum(inside) - inside, inside)
        copied = copy_features(np.array(channels), (starts[:, taps] + within * window.dilation[1]) * channels,
                               (targets[:, taps] + within) * channels)
    used = len(row_y)
    outside = (out_h * kernel_h - used) * out_w + used * int((~some).sum())
    sides = used * int((first[some] > 0).sum() + (last[some] < kernel_w).sum())
    filled = out_h * kernel_h * out_w * kernel_w - used * int(inside.sum())
    return {
        **copied,
        "fills": float(outside + sides),
        "filled_bytes": float(filled * channels),
        "edge_taps": float(out_h * int((first + kernel_w - last).sum())),
    }


@lru_cache(maxsize=4096)
def taps_inside(window: Window) -> int:
    """Taps of all positions together that lie inside the input."""
    counts = []
    for k in range(2):
        taps = _taps(window.outputs[k], window.stride[k], window.padding[k], window.kernel[k], window.dilation[k])
        counts.append(int(((taps >= 0) & (taps < window.inputs[k])).sum()))
    return counts[0] * counts[1]


def _taps(outputs: int, stride: int, padding: int, kernel: int, dilation: int) -> np.ndarray:
    """(outputs, kernel): the input row (or column) of every tap; negative or too large: padding."""
    return np.arange(outputs)[:, None] * stride - padding + np.arange(kernel)[None, :] * dilation
