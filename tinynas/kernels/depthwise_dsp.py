"""DEPTHWISE_CONV_2D on cores with DSP instructions: one channel after the other, as planes of 16-bit lines.

Three kernels share the planes (depthwise_layout) and the requantizers (depthwise_finish); they differ in the
stride along a line and in how sums become outputs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from tinynas.boards import Core
from tinynas.graph import Graph, Op
from tinynas.graph.fixed_point import activation_range
from tinynas.graph.ops import DepthwiseConv2D
from tinynas.graph.requantize import output_multipliers
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
from tinynas.kernels.depthwise_layout import Layout, plane_layout
from tinynas.kernels.depthwise_plain import depthwise_window
from tinynas.kernels.path import Array, Call, Code, Constants, KernelPath, Overlap

FIELDS = 33


class DepthwiseDsp(KernelPath):
    """A 3 x 3 kernel; `stride`: along a line; `low`: for outputs with zero point -128 (ReLU)."""

    def __init__(self, name: str, stride: int, low: bool) -> None:
        self.name = name  # type: ignore[misc]
        self.sources = (f"{name}.c", "depthwise_planes.c")  # type: ignore[misc]
        self.stride, self.low = stride, low

    def refuses(self, op: Op, graph: Graph, core: Core) -> str | None:
        if not isinstance(op, DepthwiseConv2D):
            return f"runs DEPTHWISE_CONV_2D, not {op.kind}"
        if not core.dsp:
            return "it needs the DSP extension"
        window = depthwise_window(op, graph)
        if window.kernel != (3, 3) or window.dilation != (1, 1):
            return "it takes 3 x 3 kernels without dilation"
        if self._layout(op, graph) is None:
            return f"it takes stride {self.stride} along rows or columns"
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

    def _layout(self, op: DepthwiseConv2D, graph: Graph) -> Layout | None:
        channels = input_tensor(graph, op).shape[3]
        return plane_layout(depthwise_window(op, graph), channels, self.stride, _in_place(op, graph))

    def layout(self, op: Op, graph: Graph) -> Layout:
        assert isinstance(op, DepthwiseConv2D)
        found = self._layout(op, graph)
        assert found is not None
        return found

    def scratch_bytes(self, op: Op, graph: Graph) -> int:
        return 4 * self.layout(op, graph).plane_words

    def overlaps(self, op: Op, graph: Graph) -> Mapping[tuple[int, int], Overlap]:
        """In place only: while one channel is written, all others are still to be read."""
        assert isinstance(op, DepthwiseConv2D)
        return {(op.inputs[0], op.outputs[0]): Overlap(in_place=True)} if _in_place(op, graph) else {}

    def constants(self, op: Op, graph: Graph) -> Constants:
        outputs = output_tensor(graph, op).shape[3]
        return layer_constants(input_tensor(graph, op, 1).size_bytes, outputs, outputs, FIELDS)

    def features(self, op: Op, graph: Graph) -> Mapping[str, float]:
        assert isinstance(op, DepthwiseConv2D)
        layout, x = self.layout(op, graph), input_tensor(graph, op)
        planes, outs = x.shape[0] * x.shape[3], x.shape[0] * x.shape[3] * op.multiplier
        lines, pixels = layout.lines, layout.pixels
        groups = lines.outputs * sum(layout.groups.values())
        side_by_side = layout.groups.get(8, 0) > 1
        read = min(lines.inputs, lines.read)
        return {
            "calls": 1.0,
            "filled_words": float(layout.plane_words),
            "strips": float(planes * layout.strips),
            "channels": float(outs * layout.strips),
            "columns": float(outs * layout.strips * len(layout.groups)),
            "unequal_strips": float(outs * len(layout.groups) if lines.outputs % layout.strip else 0),
            "groups": float(outs * groups),
            "outputs": float(outs * lines.outputs * pixels.outputs),
            "lines": float(outs * lines.outputs if side_by_side else 0),
            "in_lines": float(planes * read),
            "expanded_fours": float(planes * read * (pixels.read // 4)),
            "expanded_ones": float(planes * read * (pixels.read % 4)),
            "moved_words": float(planes * (layout.strips - 1) * max(0, lines.taps - lines.stride) * layout.pitch / 2),
        }

    def code(self, op: Op, graph: Graph, backward: bool = False) -> Code:
        assert isinstance(op, DepthwiseConv2D)
        x, w, y = input_tensor(graph, op), input_tensor(graph, op, 1), output_tensor(graph, op)
        layout = self.layout(op, graph)
        taps = np.ascontiguousarray(weights_of(w)[0].transpose((2, 1, 0) if layout.transposed else (2, 0, 1)))
        channels = self._channels(op, graph, taps.reshape(len(taps), -1))
        arrays = (
            Array("weights", taps, "weights"),
            Array("bias", np.array([c.bias for c in channels], np.int32), "weights"),
            Array("multipliers", np.array([c.multiplier for c in channels], np.int32), "tables"),
            Array("shifts", np.array([c.shift for c in channels], np.int8), "tables"),
        )
        low, high = activation_range(op.activation, y.scale, y.zero_point)
        params: dict[str, Any] = {
            **{a.name: a.name for a in arrays},
            "batches": x.shape[0], "channels": x.shape[3], "multiplier": op.multiplier,
            "in_bytes": x.size_bytes // x.shape[0], "out_bytes": y.size_bytes // y.shape[0],
            **_steps("in", layout, x.shape, layout.lines.inputs, layout.pixels.read),
            **_steps("out", layout, y.shape, layout.lines.outputs, layout.pixels.outputs),
            "kernel_lines": layout.lines.taps, "kernel_pixels": layout.pixels.taps,
            "stride_lines": layout.lines.stride, "stride_pixels": layout.pixels.stride,
            "pad_lines": layout.lines.pad, "pad_pixels": layout.pixels.pad,
            "strip": layout.strip, "whole_lines": layout.lines.read,
            "pitch": layout.pitch, "plane_words": layout.plane_words,
            "in_zero_point": x.zero_point, "zero_point": y.zero_point, "low": low, "high": high,
        }
        call = Call(f"tinynas_{self.name}", params, (op.inputs[0],), (op.outputs[0],), scratch=True)
        return Code(arrays, (call,))

    def _channels(self, op: DepthwiseConv2D, graph: Graph, taps: np.ndarray) -> list[Channel]:
        x, w, y = input_tensor(graph, op), input_tensor(graph, op, 1), output_tensor(graph, op)
        bias = tensor_in(graph, op, 2)
        folded = folded_bias(taps, None if bias is None else weights_of(bias), x.zero_point)
        factors = output_multipliers(x, w, y, y.shape[3])
        rows = zip(taps, folded.tolist(), factors[0].tolist(), (-factors[1]).tolist(), strict=True)
        if self.low:
            return [low_channel(*row) for row in rows]
        return [signed_channel(*row, y.zero_point) for row in rows]


def _in_place(op: DepthwiseConv2D, graph: Graph) -> bool:
    """Output channels lie where their own input channels do."""
    return op.multiplier == 1 and input_tensor(graph, op).shape[0] == 1


def _steps(prefix: str, layout: Layout, shape: tuple[int, ...], lines: int, pixels: int) -> dict[str, int]:
    row, column = shape[2] * shape[3], shape[3]
    line, pixel = (column, row) if layout.transposed else (row, column)
    return {
        f"{prefix}_start": 0, f"{prefix}_lines": lines, f"{prefix}_pixels": pixels,
        f"{prefix}_line_step": line, f"{prefix}_pixel_step": pixel,
    }


PATHS = (
    DepthwiseDsp("depthwise_3x3_low_dsp", 1, True),
    DepthwiseDsp("depthwise_3x3_step2_dsp", 2, True),
    DepthwiseDsp("depthwise_3x3_dsp", 1, False),
)
