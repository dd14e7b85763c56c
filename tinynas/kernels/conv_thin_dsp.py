"""CONV_2D with input channels that are no fours on cores with DSP instructions, made for first layers.

As conv_dsp, but the rows of a window need not be whole fours of bytes (conv_thin_dsp.c)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tinynas.boards import Core
from tinynas.graph import Graph, Op
from tinynas.graph.ops import Conv2D
from tinynas.kernels.common import FIELD_BYTES, input_tensor, output_tensor
from tinynas.kernels.conv_1x1_dsp import GROUP, group_features
from tinynas.kernels.conv_dsp import conv_shape, inner_positions, packed_fields, refuses_conv
from tinynas.kernels.dsp_packing import natural_order, pack, stream_bytes
from tinynas.kernels.path import Call, Code, Constants, KernelPath, Overlap, up

FIELDS = 26


def thin_order(rows: int, run: int) -> np.ndarray:
    """Lane -> input: the fours of every kernel row's `run` bytes, then what is left of all rows (-1: nothing)."""
    places = np.arange(rows * run).reshape(rows, run)
    whole = run - run % 4
    left = places[:, whole:].reshape(-1)
    lanes = natural_order(left.size)
    return np.concatenate([
        places[:, :whole].reshape(-1)[natural_order(rows * whole)],
        np.where(lanes < 0, -1, np.append(left, -1)[lanes]),
    ])


class ConvThinDsp(KernelPath):
    name = "conv_thin_dsp"
    sources = ("conv_thin_dsp.c", "group_dsp.c")

    def refuses(self, op: Op, graph: Graph, core: Core) -> str | None:
        refused = refuses_conv(op, graph, core)
        channels = input_tensor(graph, op).shape[-1]
        return refused or (None if channels % 4 else f"runs input channels that are no fours, not {channels}")

    def scratch_bytes(self, op: Op, graph: Graph) -> int:
        shape = conv_shape(op, graph)
        return 4 * GROUP * shape.words + up(shape.depth)

    def overlaps(self, op: Op, graph: Graph) -> Mapping[tuple[int, int], Overlap]:
        return {(op.inputs[0], op.outputs[0]): conv_shape(op, graph).overlap()}

    def constants(self, op: Op, graph: Graph) -> Constants:
        shape = conv_shape(op, graph)
        return Constants(stream_bytes(up(shape.depth), shape.outputs), FIELD_BYTES * FIELDS)

    def features(self, op: Op, graph: Graph) -> Mapping[str, float]:
        shape = conv_shape(op, graph)
        rows, run = shape.window.kernel[0], shape.window.kernel[1] * shape.channels
        top, bottom, left, right = inner_positions(shape.window)
        positions = float(shape.positions)
        dilated = shape.window.dilation[1] != 1
        gathered = positions - (0 if dilated else (bottom - top) * (right - left))
        general = 0.0 if rows == 3 and run == 9 else positions  # three colours have code of their own
        return {
            **group_features(shape.positions, shape.words, shape.outputs, output_tensor(graph, op).zero_point),
            "positions": positions,
            "rows": general * rows * (run >= 4),
            "fours": general * rows * (run // 4),
            "left_rows": general * rows * (run % 4 > 0),
            "left": general * rows * (run % 4),
            "gathered": gathered,
            "gathered_rows": gathered * rows,
            "gathered_bytes": gathered * shape.depth,
        }

    def code(self, op: Op, graph: Graph, backward: bool = False) -> Code:
        assert isinstance(op, Conv2D)
        shape = conv_shape(op, graph)
        kernel = shape.window.kernel
        packed = pack(op, graph, op.activation, thin_order(kernel[0], kernel[1] * shape.channels))
        top, bottom, left, right = inner_positions(shape.window)
        if shape.window.dilation[1] != 1:
            right = left
        params: dict[str, int | str] = {
            "stream": "stream", "words": shape.words, "any": packed.any, **shape.fields(),
            "inner_y": top, "inner_end_y": bottom, "inner_x": left, "inner_end_x": right,
            **packed_fields(packed, input_tensor(graph, op), backward),
        }
        call = Call("tinynas_conv_thin_dsp", params, (op.inputs[0],), (op.outputs[0],), scratch=True)
        return Code((packed.stream,), (call,))


PATH = ConvThinDsp()
