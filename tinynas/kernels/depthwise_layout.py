"""How a channel of an image is laid out as a plane of 16-bit lines, for the depthwise kernels of DSP cores.

A line is a row of the image or, transposed, a column: whichever splits into fewer, larger groups of
outputs. Beside every line lies its padding; the right one of a line and the left one of the next are
the same elements. A plane that is large is made in strips of output lines.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from tinynas.kernels.distances import Window
from tinynas.kernels.path import up

SCRATCH_BYTES = 512  # a plane may always take this much,
SCRATCH_PART = 8  # or this part of the input
GROUPS = (8, 6, 4, 2, 1)


@dataclass(frozen=True)
class Axis:
    """One direction of the window: sizes, taps, stride, padding before."""

    inputs: int
    outputs: int
    taps: int
    stride: int
    pad: int

    @property
    def spanned(self) -> int:
        """Elements from the first to the last that any output reads, padding included."""
        return (self.outputs - 1) * self.stride + self.taps

    @property
    def read(self) -> int:
        """Inputs that are read."""
        return max(0, min(self.inputs, self.spanned - self.pad))


@dataclass(frozen=True)
class Layout:
    """`strip`: output lines expanded at a time. `pitch`: elements from line to line, even."""

    transposed: bool
    lines: Axis
    pixels: Axis
    pitch: int
    strip: int

    @property
    def strips(self) -> int:
        return -(-self.lines.outputs // self.strip)

    @property
    def plane_words(self) -> int:
        return _words(self.lines, self.pixels, self.pitch, self.strip)

    @property
    def groups(self) -> dict[int, int]:
        """Size of a group -> how many of them a line has."""
        return groups_of(self.pixels.outputs)


def groups_of(outputs: int) -> dict[int, int]:
    found = {8: outputs // 8} if outputs >= 8 else {}
    left = outputs % 8
    for size in GROUPS[1:]:
        if left >= size:
            found[size] = 1
            left -= size
    return found


@lru_cache(maxsize=65536)
def plane_layout(window: Window, channels: int, pixel_stride: int, in_place: bool) -> Layout | None:
    """The best layout whose lines have the wanted stride; None when there is none.

    `in_place`: outputs may lie on the inputs, so a strip's outputs must not reach inputs of a later one."""
    found = []
    for transposed in (False, True):
        lines, pixels = (_axis(window, 1 - k if transposed else k) for k in range(2))
        if pixels.stride != pixel_stride:
            continue
        pitch = _pitch(pixels)
        strip = _strip(lines, pixels, pitch, max(SCRATCH_BYTES, _bytes(window, channels) // SCRATCH_PART))
        layout = Layout(transposed, lines, pixels, pitch, strip)
        aligned = pixels.outputs == pixels.inputs and lines.outputs == lines.inputs
        if not (transposed and in_place and layout.strips > 1 and not aligned):
            found.append((_price(layout), transposed, layout))
    return min(found)[2] if found else None


def _axis(window: Window, k: int) -> Axis:
    return Axis(window.inputs[k], window.outputs[k], window.kernel[k], window.stride[k], window.padding[k])


def _bytes(window: Window, channels: int) -> int:
    return window.inputs[0] * window.inputs[1] * channels


def _pitch(pixels: Axis) -> int:
    after = pixels.spanned - pixels.pad - pixels.read
    return up(pixels.spanned - min(pixels.pad, after), 2)


def _words(lines: Axis, pixels: Axis, pitch: int, strip: int) -> int:
    held = (strip - 1) * lines.stride + lines.taps
    return ((held - 1) * pitch + max(pitch, up(pixels.spanned, 2))) // 2


def _strip(lines: Axis, pixels: Axis, pitch: int, budget_bytes: int) -> int:
    """Output lines per strip: all, or as few strips as the budget allows, of about equal height."""
    most = lines.outputs
    while most > 1 and 4 * _words(lines, pixels, pitch, most) > budget_bytes:
        most -= 1
    return -(-lines.outputs // -(-lines.outputs // most))


def _price(layout: Layout) -> float:
    """Instructions per channel, roughly: groups, input lines, strips."""
    lines, pixels = layout.lines, layout.pixels
    groups = lines.outputs * sum(count * (20 + 9.6 * size) for size, count in layout.groups.items())
    inputs = min(lines.inputs, lines.spanned) * (15 + 2.5 * pixels.read)
    return groups + inputs + layout.strips * (60 + 40 * len(layout.groups))
