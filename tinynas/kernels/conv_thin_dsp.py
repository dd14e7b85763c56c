"""CONV_2D with any number of input channels on cores with DSP instructions, made for first layers.

As conv_dsp without strips; the rows of a window need not be whole fours of bytes (conv_thin_dsp.c)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tinynas.boards import Core
from tinynas.graph import Graph, Op
from tinynas.graph.ops import Conv2D
from tinynas.kernels.common import FIELD_BYTES, input_tensor, output_tensor
from tinynas.kernels.conv_1x1_dsp import group_features
from tinynas.kernels.conv_dsp import Layout, layout
from tinynas.kernels.distances import Window
from tinynas.kernels.dsp_packing import natural_order, not_packable, pack, stream_bytes, without_dsp
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


def inner_positions(window: Window) -> tuple[int, int, int, int]:
    """Output rows [y, end) and columns [x, end) whose windows lie inside the image, undilated along rows."""
    ends: list[int] = []
    for k in range(2):
        first = np.arange(window.outputs[k]) * window.stride[k] - window.padding[k]
        last = first + (window.kernel[k] - 1) * window.dilation[k]
        inside = np.flatnonzero((first >= 0) & (last < window.inputs[k]))
        ends += [int(inside[0]), int(inside[-1]) + 1] if inside.size else [0, 0]
    return (ends[0], ends[1], 0, 0) if window.dilation[1] != 1 else (ends[0], ends[1], ends[2], ends[3])


class ConvThinDsp(KernelPath):
    name = "conv_thin_dsp"
    sources = ("conv_thin_dsp.c", "group_dsp.c")

    def refuses(self, op: Op, graph: Graph, core: Core) -> str | None:
        if not isinstance(op, Conv2D):
            return f"runs CONV_2D, not {op.kind}"
        x = input_tensor(graph, op)
        if x.shape[0] != 1:
            return f"runs one image, not {x.shape[0]}"
        return without_dsp(core) or not_packable(op, graph)

    def scratch_bytes(self, op: Op, graph: Graph) -> int:
        how = _thin(op, graph)
        return 16 * how.words + up(how.depth)

    def overlaps(self, op: Op, graph: Graph) -> Mapping[tuple[int, int], Overlap]:
        overlap = _thin(op, graph).overlap(output_tensor(graph, op).shape[3])
        return {(op.inputs[0], op.outputs[0]): overlap}

    def constants(self, op: Op, graph: Graph) -> Constants:
        outputs = output_tensor(graph, op).shape[3]
        return Constants(stream_bytes(up(_thin(op, graph).depth), outputs), FIELD_BYTES * FIELDS)

    def features(self, op: Op, graph: Graph) -> Mapping[str, float]:
        how, y = _thin(op, graph), output_tensor(graph, op)
        rows, run = how.window.kernel[0], how.window.kernel[1] * how.channels
        top, bottom, left, right = inner_positions(how.window)
        positions = float(how.positions)
        gathered = positions - (bottom - top) * (right - left)
        colours = rows == 3 and run == 9
        return {
            **group_features(how.groups, how.words, y.shape[3], y.zero_point),
            "positions": positions,
            "nines": positions if colours else 0.0,
            "thin_rows": 0.0 if colours else positions * rows,
            "four_rows": 0.0 if colours or run < 4 else positions * rows,
            "thin_fours": 0.0 if colours else positions * rows * (run // 4),
            "thin_left": 0.0 if colours else positions * rows * (run % 4),
            "gathered_rows": gathered * rows,
            "gathered_bytes": gathered * how.depth,
        }

    def code(self, op: Op, graph: Graph, backward: bool = False) -> Code:
        assert isinstance(op, Conv2D)
        x, y, how = input_tensor(graph, op), output_tensor(graph, op), _thin(op, graph)
        packed = pack(op, graph, op.activation,
                      thin_order(how.window.kernel[0], how.window.kernel[1] * how.channels))
        top, bottom, left, right = inner_positions(how.window)
        params: dict[str, int | str] = {
            "stream": "stream", "words": how.words, "any": packed.any, **how.fields(y.shape[3]),
            "inner_y": top, "inner_end_y": bottom, "inner_x": left, "inner_end_x": right,
            "in_zero_point": x.zero_point,
            "low": packed.low, "high": packed.high, "zero_point": packed.zero_point,
            "backward": int(backward),
        }
        call = Call("tinynas_conv_thin_dsp", params, (op.inputs[0],), (op.outputs[0],), scratch=True)
        return Code((packed.stream,), (call,))


def _thin(op: Op, graph: Graph) -> Layout:
    assert isinstance(op, Conv2D)
    how = layout(op, graph)
    return Layout(how.window, how.channels, strip=False)


PATH = ConvThinDsp()
