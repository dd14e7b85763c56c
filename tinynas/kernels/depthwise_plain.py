"""DEPTHWISE_CONV_2D of any shape in plain C: a list of taps per position, four channels at a time."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tinynas.boards import Core
from tinynas.graph import Graph, Op
from tinynas.graph.ops import DepthwiseConv2D
from tinynas.graph.requantize import output_multipliers
from tinynas.kernels.common import (
    folded_bias,
    input_tensor,
    layer_constants,
    limits,
    not_int8,
    output_tensor,
    requantizer,
    tensor_in,
    weights_of,
)
from tinynas.kernels.copies import taps_inside
from tinynas.kernels.distances import Window, by_channel
from tinynas.kernels.path import Array, Call, Code, Constants, KernelPath, Overlap, up

FIELDS = 25
RUN = 16  # output channels computed before they are written
TAP_BYTES = 4  # a pointer on the target, an offset on a 64-bit host


def depthwise_window(op: DepthwiseConv2D, graph: Graph) -> Window:
    x, w, y = input_tensor(graph, op), input_tensor(graph, op, 1), output_tensor(graph, op)
    return Window((x.shape[1], x.shape[2]), (y.shape[1], y.shape[2]), (w.shape[1], w.shape[2]),
                  op.stride, op.dilation, op.pads)


class DepthwisePlain(KernelPath):
    name = "depthwise_plain"
    sources = ("depthwise_plain.c", "requantize_run.c")

    def refuses(self, op: Op, graph: Graph, core: Core) -> str | None:
        if not isinstance(op, DepthwiseConv2D):
            return f"runs DEPTHWISE_CONV_2D, not {op.kind}"
        return not_int8((input_tensor(graph, op), input_tensor(graph, op, 1), output_tensor(graph, op)))

    def scratch_bytes(self, op: Op, graph: Graph) -> int:
        w = input_tensor(graph, op, 1)
        return TAP_BYTES * w.shape[1] * w.shape[2]

    def overlaps(self, op: Op, graph: Graph) -> Mapping[tuple[int, int], Overlap]:
        assert isinstance(op, DepthwiseConv2D)
        batches, _, _, channels = input_tensor(graph, op).shape
        if batches != 1:
            return {}
        overlap = by_channel(depthwise_window(op, graph), channels, op.multiplier, RUN)
        return {(op.inputs[0], op.outputs[0]): overlap}

    def constants(self, op: Op, graph: Graph) -> Constants:
        assert isinstance(op, DepthwiseConv2D)
        x, outputs = input_tensor(graph, op), output_tensor(graph, op).shape[3]
        layer = layer_constants(input_tensor(graph, op, 1).size_bytes, outputs, outputs, FIELDS)
        padding = up(x.shape[3]) if depthwise_window(op, graph).padded else 0
        return Constants(layer.weights, layer.tables + padding)

    def features(self, op: Op, graph: Graph) -> Mapping[str, float]:
        assert isinstance(op, DepthwiseConv2D)
        window, y = depthwise_window(op, graph), output_tensor(graph, op)
        positions, taps = y.elements // y.shape[3], window.kernel[0] * window.kernel[1]
        run = y.shape[3] if op.multiplier == 1 else op.multiplier
        runs = y.shape[3] // run
        fours, ones = run // 4 * runs, run % 4 * runs
        return {
            "calls": 1.0,
            "positions": float(positions),
            "taps": float(positions * taps),
            "tap_rows": float(positions * window.kernel[0]),
            "padding_taps": float(positions * taps - y.shape[0] * taps_inside(window)),
            "macs" if op.multiplier == 1 else "spread_macs": float(positions * taps * fours * 4),
            "single_macs": float(positions * taps * ones),
            "output_runs": float(positions * runs * -(-run // RUN)),
            "blocks": float(positions * (fours + ones)),
            "outputs": float(positions * y.shape[3]),
        }

    def code(self, op: Op, graph: Graph, backward: bool = False) -> Code:
        assert isinstance(op, DepthwiseConv2D)
        x, w, y = input_tensor(graph, op), input_tensor(graph, op, 1), output_tensor(graph, op)
        bias = tensor_in(graph, op, 2)
        window = depthwise_window(op, graph)
        taps = weights_of(w).reshape(-1, w.shape[3])
        folded = folded_bias(taps.T, None if bias is None else weights_of(bias), x.zero_point)
        factors, constants = requantizer(folded, *output_multipliers(x, w, y, w.shape[3]))
        arrays = [Array("weights", taps, "weights"), *factors]
        if window.padded:
            arrays.append(Array("padding", np.full(x.shape[3], x.zero_point, np.int8), "tables"))
        params: dict[str, int | str] = {
            "weights": "weights", **constants,
            "padding": "padding" if window.padded else 0,
            "batches": x.shape[0],
            "in_h": x.shape[1], "in_w": x.shape[2], "in_c": x.shape[3],
            "out_h": y.shape[1], "out_w": y.shape[2], "multiplier": op.multiplier,
            "kernel_h": window.kernel[0], "kernel_w": window.kernel[1],
            "stride_h": op.stride[0], "stride_w": op.stride[1],
            "dilation_h": op.dilation[0], "dilation_w": op.dilation[1],
            "pad_top": window.padding[0], "pad_left": window.padding[1],
            **limits(op.activation, y),
            "backward": int(backward),
        }
        call = Call("tinynas_depthwise_plain", params, (op.inputs[0],), (op.outputs[0],), scratch=True)
        return Code(tuple(arrays), (call,))


PATH = DepthwisePlain()
