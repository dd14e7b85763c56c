"""Views of every window of an N,H,W,C array: the shared core of convolution and pooling."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinynas.graph.geometry import Pads, padding_2d, span
from tinynas.graph.tensor import Shape


def windows_2d(
    x: np.ndarray, output: Shape, kernel: tuple[int, int], stride: tuple[int, int],
    dilation: tuple[int, int], fill: int, pads: Pads | None = None,
) -> np.ndarray:
    """A view of shape (N, OH, OW, C, KH, KW); elements outside `x` read as `fill`.

    The implicit padding follows from the sizes (see geometry.padding_2d), so SAME and VALID need
    no distinction; `pads` replaces it. No element is copied but for the padded frame."""
    top, left = padding_2d(x.shape, output, kernel, stride, dilation, pads)
    height, width = span(kernel[0], dilation[0]), span(kernel[1], dilation[1])
    need_h = (output[1] - 1) * stride[0] + height
    need_w = (output[2] - 1) * stride[1] + width
    frame = np.full((x.shape[0], need_h, need_w, x.shape[3]), fill, x.dtype)
    copy_h, copy_w = min(x.shape[1], need_h - top), min(x.shape[2], need_w - left)
    frame[:, top:top + copy_h, left:left + copy_w, :] = x[:, :copy_h, :copy_w, :]
    view = np.lib.stride_tricks.sliding_window_view(frame, (height, width), axis=(1, 2))
    step: Any = (slice(None), slice(None, None, stride[0]), slice(None, None, stride[1]), slice(None),
                 slice(None, None, dilation[0]), slice(None, None, dilation[1]))
    return np.asarray(view[step])
