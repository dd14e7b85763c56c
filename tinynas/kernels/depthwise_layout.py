"""How a channel of an image is laid out as a plane of 16-bit lines, for the depthwise kernels of DSP cores.

A line is a row of the image or, transposed, a column: whichever costs less. Beside every line lies its
padding; the right one of a line and the left one of the next are the same elements. A plane that is large
is made in strips of output lines. A dilated window is several windows without dilation, one per phase: the
pixels that lie `dilation` apart are its image.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tinynas.kernels.distances import Window
from tinynas.kernels.path import up

SCRATCH_BYTES = 512  # a plane may always take this much,
SCRATCH_PART = 8  # or this part of the input


@dataclass(frozen=True)
class Axis:
    """One direction of a window: sizes, taps, stride, padding before. `first_in`, `first_out`, `step`: which
    pixels of the whole image they are."""

    inputs: int
    outputs: int
    taps: int
    stride: int
    pad: int
    first_in: int = 0
    first_out: int = 0
    step: int = 1

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
    """`strip`: output lines expanded at a time. `pitch`: elements from line to line, even. `plane_words`: with
    what inner loops read beyond the last line."""

    transposed: bool
    lines: Axis
    pixels: Axis
    pitch: int
    strip: int
    plane_words: int

    @property
    def strips(self) -> int:
        return -(-self.lines.outputs // self.strip)

    @property
    def in_place(self) -> bool:
        """Whether a channel's outputs may be written where its inputs are: no strip's outputs lie on inputs that a
        later one reads."""
        lines, pixels = self.lines, self.pixels
        if self.strips == 1:
            return True
        aligned = pixels.outputs == pixels.inputs and lines.outputs == lines.inputs
        ordered = not self.transposed and pixels.outputs <= pixels.inputs
        return (aligned or ordered) and lines.pad < lines.taps


Price = Callable[[Layout], float]  # instructions per channel, roughly
Beyond = Callable[[Axis], int]  # elements that are read from the start of a line


def phases(window: Window) -> list[tuple[Axis, Axis]]:
    """(vertical, horizontal) axes of every phase, the largest first; one without dilation. A dilated window with
    strides has none."""
    if window.dilation == (1, 1):
        return [(_axis(window, 0), _axis(window, 1))]
    if window.stride != (1, 1):
        return []
    found = [[_phase(window, k, f) for f in range(window.dilation[k])] for k in range(2)]
    return [(v, h) for v in found[0] for h in found[1] if v.outputs > 0 and h.outputs > 0]


def plane_layout(
    axes: tuple[Axis, Axis], transposed: bool, input_bytes: int, beyond: Beyond
) -> Layout:
    """The layout of one phase with rows (transposed: columns) as lines."""
    lines, pixels = axes[::-1] if transposed else axes
    after = pixels.spanned - pixels.pad - pixels.read
    pitch = up(pixels.spanned - min(pixels.pad, after), 2)
    tail = max(pitch, up(beyond(pixels), 2))

    def words(strip: int) -> int:
        return (((strip - 1) * lines.stride + lines.taps - 1) * pitch + tail) // 2

    strip = _strip(lines.outputs, words, max(SCRATCH_BYTES, input_bytes // SCRATCH_PART) // 4)
    return Layout(transposed, lines, pixels, pitch, strip, words(strip))


def _strip(outputs: int, words: Callable[[int], int], budget: int) -> int:
    """Output lines per strip: all, or as few strips as the budget allows, of about equal height."""
    most = outputs
    while most > 1 and words(most) > budget:
        most -= 1
    return -(-outputs // -(-outputs // most))


def _axis(window: Window, k: int) -> Axis:
    return Axis(window.inputs[k], window.outputs[k], window.kernel[k], window.stride[k], window.padding[k])


def _phase(window: Window, k: int, f: int) -> Axis:
    """Outputs f, f + d, ... of a dilated axis. Their first taps lie at f - padding and d further each."""
    d, pad = window.dilation[k], window.padding[k]
    first_in = (f - pad) % d
    return Axis(
        inputs=max(0, -(-(window.inputs[k] - first_in) // d)), outputs=-(-(window.outputs[k] - f) // d),
        taps=window.kernel[k], stride=1, pad=(pad - f + first_in) // d,
        first_in=first_in, first_out=f, step=d,
    )
