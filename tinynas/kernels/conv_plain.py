"""CONV_2D of any shape in plain C: copy a window, multiply it with all rows of weights."""

from __future__ import annotations

from collections.abc import Mapping

from tinynas.boards import Core
from tinynas.graph import Graph, Op, Tensor
from tinynas.graph.ops import Conv2D
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
from tinynas.kernels.copies import window_features
from tinynas.kernels.distances import Window, whole_position
from tinynas.kernels.path import Array, Call, Code, Constants, KernelPath, Overlap

FIELDS = 25
RUN = 16  # outputs computed before they are requantized


def conv_window(op: Conv2D, graph: Graph) -> Window:
    x, w, y = input_tensor(graph, op), input_tensor(graph, op, 1), output_tensor(graph, op)
    return Window((x.shape[1], x.shape[2]), (y.shape[1], y.shape[2]), (w.shape[1], w.shape[2]),
                  op.stride, op.dilation, op.pads)


def conv_constants(op: Conv2D, graph: Graph) -> tuple[tuple[Array, ...], dict[str, int | str]]:
    """Weights in their natural order, folded bias, factors; and the fields that point to them."""
    x, w, y = input_tensor(graph, op), input_tensor(graph, op, 1), output_tensor(graph, op)
    bias = tensor_in(graph, op, 2)
    rows = weights_of(w).reshape(w.shape[0], -1)
    folded = folded_bias(rows, None if bias is None else weights_of(bias), x.zero_point)
    arrays, fields = requantizer(folded, *output_multipliers(x, w, y, w.shape[0]))
    return (Array("weights", rows, "weights"), *arrays), {"weights": "weights", **fields}


def rows_features(positions: int, depth: int, outputs: int) -> dict[str, float]:
    """Counts for rows_plain.c run at every position."""
    fours, ones = outputs // 4, outputs % 4
    return {
        "calls": 1.0,
        "positions": float(positions),
        "macs": float(positions * depth * fours * 4),
        "single_macs": float(positions * depth * ones),
        "outputs": float(positions * outputs),
        "output_runs": float(positions * -(-outputs // RUN)),
        "blocks": float(positions * (fours + ones)),
    }


class ConvPlain(KernelPath):
    name = "conv_plain"
    sources = ("conv_plain.c", "rows_plain.c", "requantize_run.c")

    def refuses(self, op: Op, graph: Graph, core: Core) -> str | None:
        if not isinstance(op, Conv2D):
            return f"runs CONV_2D, not {op.kind}"
        return not_int8((input_tensor(graph, op), input_tensor(graph, op, 1), output_tensor(graph, op)))

    def scratch_bytes(self, op: Op, graph: Graph) -> int:
        return self._depth(op, graph)

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
        x, y, window = input_tensor(graph, op), output_tensor(graph, op), conv_window(op, graph)
        positions = y.elements // y.shape[3]
        copied = {k: v * x.shape[0] for k, v in window_features(window, x.shape[3]).items()}
        rows = float(positions * window.kernel[0])
        return {**rows_features(positions, self._depth(op, graph), y.shape[3]), "window_rows": rows, **copied}

    def code(self, op: Op, graph: Graph, backward: bool = False) -> Code:
        assert isinstance(op, Conv2D)
        x, y = input_tensor(graph, op), output_tensor(graph, op)
        window = conv_window(op, graph)
        arrays, constants = conv_constants(op, graph)
        params: dict[str, int | str] = {
            **constants,
            "batches": x.shape[0],
            "in_h": x.shape[1], "in_w": x.shape[2], "in_c": x.shape[3],
            "out_h": y.shape[1], "out_w": y.shape[2], "out_c": y.shape[3],
            "kernel_h": window.kernel[0], "kernel_w": window.kernel[1],
            "stride_h": op.stride[0], "stride_w": op.stride[1],
            "dilation_h": op.dilation[0], "dilation_w": op.dilation[1],
            "pad_top": window.padding[0], "pad_left": window.padding[1],
            "in_zero_point": x.zero_point,
            **limits(op.activation, y),
            "backward": int(backward),
        }
        call = Call("tinynas_conv_plain", params, (op.inputs[0],), (op.outputs[0],), scratch=True)
        return Code(arrays, (call,))

    def _depth(self, op: Op, graph: Graph) -> int:
        w: Tensor = input_tensor(graph, op, 1)
        return w.shape[1] * w.shape[2] * w.shape[3]


PATH = ConvPlain()
