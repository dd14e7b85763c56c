"""CONV_2D with a 1 x 1 kernel on cores with DSP instructions: four positions times two channels at a time."""

from __future__ import annotations

from collections.abc import Mapping

from tinynas.boards import Core
from tinynas.graph import Graph, Op
from tinynas.graph.ops import Conv2D
from tinynas.kernels.common import FIELD_BYTES, input_tensor, output_tensor
from tinynas.kernels.conv_plain import conv_window
from tinynas.kernels.distances import Window
from tinynas.kernels.dsp_packing import natural_order, not_packable, pack, stream_bytes, without_dsp
from tinynas.kernels.groups import window_distances
from tinynas.kernels.path import Call, Code, Constants, KernelPath, Overlap, up

FIELDS = 13
GROUP = 4


def group_overlap(window: Window, in_c: int, out_c: int) -> Overlap:
    """Groups of four positions, each read before it is written."""
    return window_distances(
        *window.inputs, in_c, *window.outputs, out_c, *window.kernel, window.stride, *window.padding,
        window.dilation, GROUP)


def group_features(
    groups: int, words: int, outputs: int, zero_point: int, strip: bool = False
) -> dict[str, float]:
    """Counts for group_dsp.c: rounds of the inner loop, of its unrolling, pairs of channels."""
    blocks = groups * -(-outputs // 2)
    rounds = -(-(words - 1) // (12 if strip else 16))
    return {
        "calls": 1.0,
        "groups": float(groups),
        "blocks": float(blocks),
        "blocks_nearest": float(blocks if zero_point != -128 else 0),
        "words": float(blocks * words),
        "rounds": float(blocks * rounds),
    }


class Conv1x1Dsp(KernelPath):
    name = "conv_1x1_dsp"
    sources = ("conv_1x1_dsp.c", "expand_dsp.c", "group_dsp.c")

    def refuses(self, op: Op, graph: Graph, core: Core) -> str | None:
        if not isinstance(op, Conv2D):
            return f"runs CONV_2D, not {op.kind}"
        x, w = input_tensor(graph, op), input_tensor(graph, op, 1)
        if w.shape[1:3] != (1, 1):
            return f"runs 1 x 1 kernels, not {w.shape[1]} x {w.shape[2]}"
        if x.shape[0] != 1 and op.stride != (1, 1):
            return f"batch {x.shape[0]} with stride {op.stride[0]} x {op.stride[1]}"
        return without_dsp(core) or not_packable(op, graph)

    def scratch_bytes(self, op: Op, graph: Graph) -> int:
        return 2 * GROUP * up(input_tensor(graph, op).shape[3])

    def overlaps(self, op: Op, graph: Graph) -> Mapping[tuple[int, int], Overlap]:
        assert isinstance(op, Conv2D)
        x, y = input_tensor(graph, op), output_tensor(graph, op)
        if x.shape[0] != 1:
            return {}
        overlap = group_overlap(conv_window(op, graph), x.shape[3], y.shape[3])
        return {(op.inputs[0], op.outputs[0]): overlap}

    def constants(self, op: Op, graph: Graph) -> Constants:
        x, y = input_tensor(graph, op), output_tensor(graph, op)
        return Constants(stream_bytes(up(x.shape[3]), y.shape[3]), FIELD_BYTES * FIELDS)

    def features(self, op: Op, graph: Graph) -> Mapping[str, float]:
        x, y = input_tensor(graph, op), output_tensor(graph, op)
        positions, depth = y.elements // y.shape[3], x.shape[3]
        return {
            **group_features(-(-positions // GROUP), up(depth) // 2, y.shape[3], y.zero_point),
            "positions": float(positions),
            "expanded_bytes": float(positions * depth),
        }

    def code(self, op: Op, graph: Graph, backward: bool = False) -> Code:
        assert isinstance(op, Conv2D)
        x, y = input_tensor(graph, op), output_tensor(graph, op)
        rows, columns, depth = y.shape[1], y.shape[2], x.shape[3]
        row_step = op.stride[0] * x.shape[2] * depth
        if op.stride == (1, 1):
            rows, columns = 1, x.shape[0] * rows * columns
        packed = pack(op, graph, op.activation, natural_order(depth))
        params: dict[str, int | str] = {
            "stream": "stream", "words": up(depth) // 2, "any": packed.any,
            "rows": rows, "columns": columns, "in_c": depth, "out_c": y.shape[3],
            "in_column_step": op.stride[1] * depth, "in_row_step": row_step,
            "low": packed.low, "high": packed.high, "zero_point": packed.zero_point,
            "backward": int(backward),
        }
        call = Call("tinynas_conv_1x1_dsp", params, (op.inputs[0],), (op.outputs[0],), scratch=True)
        return Code((packed.stream,), (call,))


PATH = Conv1x1Dsp()
