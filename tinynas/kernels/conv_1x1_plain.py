"""CONV_2D with a 1 x 1 kernel in plain C: a dense layer at every position, any stride."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tinynas.boards import Core
from tinynas.graph import Graph, Op
from tinynas.graph.ops import Conv2D
from tinynas.kernels.common import input_tensor, layer_constants, limits, not_int8, output_tensor
from tinynas.kernels.conv_plain import conv_constants, conv_window, rows_features
from tinynas.kernels.copies import copy_features
from tinynas.kernels.distances import whole_position
from tinynas.kernels.path import Call, Code, Constants, KernelPath, Overlap

FIELDS = 17


class Conv1x1Plain(KernelPath):
    name = "conv_1x1_plain"
    sources = ("conv_1x1_plain.c", "rows_plain.c", "requantize_run.c")

    def refuses(self, op: Op, graph: Graph, core: Core) -> str | None:
        if not isinstance(op, Conv2D):
            return f"runs CONV_2D, not {op.kind}"
        x, w, y = input_tensor(graph, op), input_tensor(graph, op, 1), output_tensor(graph, op)
        if w.shape[1:3] != (1, 1):
            return f"runs 1 x 1 kernels, not {w.shape[1]} x {w.shape[2]}"
        if x.shape[0] != 1 and op.stride != (1, 1):
            return f"batch {x.shape[0]} with stride {op.stride[0]} x {op.stride[1]}"
        if conv_window(op, graph).padded:
            return "runs no padding"
        return not_int8((x, w, y))

    def scratch_bytes(self, op: Op, graph: Graph) -> int:
        return input_tensor(graph, op).shape[3]

    def overlaps(self, op: Op, graph: Graph) -> Mapping[tuple[int, int], Overlap]:
        assert isinstance(op, Conv2D)
        x, y = input_tensor(graph, op), output_tensor(graph, op)
        if x.shape[0] != 1:
            return {}
        overlap = whole_position(conv_window(op, graph), x.shape[3], y.shape[3])
        return {(op.inputs[0], op.outputs[0]): overlap}

    def constants(self, op: Op, graph: Graph) -> Constants:
        outputs = output_tensor(graph, op).shape[3]
        return layer_constants(input_tensor(graph, op, 1).size_bytes, outputs, outputs, FIELDS)

    def features(self, op: Op, graph: Graph) -> Mapping[str, float]:
        assert isinstance(op, Conv2D)
        x, y = input_tensor(graph, op), output_tensor(graph, op)
        positions, depth = y.elements // y.shape[3], x.shape[3]
        if op.stride == (1, 1):
            starts = np.arange(positions)
        else:
            rows, columns = (np.arange(size) * step for size, step in zip(y.shape[1:3], op.stride, strict=True))
            starts = rows[:, None] * x.shape[2] + columns[None, :]
        copied = copy_features(np.array(depth), starts * depth, np.array(0))
        return {**rows_features(positions, depth, y.shape[3]), **copied}

    def code(self, op: Op, graph: Graph, backward: bool = False) -> Code:
        assert isinstance(op, Conv2D)
        x, y = input_tensor(graph, op), output_tensor(graph, op)
        rows, columns, in_c, out_c = y.shape[1], y.shape[2], x.shape[3], y.shape[3]
        column_step = op.stride[1] * in_c
        row_step = op.stride[0] * x.shape[2] * in_c
        if op.stride == (1, 1):
            rows, columns = 1, x.shape[0] * rows * columns
        in_start = out_start = 0
        if backward:
            in_start = (rows - 1) * row_step + (columns - 1) * column_step
            out_start = (rows * columns - 1) * out_c
        sign = -1 if backward else 1
        arrays, constants = conv_constants(op, graph)
        params: dict[str, int | str] = {
            **constants,
            "rows": rows, "columns": columns, "in_c": in_c, "out_c": out_c,
            "in_start": in_start, "out_start": out_start,
            "in_column_step": sign * column_step, "in_row_step": sign * row_step,
            "out_step": sign * out_c,
            **limits(op.activation, y),
        }
        call = Call("tinynas_conv_1x1_plain", params, (op.inputs[0],), (op.outputs[0],), scratch=True)
        return Code(arrays, (call,))


PATH = Conv1x1Plain()
