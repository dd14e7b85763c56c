"""What both pooling paths share: the window, the parameters, who may run, how far outputs overlap."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tinynas.graph import Graph, Op
from tinynas.graph.fixed_point import activation_range
from tinynas.graph.ops import AveragePool2D, MaxPool2D
from tinynas.kernels.common import input_tensor, not_int8, output_tensor, struct_constants
from tinynas.kernels.distances import Window, by_channel
from tinynas.kernels.path import Call, Code, Constants, Overlap

Pool = AveragePool2D | MaxPool2D
FIELDS = 14
WIDE = 181  # cells of a window above which cores without a divider really divide (tinynas_fixed.h)


def pool_window(op: Pool, graph: Graph) -> Window:
    x, y = input_tensor(graph, op), output_tensor(graph, op)
    return Window((x.shape[1], x.shape[2]), (y.shape[1], y.shape[2]), op.kernel, op.stride, pads=op.pads)


def pool_refusal(op: Op, graph: Graph) -> str | None:
    return not_int8((input_tensor(graph, op), output_tensor(graph, op)))


def pool_overlaps(op: Pool, graph: Graph, block: int) -> Mapping[tuple[int, int], Overlap]:
    """Forward only: channels upwards, `block` at a time."""
    batches, _, _, channels = input_tensor(graph, op).shape
    if batches != 1:
        return {}
    forward = by_channel(pool_window(op, graph), channels, 1, block).forward
    return {(op.inputs[0], op.outputs[0]): Overlap(forward, None)}


def pool_constants() -> Constants:
    return struct_constants(FIELDS)


def pool_features(op: Pool, graph: Graph, block: int) -> dict[str, float]:
    """Only what lies inside the input is read: `block` channels at a time, those left over one by one."""
    y, window = output_tensor(graph, op), pool_window(op, graph)
    images, channels = y.shape[0], y.shape[3]
    rows, columns = inside(window, 0), inside(window, 1)
    positions = images * len(rows) * len(columns)
    blocks, singles = channels // block, channels % block if block > 1 else 0
    elements = images * int(rows.sum()) * int(columns.sum())
    wide = images * int((rows[:, None] * columns[None, :] > WIDE).sum())
    return {
        "calls": 1.0,
        "positions": float(positions),
        "blocks": float(positions * (blocks + singles)),
        "runs": float(images * int(rows.sum()) * len(columns) * (blocks + singles)),
        "elements": float(elements * blocks * block),
        "single_elements": float(elements * singles),
        "outputs": float(positions * channels),
        "wide_outputs": float(wide * channels),
    }


def inside(window: Window, k: int) -> np.ndarray:
    """How many rows (columns: k = 1) of each position's window lie inside the input."""
    first = np.arange(window.outputs[k]) * window.stride[k] - window.padding[k]
    inside: np.ndarray = np.minimum(first + window.kernel[k], window.inputs[k]) - np.maximum(first, 0)
    return inside


def pool_code(op: Pool, graph: Graph, function: str) -> Code:
    x, y, window = input_tensor(graph, op), output_tensor(graph, op), pool_window(op, graph)
    low, high = activation_range(op.activation, y.scale, y.zero_point)
    params: dict[str, int | str] = {
        "batches": x.shape[0], "in_h": x.shape[1], "in_w": x.shape[2], "channels": x.shape[3],
        "out_h": y.shape[1], "out_w": y.shape[2],
        "kernel_h": op.kernel[0], "kernel_w": op.kernel[1],
        "stride_h": op.stride[0], "stride_w": op.stride[1],
        "pad_top": window.padding[0], "pad_left": window.padding[1],
        "low": low, "high": high,
    }
    return Code(calls=(Call(function, params, (op.inputs[0],), (op.outputs[0],)),))
