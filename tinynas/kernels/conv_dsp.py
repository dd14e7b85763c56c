"""CONV_2D with channels in fours on cores with DSP instructions: four positions times two channels at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tinynas.boards import Core
from tinynas.graph import Graph, Op, Tensor
from tinynas.graph.ops import Conv2D
from tinynas.kernels.common import FIELD_BYTES, input_tensor, output_tensor
from tinynas.kernels.conv_1x1_dsp import GROUP, expand_features, group_features
from tinynas.kernels.conv_plain import conv_window
from tinynas.kernels.distances import Window
from tinynas.kernels.dsp_packing import Packed, natural_order, not_packable, pack, stream_bytes, without_dsp
from tinynas.kernels.groups import window_distances
from tinynas.kernels.path import Call, Code, Constants, KernelPath, Overlap, up

FIELDS = 22


@dataclass(frozen=True)
class Shape:
    """A convolution of one image, as the DSP kernels see it. Images one column wide are turned, so that
    neighbours lie in a row."""

    window: Window
    channels: int
    outputs: int

    @property
    def depth(self) -> int:
        return self.window.kernel[0] * self.window.kernel[1] * self.channels

    @property
    def words(self) -> int:
        """Of weights, for a pair of output channels."""
        return up(self.depth) // 2

    @property
    def positions(self) -> int:
        return self.window.outputs[0] * self.window.outputs[1]

    def fields(self) -> dict[str, int]:
        """Those of the params structs that describe the shape."""
        w = self.window
        return {
            "in_h": w.inputs[0], "in_w": w.inputs[1], "in_c": self.channels,
            "out_h": w.outputs[0], "out_w": w.outputs[1], "out_c": self.outputs,
            "kernel_h": w.kernel[0], "kernel_w": w.kernel[1], "stride_h": w.stride[0], "stride_w": w.stride[1],
            "dilation_h": w.dilation[0], "dilation_w": w.dilation[1],
            "pad_top": w.padding[0], "pad_left": w.padding[1],
        }

    def overlap(self) -> Overlap:
        """Groups of four positions, also across rows, each read before it is written."""
        w = self.window
        return window_distances(
            *w.inputs, self.channels, *w.outputs, self.outputs, *w.kernel, w.stride, *w.padding, w.dilation,
            GROUP)


def conv_shape(op: Op, graph: Graph) -> Shape:
    assert isinstance(op, Conv2D)
    window = conv_window(op, graph)
    if window.inputs[1] == window.outputs[1] == window.kernel[1] == 1:
        window = _turned(window)
    return Shape(window, input_tensor(graph, op).shape[3], output_tensor(graph, op).shape[3])


def _turned(w: Window) -> Window:
    def swap(pair: tuple[int, int]) -> tuple[int, int]:
        return (pair[1], pair[0])

    pads = None if w.pads is None else (w.pads[2], w.pads[3], w.pads[0], w.pads[1])
    return Window(swap(w.inputs), swap(w.outputs), swap(w.kernel), swap(w.stride), swap(w.dilation), pads)


def inner_positions(window: Window) -> tuple[int, int, int, int]:
    """Output rows [y, end) and columns [x, end) whose windows lie inside the image."""
    ends: list[int] = []
    for k in range(2):
        first = np.arange(window.outputs[k]) * window.stride[k] - window.padding[k]
        last = first + (window.kernel[k] - 1) * window.dilation[k]
        inside = np.flatnonzero((first >= 0) & (last < window.inputs[k]))
        ends += [int(inside[0]), int(inside[-1]) + 1] if inside.size else [0, 0]
    return ends[0], ends[1], ends[2], ends[3]


def refuses_conv(op: Op, graph: Graph, core: Core) -> str | None:
    """What all DSP paths of convolutions refuse."""
    if not isinstance(op, Conv2D):
        return f"runs CONV_2D, not {op.kind}"
    x = input_tensor(graph, op)
    if x.shape[0] != 1:
        return f"runs one image, not {x.shape[0]}"
    return without_dsp(core) or not_packable(op, graph)


def packed_fields(packed: Packed, x: Tensor, backward: bool) -> dict[str, int]:
    """The params behind those of the shape."""
    return {
        "in_zero_point": x.zero_point,
        "low": packed.low, "high": packed.high, "zero_point": packed.zero_point,
        "backward": int(backward),
    }


class ConvDsp(KernelPath):
    name = "conv_dsp"
    sources = ("conv_dsp.c", "expand_dsp.c", "group_dsp.c")

    def refuses(self, op: Op, graph: Graph, core: Core) -> str | None:
        refused = refuses_conv(op, graph, core)
        channels = input_tensor(graph, op).shape[-1]
        return refused or (f"runs input channels in fours, not {channels}" if channels % 4 else None)

    def scratch_bytes(self, op: Op, graph: Graph) -> int:
        return 4 * GROUP * conv_shape(op, graph).words

    def overlaps(self, op: Op, graph: Graph) -> Mapping[tuple[int, int], Overlap]:
        return {(op.inputs[0], op.outputs[0]): conv_shape(op, graph).overlap()}

    def constants(self, op: Op, graph: Graph) -> Constants:
        shape = conv_shape(op, graph)
        return Constants(stream_bytes(up(shape.depth), shape.outputs), FIELD_BYTES * FIELDS)

    def features(self, op: Op, graph: Graph) -> Mapping[str, float]:
        shape = conv_shape(op, graph)
        rows, columns = shape.window.kernel
        side = columns if shape.window.dilation[1] == 1 else 1
        vectors = float(shape.positions * rows * (columns // side))
        top, bottom, left, right = inner_positions(shape.window)
        border = shape.positions - (bottom - top) * (right - left)
        return {
            **group_features(shape.positions, shape.words, shape.outputs, output_tensor(graph, op).zero_point),
            **expand_features(vectors, side * shape.channels),
            "positions": float(shape.positions),
            "filled": float(border * shape.depth),
        }

    def code(self, op: Op, graph: Graph, backward: bool = False) -> Code:
        assert isinstance(op, Conv2D)
        shape = conv_shape(op, graph)
        packed = pack(op, graph, op.activation, natural_order(shape.depth))
        params: dict[str, int | str] = {
            "stream": "stream", "words": shape.words, "any": packed.any, **shape.fields(),
            **packed_fields(packed, input_tensor(graph, op), backward),
        }
        call = Call("tinynas_conv_dsp", params, (op.inputs[0],), (op.outputs[0],), scratch=True)
        return Code((packed.stream,), (call,))


PATH = ConvDsp()
