"""How far an output may overlap its input: exact distances from the order of reads and writes.

A kernel works in groups g = 0, 1, ...: it reads all inputs of a group, then writes its outputs. With
read and write intervals in bytes from the tensors' starts, forward order is safe exactly when

    output start <= input start - dF,   dF = max over g of (write end of g - least read start after g)

and reverse order of the groups exactly when

    output start >= input start + dB,   dB = max over g of (greatest read end before g - write start of g).

How a kernel path uses it: in `overlaps()`, for the tensor pair (input, output), return

    window_distances(in_h, in_w, in_c, out_h, out_w, out_c, kh, kw,
                     stride, pad_top, pad_left, dilation, group)

when the C kernel visits output pixels in strict raster order (and, with `backward` in the call, in strict
reverse raster order: then the groups are the same ones, visited from the last to the first), and has
read everything that the `group` pixels of a step need before it writes the first of their outputs. Groups are
counted from the first pixel; they run across row ends unless `per_row=True` (then each row starts a new
group). A kernel that writes some outputs of a group and then reads inputs of the same group again
(say, one output channel after the other) says `reads_first=False`. One that has no reverse
order drops that half: `replace(overlap, backward=None)`. Convolution, depthwise (all channels of a
pixel together; out_c = in_c * multiplier) and pools are all windows. Elements wider than a byte:
pass channel counts in bytes. Dense layers use `dense_distances`, elementwise ones `ELEMENTWISE`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from tinynas.kernels.path import Overlap

Ints = NDArray[np.int64]
ELEMENTWISE = Overlap(0, 0)  # element i is read before element i is written, in either direction
_NEVER = np.int64(1) << 60


@dataclass(frozen=True, eq=False)
class Groups:
    """Byte intervals of each group, in forward order. A group that reads nothing (a window all in
    the padding) has an empty read interval: start above end."""

    read_start: Ints
    read_end: Ints
    write_start: Ints
    write_end: Ints


def group_distances(groups: Groups, in_bytes: int, out_bytes: int, reads_first: bool = True) -> Overlap:
    """The exact distances of a sequence of groups; see the module's text.

    They are never below the values at which the two buffers are apart anyway. `reads_first=False`
    counts a group's own reads as coming after its writes, too."""
    least_after = np.minimum.accumulate(groups.read_start[::-1])[::-1]
    greatest_before = np.maximum.accumulate(groups.read_end)
    if reads_first:
        least_after = np.append(least_after[1:], _NEVER)
        greatest_before = np.append(-_NEVER, greatest_before[:-1])
    forward = int((groups.write_end - least_after).max(initial=-_NEVER))
    backward = int((greatest_before - groups.write_start).max(initial=-_NEVER))
    return Overlap(max(forward, -in_bytes), max(backward, -out_bytes))


@lru_cache(maxsize=65536)
def window_distances(
    in_h: int, in_w: int, in_c: int, out_h: int, out_w: int, out_c: int, kh: int, kw: int,
    stride: int | tuple[int, int], pad_top: int, pad_left: int, dilation: int | tuple[int, int] = 1,
    group: int = 1, *, per_row: bool = False, reads_first: bool = True,
) -> Overlap:
    """Distances of a kernel that slides a window over an NHWC tensor (batch 1), in raster order.

    `stride` and `dilation` are one number or (vertical, horizontal)."""
    groups = window_groups(
        in_h, in_w, in_c, out_h, out_w, out_c, kh, kw, stride, pad_top, pad_left, dilation, group,
        per_row=per_row)
    return group_distances(groups, in_h * in_w * in_c, out_h * out_w * out_c, reads_first)


def window_groups(
    in_h: int, in_w: int, in_c: int, out_h: int, out_w: int, out_c: int, kh: int, kw: int,
    stride: int | tuple[int, int], pad_top: int, pad_left: int, dilation: int | tuple[int, int] = 1,
    group: int = 1, *, per_row: bool = False,
) -> Groups:
    """The byte intervals behind `window_distances`: from the first to the last input byte that a
    group's windows touch, padding left out."""
    stride_h, stride_w = (stride, stride) if isinstance(stride, int) else stride
    dilation_h, dilation_w = (dilation, dilation) if isinstance(dilation, int) else dilation
    top, bottom = _touched(in_h, out_h, kh, stride_h, pad_top, dilation_h)
    left, right = _touched(in_w, out_w, kw, stride_w, pad_left, dilation_w)
    empty = (top > bottom)[:, None] | (left > right)[None, :]
    start = np.where(empty, _NEVER, (top[:, None] * in_w + left[None, :]) * in_c).ravel()
    end = np.where(empty, -_NEVER, (bottom[:, None] * in_w + right[None, :] + 1) * in_c).ravel()
    pixels = out_h * out_w
    if per_row:
        first = (np.arange(out_h)[:, None] * out_w + np.arange(0, out_w, group)[None, :]).ravel()
    else:
        first = np.arange(0, pixels, group)
    return Groups(
        np.minimum.reduceat(start, first), np.maximum.reduceat(end, first),
        first * out_c, np.append(first[1:], pixels) * out_c)


def _touched(size: int, out: int, taps: int, stride: int, pad: int, dilation: int) -> tuple[Ints, Ints]:
    """Per output coordinate the first and the last input coordinate its taps touch."""
    origin = np.arange(out, dtype=np.int64) * stride - pad
    first_tap = -(np.minimum(origin, 0) // dilation)  # ceil(-origin / dilation) where origin < 0
    last_tap = np.minimum((size - 1 - origin) // dilation, taps - 1)
    outside = (first_tap > last_tap) | (first_tap >= taps)
    first, last = origin + first_tap * dilation, origin + last_tap * dilation
    return np.where(outside, 1, first), np.where(outside, 0, last)


@lru_cache(maxsize=65536)
def dense_distances(in_bytes: int, out_bytes: int, group: int) -> Overlap:
    """Distances of a kernel that reads its whole input for every `group` output bytes."""
    first = np.arange(0, out_bytes, group, dtype=np.int64)
    groups = Groups(
        np.zeros_like(first), np.full_like(first, in_bytes), first, np.append(first[1:], out_bytes))
    return group_distances(groups, in_bytes, out_bytes)
