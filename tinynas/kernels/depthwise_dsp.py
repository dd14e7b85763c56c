"""DEPTHWISE_CONV_2D on cores with DSP instructions: one channel after the other, as planes of 16-bit lines.

Four kernels share the planes (depthwise_layout) and the requantizers (depthwise_finish): three for 3 x 3, which
differ in the stride along a line and in how sums become outputs, and one for all other windows.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from tinynas.boards import Core
from tinynas.graph import Graph, Op
from tinynas.graph.fixed_point import activation_range
from tinynas.graph.ops import DepthwiseConv2D
from tinynas.graph.requantize import output_multipliers
from tinynas.graph.tensor import Shape
from tinynas.kernels.common import (
    folded_bias,
    input_tensor,
    layer_constants,
    not_int8,
    output_tensor,
    tensor_in,
    weights_of,
)
from tinynas.kernels.depthwise_finish import SHIFT, Channel, low_channel, signed_channel
from tinynas.kernels.depthwise_layout import Axis, Layout, phases, plane_layout
from tinynas.kernels.depthwise_plain import depthwise_window
from tinynas.kernels.distances import Window
from tinynas.kernels.path import Array, Call, Code, Constants, KernelPath, Overlap, up

FIELDS = 34
GROUPS = (8, 6, 4, 2, 1)  # of the 3 x 3 kernels
LINE_TAPS = 17  # of a line, at most: nine pairs in the assembly
LINE_GROUP = 8
MOST_PHASES = 16


class DepthwiseDsp(KernelPath):
    """What all of them share. `pixel_stride`: along a line, None for any. `low`: for outputs with zero point -128."""

    pixel_stride: int | None
    low: bool = False

    @abstractmethod
    def takes(self, window: Window) -> str | None:
        """Why the kernel does not take a window."""

    @abstractmethod
    def price(self, layout: Layout) -> float:
        """Instructions per channel, roughly: to choose between layouts."""

    @abstractmethod
    def beyond(self, pixels: Axis) -> int:
        """Elements of a line that are read, from its start."""

    @abstractmethod
    def work(self, layout: Layout, outs: int) -> Mapping[str, float]:
        """Features of the inner loops over `outs` planes."""

    def table_words(self, layout: Layout) -> int:
        """Scratch behind the plane."""
        return 0

    def weight_row(self, pixels: Axis) -> int:
        """Bytes of a row of the kernel in flash."""
        return pixels.taps

    def refuses(self, op: Op, graph: Graph, core: Core) -> str | None:
        if not isinstance(op, DepthwiseConv2D):
            return f"runs DEPTHWISE_CONV_2D, not {op.kind}"
        if not core.dsp:
            return "it needs the DSP extension"
        if refusal := self.takes(depthwise_window(op, graph)):
            return refusal
        if not self.layouts(op, graph):
            return f"it takes stride {self.pixel_stride or 1} along rows or columns"
        if self.low and (refusal := self._not_low(op, graph)):
            return refusal
        return not_int8((input_tensor(graph, op), input_tensor(graph, op, 1), output_tensor(graph, op)))

    def _not_low(self, op: DepthwiseConv2D, graph: Graph) -> str | None:
        x, w, y = input_tensor(graph, op), input_tensor(graph, op, 1), output_tensor(graph, op)
        if y.zero_point != -128:
            return f"it takes output zero point -128, not {y.zero_point}"
        right = -output_multipliers(x, w, y, y.shape[3])[1]
        if (right < 3).sum() > len(right) // 8:
            return f"too many channels have factors of 2^-3 and more; it shifts by 3 to {SHIFT - 1}"
        return None

    def layouts(self, op: Op, graph: Graph) -> Sequence[Layout]:
        """Of every phase; none where no direction has the kernel's stride."""
        assert isinstance(op, DepthwiseConv2D)
        return _layouts(self, depthwise_window(op, graph), input_tensor(graph, op).shape[3])

    def scratch_bytes(self, op: Op, graph: Graph) -> int:
        return max(4 * (lay.plane_words + self.table_words(lay)) for lay in self.layouts(op, graph))

    def overlaps(self, op: Op, graph: Graph) -> Mapping[tuple[int, int], Overlap]:
        """In place only: while one channel is written, all others are still to be read."""
        assert isinstance(op, DepthwiseConv2D)
        layouts = self.layouts(op, graph)
        own = op.multiplier == 1 and input_tensor(graph, op).shape[0] == 1
        if not own or not all(layout.in_place for layout in layouts):
            return {}
        window = depthwise_window(op, graph)
        axes = [axis for layout in layouts for axis in (layout.lines, layout.pixels)]
        same = window.inputs == window.outputs and all(axis.first_in == axis.first_out for axis in axes)
        return {(op.inputs[0], op.outputs[0]): Overlap(in_place=True)} if same or len(layouts) == 1 else {}

    def constants(self, op: Op, graph: Graph) -> Constants:
        outputs, layouts = output_tensor(graph, op).shape[3], self.layouts(op, graph)
        weights = outputs * layouts[0].lines.taps * self.weight_row(layouts[0].pixels)
        return layer_constants(weights, outputs, outputs, FIELDS * len(layouts))

    def features(self, op: Op, graph: Graph) -> Mapping[str, float]:
        assert isinstance(op, DepthwiseConv2D)
        x = input_tensor(graph, op)
        planes = x.shape[0] * x.shape[3]
        total: dict[str, float] = {}
        for layout in self.layouts(op, graph):
            for name, value in {
                **_expansion(layout, planes), **self.work(layout, planes * op.multiplier)
            }.items():
                total[name] = total.get(name, 0.0) + value
        return total

    def code(self, op: Op, graph: Graph, backward: bool = False) -> Code:
        assert isinstance(op, DepthwiseConv2D)
        w, layouts = input_tensor(graph, op, 1), self.layouts(op, graph)
        order = (2, 1, 0) if layouts[0].transposed else (2, 0, 1)
        taps = np.ascontiguousarray(weights_of(w)[0].transpose(order))
        channels = self._channels(op, graph, taps.reshape(len(taps), -1))
        row = self.weight_row(layouts[0].pixels)
        arrays = (
            Array("weights", np.pad(taps, ((0, 0), (0, 0), (0, row - taps.shape[2]))), "weights"),
            Array("bias", np.array([c.bias for c in channels], np.int32), "weights"),
            Array("multipliers", np.array([c.multiplier for c in channels], np.int32), "tables"),
            Array("shifts", np.array([c.shift for c in channels], np.int8), "tables"),
        )
        shared = {a.name: a.name for a in arrays}
        calls = tuple(
            Call(f"tinynas_{self.name}", {**shared, **_params(op, graph, layout, row, layout is layouts[-1])},
                 (op.inputs[0],), (op.outputs[0],), scratch=True)
            for layout in layouts
        )
        return Code(arrays, calls)

    def _channels(self, op: DepthwiseConv2D, graph: Graph, taps: np.ndarray) -> list[Channel]:
        x, w, y = input_tensor(graph, op), input_tensor(graph, op, 1), output_tensor(graph, op)
        bias = tensor_in(graph, op, 2)
        folded = folded_bias(taps, None if bias is None else weights_of(bias), x.zero_point)
        factors = output_multipliers(x, w, y, y.shape[3])
        rows = zip(taps, folded.tolist(), factors[0].tolist(), (-factors[1]).tolist(), strict=True)
        if self.low:
            return [low_channel(*row) for row in rows]
        return [signed_channel(*row, y.zero_point) for row in rows]


class Depthwise3x3(DepthwiseDsp):
    """Groups of eight, six, four, two outputs and one."""

    def __init__(self, name: str, pixel_stride: int, low: bool) -> None:
        self.name = name  # type: ignore[misc]
        self.sources = (f"{name}.c", "depthwise_planes.c")  # type: ignore[misc]
        self.pixel_stride, self.low = pixel_stride, low

    def takes(self, window: Window) -> str | None:
        taken = window.kernel == (3, 3) and window.dilation == (1, 1)
        return None if taken else "it takes 3 x 3 kernels without dilation"

    def price(self, layout: Layout) -> float:
        groups = groups_of(layout.pixels.outputs)
        work = layout.lines.outputs * sum(count * (20 + 9.6 * size) for size, count in groups.items())
        return work + layout.strips * (60 + 40 * len(groups))

    def beyond(self, pixels: Axis) -> int:
        return pixels.spanned

    def work(self, layout: Layout, outs: int) -> Mapping[str, float]:
        lines, groups = layout.lines.outputs, groups_of(layout.pixels.outputs)
        columns = outs * len(groups)
        return {
            "columns": float(columns * layout.strips),
            "unequal_strips": float(columns if lines % layout.strip else 0),
            "groups": float(outs * lines * (sum(groups.values()) - groups.get(1, 0))),
            "single_outputs": float(outs * lines * groups.get(1, 0)),
            "outputs": float(outs * lines * (layout.pixels.outputs - groups.get(1, 0))),
            "lines": float(outs * lines if groups.get(8, 0) > 1 else 0),
        }


class DepthwiseLines(DepthwiseDsp):
    """Groups of eight outputs; other strides two outputs at a time."""

    name = "depthwise_lines_dsp"
    sources = ("depthwise_lines_dsp.c", "depthwise_planes.c")
    pixel_stride = None

    def takes(self, window: Window) -> str | None:
        if min(window.kernel) > LINE_TAPS:
            return f"it takes at most {LINE_TAPS} taps along a line"
        if window.dilation != (1, 1) and window.stride != (1, 1):
            return "it takes either strides or dilation"
        if window.dilation[0] * window.dilation[1] > MOST_PHASES:
            return f"it takes dilations of at most {MOST_PHASES} phases"
        return None

    def price(self, layout: Layout) -> float:
        work = self.work(layout, 1)
        return (
            11 * work["pairs"] + 62 * work["groups"] + 30 * work["tails"] + 9 * work["tail_outputs"]
            + 30 * work["lines"] + 9 * work["strided_pairs"] + 22 * work["strided_outputs"]
            + 8 * work["weight_pairs"] + 150 * layout.strips
        )

    def beyond(self, pixels: Axis) -> int:
        if pixels.stride > 1:
            return max(pixels.spanned, (pixels.outputs - 1) * pixels.stride + 2 * _pairs(pixels))
        return (up(pixels.outputs, LINE_GROUP) - LINE_GROUP) + 2 * _pairs(pixels) + 6

    def table_words(self, layout: Layout) -> int:
        return layout.lines.taps * self.weight_row(layout.pixels)

    def weight_row(self, pixels: Axis) -> int:
        return 4 * up(_pairs(pixels), 2) // 2

    def refuses(self, op: Op, graph: Graph, core: Core) -> str | None:
        refusal = super().refuses(op, graph, core)
        if refusal is None:
            window = depthwise_window(op, graph)  # type: ignore[arg-type]
            plain = window.outputs[0] * window.outputs[1] * (51 + 4.5 * window.kernel[0] * window.kernel[1])
            if sum(self.price(layout) + _expansion_price(layout) for layout in self.layouts(op, graph)) > plain:
                refusal = "so few outputs per channel are not worth a plane"
        return refusal

    def work(self, layout: Layout, outs: int) -> Mapping[str, float]:
        lines, pixels = outs * layout.lines.outputs, layout.pixels
        rows, pairs = layout.lines.taps, _pairs(pixels)
        weights = {"weight_pairs": float(outs * layout.strips * rows * up(pairs, 2)), "lines": float(lines)}
        full, tail = divmod(pixels.outputs, LINE_GROUP)
        twos = -(-pixels.outputs // 2)
        if pixels.stride > 1:
            full, tail = 0, 0
        else:
            twos = 0
        groups = full + (tail > 0)
        return {
            **weights,
            "rows": float(lines * groups * rows), "pairs": float(lines * groups * rows * pairs),
            "groups": float(lines * full), "tails": float(lines * (tail > 0)), "tail_outputs": float(lines * tail),
            "strided_rows": float(lines * twos * rows), "strided_pairs": float(lines * twos * rows * pairs),
            "strided_outputs": float(lines * pixels.outputs if twos else 0),
        }


@lru_cache(maxsize=65536)
def _layouts(path: DepthwiseDsp, window: Window, channels: int) -> tuple[Layout, ...]:
    """Rows or columns as lines: the cheaper; where they cost much the same, what may be in place."""
    size = window.inputs[0] * window.inputs[1] * channels
    found = []
    for transposed in (False, True):
        layouts = [plane_layout(axes, transposed, size, path.beyond) for axes in phases(window)]
        fits = all(path.pixel_stride in (None, layout.pixels.stride) for layout in layouts)
        if layouts and fits and max(layout.pixels.taps for layout in layouts) <= LINE_TAPS:
            price = sum(path.price(layout) + _expansion_price(layout) for layout in layouts)
            hindrance = 1.0 if all(layout.in_place for layout in layouts) else 1.5
            found.append((price * hindrance, transposed, tuple(layouts)))
    return min(found)[2] if found else ()


def groups_of(outputs: int) -> dict[int, int]:
    """Size of a group -> how many of them a line has."""
    found = {8: outputs // 8} if outputs >= 8 else {}
    left = outputs % 8
    for size in GROUPS[1:]:
        if left >= size:
            found[size] = 1
            left -= size
    return found


def _pairs(pixels: Axis) -> int:
    """Pairs of weight words of a row of the kernel."""
    return pixels.taps // 2 + 1 if pixels.stride == 1 else (pixels.taps + 1) // 2


def _expansion_price(layout: Layout) -> float:
    return min(layout.lines.inputs, layout.lines.spanned) * (15 + 2.5 * layout.pixels.read)


def _expansion(layout: Layout, planes: int) -> dict[str, float]:
    lines, pixels = layout.lines, layout.pixels
    moved = (layout.strips - 1) * max(0, lines.taps - lines.stride) * layout.pitch / 2
    return {
        "calls": 1.0,
        "filled_words": float(layout.plane_words),
        "strips": float(planes * layout.strips),
        "in_lines": float(planes * lines.read),
        "expanded_fours": float(planes * lines.read * (pixels.read // 4)),
        "expanded_ones": float(planes * lines.read * (pixels.read % 4)),
        "moved_words": float(planes * moved),
    }


def _params(op: DepthwiseConv2D, graph: Graph, layout: Layout, weight_row: int, last: bool) -> dict[str, Any]:
    """Fields after the arrays. The last call clamps all outputs."""
    x, y = input_tensor(graph, op), output_tensor(graph, op)
    low, high = activation_range(op.activation, y.scale, y.zero_point) if last else (-128, 127)
    lines, pixels = layout.lines, layout.pixels
    return {
        "batches": x.shape[0], "channels": x.shape[3], "multiplier": op.multiplier,
        "in_bytes": x.size_bytes // x.shape[0], "out_bytes": y.size_bytes // y.shape[0],
        **_steps("in", layout, x.shape, (lines.first_in, pixels.first_in), (lines.inputs, pixels.read)),
        **_steps("out", layout, y.shape, (lines.first_out, pixels.first_out), (lines.outputs, pixels.outputs)),
        "kernel_lines": lines.taps, "kernel_pixels": pixels.taps, "weight_row": weight_row,
        "stride_lines": lines.stride, "stride_pixels": pixels.stride,
        "pad_lines": lines.pad, "pad_pixels": pixels.pad,
        "strip": layout.strip, "whole_lines": lines.read,
        "pitch": layout.pitch, "plane_words": layout.plane_words,
        "in_zero_point": x.zero_point, "zero_point": y.zero_point, "low": low, "high": high,
    }


def _steps(
    prefix: str, layout: Layout, shape: Shape, first: tuple[int, int], count: tuple[int, int]
) -> dict[str, int]:
    row, column = shape[2] * shape[3], shape[3]
    line, pixel = (column, row) if layout.transposed else (row, column)
    return {
        f"{prefix}_start": first[0] * line + first[1] * pixel,
        f"{prefix}_lines": count[0], f"{prefix}_pixels": count[1],
        f"{prefix}_line_step": line * layout.lines.step, f"{prefix}_pixel_step": pixel * layout.pixels.step,
    }


PATHS: tuple[DepthwiseDsp, ...] = (
    Depthwise3x3("depthwise_3x3_low_dsp", 1, True),
    Depthwise3x3("depthwise_3x3_step2_dsp", 2, True),
    Depthwise3x3("depthwise_3x3_dsp", 1, False),
    DepthwiseLines(),
)
