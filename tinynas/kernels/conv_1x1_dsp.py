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
UNROLLED = 16  # words of the inner loop


def group_overlap(window: Window, in_c: int, out_c: int) -> Overlap:
    """Groups of four positions, each read before it is written."""
    return window_distances(
        *window.inputs, in_c, *window.outputs, out_c, *window.kernel, window.stride, *window.padding,
        window.dilation, GROUP)


def group_features(positions: int, words: int, outputs: int, zero_point: int) -> dict[str, float]:
    """Counts for group_dsp.c: groups, pairs of channels, words of the inner loop. What is left of the positions has
    loops of its own when it is one or two; rounding away from zero costs an eighth of a pair, a lone last channel as
    much as nearly three pairs."""
    groups, left = divmod(positions, GROUP)
    groups += left > 2
    few = 0 < left <= 2
    pairs = -(-outputs // 2)
    blocks = (groups + few) * pairs * (1.125 if zero_point != -128 else 1.0) + 2.7 * (groups + few) * (outputs % 2)
    share = {1: 0.52, 2: 0.68}.get(left, 0.0)
    return {
        "calls": 1.0,
        "groups": float(groups + few),
        "blocks": float(blocks),
        "words": float((groups + share * few) * pairs * words),
        "rounds": float(groups * pairs * -(-(words - 1) // UNROLLED)),
        "loops": float(groups * pairs * (words > UNROLLED + 1)),
    }


def expand_features(vectors: float, size: int) -> dict[str, float]:
    """Counts for expand_dsp.h: vectors of `size` bytes; fours cost about a third of sixteens, rests two thirds."""
    sixteens = size // 16 + (size % 16 // 4) / 3 + (size % 4 > 0) * 2 / 3
    return {"vectors": vectors, "sixteens": vectors * sixteens}


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
        if conv_window(op, graph).padded:
            return "runs no padding"
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
        assert isinstance(op, Conv2D)
        x, y = input_tensor(graph, op), output_tensor(graph, op)
        positions, depth = y.elements // y.shape[3], x.shape[3]
        rows = 1 if op.stride == (1, 1) else y.shape[1]
        return {
            **group_features(positions, up(depth) // 2, y.shape[3], y.zero_point),
            **expand_features(float(positions), depth),
            "rows": float(rows),
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
