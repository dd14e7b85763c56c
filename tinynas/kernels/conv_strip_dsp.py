"""CONV_2D with kernels three wide that move by one on cores with DSP instructions: four positions of a row share
the six columns under them (strip_dsp.c)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from tinynas.boards import Core
from tinynas.graph import Graph, Op
from tinynas.graph.ops import Conv2D
from tinynas.kernels.common import FIELD_BYTES, input_tensor, output_tensor
from tinynas.kernels.conv_1x1_dsp import GROUP
from tinynas.kernels.conv_dsp import FIELDS, Shape, conv_shape, packed_fields, refuses_conv
from tinynas.kernels.dsp_packing import pack, stream_bytes
from tinynas.kernels.groups import group_distances, window_groups
from tinynas.kernels.path import Call, Code, Constants, KernelPath, Overlap

WASTE = 1.2  # a strip may have this many times the groups that windows have
COLUMNS = 6
UNROLLED = 8  # times three words
KEPT = 2  # columns that stay for the next group of a row


def strip_order(rows: int, channels: int) -> np.ndarray:
    """Lane -> input: for each kernel row and two channels the three taps one after another."""
    lanes = np.arange(rows * 3 * channels).reshape(rows, 3, channels // 4, 2, 2)  # bytes (0, 1), (2, 3) of four
    return lanes.transpose(0, 2, 4, 1, 3).reshape(-1)


class ConvStripDsp(KernelPath):
    name = "conv_strip_dsp"
    sources = ("conv_strip_dsp.c", "group_dsp.c", "strip_dsp.c")

    def refuses(self, op: Op, graph: Graph, core: Core) -> str | None:
        refused = refuses_conv(op, graph, core)
        if refused is not None:
            return refused
        shape = conv_shape(op, graph)
        window = shape.window
        if shape.channels % 4:
            return f"runs input channels in fours, not {shape.channels}"
        if window.kernel[1] != 3 or window.stride[1] != 1 or window.dilation[1] != 1:
            return "runs kernels three wide with stride and dilation 1 along rows"
        if _groups(shape) > WASTE * -(-shape.positions // GROUP):
            return f"rows of {window.outputs[1]} leave too much of its groups of {GROUP} unused"
        return None

    def scratch_bytes(self, op: Op, graph: Graph) -> int:
        return 8 * conv_shape(op, graph).words

    def overlaps(self, op: Op, graph: Graph) -> Mapping[tuple[int, int], Overlap]:
        return {(op.inputs[0], op.outputs[0]): _overlap(conv_shape(op, graph))}

    def constants(self, op: Op, graph: Graph) -> Constants:
        shape = conv_shape(op, graph)
        return Constants(stream_bytes(shape.depth, shape.outputs), FIELD_BYTES * FIELDS)

    def features(self, op: Op, graph: Graph) -> Mapping[str, float]:
        shape = conv_shape(op, graph)
        rows, columns = shape.window.outputs
        across = -(-columns // GROUP)
        blocks = _groups(shape) * -(-shape.outputs // 2)
        vectors = rows * shape.window.kernel[0] * (COLUMNS + (across - 1) * (COLUMNS - KEPT))
        nearest = output_tensor(graph, op).zero_point != -128
        return {
            "calls": 1.0,
            "groups": float(_groups(shape)),
            "kernel_rows": float(_groups(shape) * shape.window.kernel[0]),
            "blocks": float(blocks * (1.125 if nearest else 1.0) + 2.7 * _groups(shape) * (shape.outputs % 2)),
            "words": float(blocks * shape.words),
            "loops": float(blocks * (shape.words > 3 * UNROLLED)),
            "vectors": float(vectors),
            "vector_bytes": float(vectors * shape.channels),
        }

    def code(self, op: Op, graph: Graph, backward: bool = False) -> Code:
        assert isinstance(op, Conv2D)
        shape = conv_shape(op, graph)
        packed = pack(op, graph, op.activation, strip_order(shape.window.kernel[0], shape.channels))
        params: dict[str, int | str] = {
            "stream": "stream", "words": shape.words, "any": packed.any, **shape.fields(),
            **packed_fields(packed, input_tensor(graph, op), backward),
        }
        call = Call("tinynas_conv_strip_dsp", params, (op.inputs[0],), (op.outputs[0],), scratch=True)
        return Code((packed.stream,), (call,))


def _overlap(shape: Shape) -> Overlap:
    """Groups of a row are read without the columns kept from the one before, whichever the direction."""
    w, channels = shape.window, shape.channels
    size_in, size_out = (n * m * c for (n, m), c in ((w.inputs, channels), (w.outputs, shape.outputs)))
    groups = window_groups(
        *w.inputs, channels, *w.outputs, shape.outputs, *w.kernel, w.stride, *w.padding, w.dilation, GROUP,
        per_row=True)
    rows, columns = w.outputs
    place = np.tile(np.arange(-(-columns // GROUP)), rows)
    left = place * GROUP - w.padding[1]

    def clipped(column: np.ndarray) -> np.ndarray:
        inside: np.ndarray = np.clip(column, 0, w.inputs[1])
        return inside

    start = groups.read_start + np.where(place > 0, clipped(left + KEPT) - clipped(left), 0) * channels
    end = groups.read_end - np.where(
        place < place.max(), clipped(left + COLUMNS) - clipped(left + COLUMNS - KEPT), 0) * channels
    none = groups.read_start >= groups.read_end
    forward = replace(groups, read_start=np.where(none, groups.read_start, start))
    backward = replace(groups, read_end=np.where(none, groups.read_end, end))
    return Overlap(group_distances(forward, size_in, size_out).forward,
                   group_distances(backward, size_in, size_out).backward)


def _groups(shape: Shape) -> int:
    rows, columns = shape.window.outputs
    return rows * -(-columns // GROUP)


PATH = ConvStripDsp()
