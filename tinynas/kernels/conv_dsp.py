"""CONV_2D with channels in fours on cores with DSP instructions: four positions times two channels at a time.

Inputs of four neighbouring positions are expanded to 16 bits, window by window or, for kernels three wide that
move by one, as a strip of six columns that the windows share. firmware/kernels/conv_dsp.c has the layouts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tinynas.boards import Core
from tinynas.graph import Graph, Op
from tinynas.graph.ops import Conv2D
from tinynas.kernels.common import FIELD_BYTES, input_tensor, output_tensor
from tinynas.kernels.conv_1x1_dsp import GROUP, group_features
from tinynas.kernels.conv_plain import conv_window
from tinynas.kernels.distances import Window
from tinynas.kernels.dsp_packing import natural_order, not_packable, pack, stream_bytes, without_dsp
from tinynas.kernels.groups import window_distances
from tinynas.kernels.path import Call, Code, Constants, KernelPath, Overlap, up

FIELDS = 23
STRIP_WASTE = 1.2  # a strip may have this many times the groups that windows have


@dataclass(frozen=True)
class Layout:
    """How a layer is executed. Images one column wide are turned, so that neighbours lie in a row."""

    window: Window
    channels: int
    strip: bool

    @property
    def depth(self) -> int:
        return self.window.kernel[0] * self.window.kernel[1] * self.channels

    @property
    def words(self) -> int:
        return up(self.depth) // 2

    @property
    def positions(self) -> int:
        return self.window.outputs[0] * self.window.outputs[1]

    def fields(self, outputs: int) -> dict[str, int]:
        """Those of the params structs that describe the shape."""
        w = self.window
        return {
            "in_h": w.inputs[0], "in_w": w.inputs[1], "in_c": self.channels,
            "out_h": w.outputs[0], "out_w": w.outputs[1], "out_c": outputs,
            "kernel_h": w.kernel[0], "kernel_w": w.kernel[1], "stride_h": w.stride[0], "stride_w": w.stride[1],
            "dilation_h": w.dilation[0], "dilation_w": w.dilation[1],
            "pad_top": w.padding[0], "pad_left": w.padding[1],
        }

    @property
    def groups(self) -> int:
        rows, columns = self.window.outputs
        return rows * -(-columns // GROUP) if self.strip else -(-self.positions // GROUP)

    def overlap(self, outputs: int) -> Overlap:
        w = self.window
        return window_distances(
            *w.inputs, self.channels, *w.outputs, outputs, *w.kernel, w.stride, *w.padding, w.dilation, GROUP,
            per_row=self.strip)


def layout(op: Conv2D, graph: Graph) -> Layout:
    window, channels = conv_window(op, graph), input_tensor(graph, op).shape[3]
    if window.inputs[1] == window.outputs[1] == window.kernel[1] == 1:
        fields = (window.inputs, window.outputs, window.kernel, window.stride, window.dilation)
        window = Window(*((b, a) for a, b in fields))
    rows, columns = window.outputs
    slides = window.kernel[1] == 3 and window.stride[1] == window.dilation[1] == 1 and channels % 4 == 0
    few = rows * -(-columns // GROUP) <= STRIP_WASTE * -(-rows * columns // GROUP)
    return Layout(window, channels, slides and few)


def strip_order(rows: int, channels: int) -> np.ndarray:
    """Lane -> input: for each kernel row and two channels the three taps after another."""
    lanes = np.arange(rows * 3 * channels).reshape(rows, 3, channels // 4, 2, 2)  # bytes (0, 1), (2, 3) of four
    return lanes.transpose(0, 2, 4, 1, 3).reshape(-1)


class ConvDsp(KernelPath):
    name = "conv_dsp"
    sources = ("conv_dsp.c", "expand_dsp.c", "group_dsp.c")

    def refuses(self, op: Op, graph: Graph, core: Core) -> str | None:
        if not isinstance(op, Conv2D):
            return f"runs CONV_2D, not {op.kind}"
        x = input_tensor(graph, op)
        if x.shape[0] != 1:
            return f"runs one image, not {x.shape[0]}"
        if x.shape[3] % 4:
            return f"runs input channels in fours, not {x.shape[3]}"
        return without_dsp(core) or not_packable(op, graph)

    def scratch_bytes(self, op: Op, graph: Graph) -> int:
        assert isinstance(op, Conv2D)
        how = layout(op, graph)
        return (8 if how.strip else 16) * how.words

    def overlaps(self, op: Op, graph: Graph) -> Mapping[tuple[int, int], Overlap]:
        assert isinstance(op, Conv2D)
        overlap = layout(op, graph).overlap(output_tensor(graph, op).shape[3])
        return {(op.inputs[0], op.outputs[0]): overlap}

    def constants(self, op: Op, graph: Graph) -> Constants:
        assert isinstance(op, Conv2D)
        outputs = output_tensor(graph, op).shape[3]
        return Constants(stream_bytes(up(layout(op, graph).depth), outputs), FIELD_BYTES * FIELDS)

    def features(self, op: Op, graph: Graph) -> Mapping[str, float]:
        assert isinstance(op, Conv2D)
        how, y = layout(op, graph), output_tensor(graph, op)
        return {**group_features(how.groups, how.words, y.shape[3], y.zero_point, how.strip), **_expanding(how)}

    def code(self, op: Op, graph: Graph, backward: bool = False) -> Code:
        assert isinstance(op, Conv2D)
        x, y, how = input_tensor(graph, op), output_tensor(graph, op), layout(op, graph)
        window = how.window
        order = strip_order(window.kernel[0], how.channels) if how.strip else natural_order(how.depth)
        packed = pack(op, graph, op.activation, order)
        params: dict[str, int | str] = {
            "stream": "stream", "words": how.words, "any": packed.any, "strip": int(how.strip),
            **how.fields(y.shape[3]),
            "in_zero_point": x.zero_point,
            "low": packed.low, "high": packed.high, "zero_point": packed.zero_point,
            "backward": int(backward),
        }
        call = Call("tinynas_conv_dsp", params, (op.inputs[0],), (op.outputs[0],), scratch=True)
        return Code((packed.stream,), (call,))


def _expanding(how: Layout) -> dict[str, float]:
    """What is expanded: bytes, and runs of bytes, by layout."""
    rows, columns = how.window.kernel
    if how.strip:
        return {"strip_rows": float(how.groups * rows), "strip_runs": float(how.groups * rows * 6),
                "strip_bytes": float(how.groups * rows * 6 * how.channels)}
    positions = float(how.positions)
    return {"positions": positions, "window_bytes": positions * how.depth,
            "window_runs": positions * rows * (1 if how.window.dilation[1] == 1 else columns)}


PATH = ConvDsp()
