"""FULLY_CONNECTED in plain C: every input vector times all rows of weights."""

from __future__ import annotations

from collections.abc import Mapping

from tinynas.boards import Core
from tinynas.graph import Graph, Op
from tinynas.graph.ops import Dense
from tinynas.graph.ops.dense import dense_multipliers
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
from tinynas.kernels.conv_plain import rows_features
from tinynas.kernels.distances import rows_of_blocks
from tinynas.kernels.path import Array, Call, Code, Constants, KernelPath, Overlap

FIELDS = 12
RUN = 16  # outputs computed before they are written


def dense_shape(op: Op, graph: Graph) -> tuple[int, int, int]:
    """(rows, depth, outputs)."""
    x, w = input_tensor(graph, op), input_tensor(graph, op, 1)
    outputs, depth = w.shape
    return x.elements // depth, depth, outputs


def per_tensor(op: Op, graph: Graph) -> bool:
    """One factor for all outputs. Weights that are not quantized yet count as per channel, the dearer."""
    quantization = input_tensor(graph, op, 1).quantization
    return quantization is not None and not quantization.per_channel


class DensePlain(KernelPath):
    name = "dense_plain"
    sources = ("dense_plain.c", "rows_plain.c", "requantize_run.c")

    def refuses(self, op: Op, graph: Graph, core: Core) -> str | None:
        if not isinstance(op, Dense):
            return f"runs FULLY_CONNECTED, not {op.kind}"
        return not_int8((input_tensor(graph, op), input_tensor(graph, op, 1), output_tensor(graph, op)))

    def overlaps(self, op: Op, graph: Graph) -> Mapping[tuple[int, int], Overlap]:
        """A run of outputs is written when its row is read; later runs read the row again."""
        return {(op.inputs[0], op.outputs[0]): rows_of_blocks(*dense_shape(op, graph), RUN)}

    def constants(self, op: Op, graph: Graph) -> Constants:
        _, depth, outputs = dense_shape(op, graph)
        factors = 1 if per_tensor(op, graph) else outputs
        return layer_constants(depth * outputs, outputs, factors, FIELDS)

    def features(self, op: Op, graph: Graph) -> Mapping[str, float]:
        rows, depth, outputs = dense_shape(op, graph)
        factors = 0 if per_tensor(op, graph) else rows * outputs
        return {**rows_features(rows, depth, outputs), "factors": float(factors)}

    def code(self, op: Op, graph: Graph, backward: bool = False) -> Code:
        assert isinstance(op, Dense)
        x, w, y = input_tensor(graph, op), input_tensor(graph, op, 1), output_tensor(graph, op)
        bias = tensor_in(graph, op, 2)
        rows, depth, outputs = dense_shape(op, graph)
        matrix = weights_of(w).reshape(outputs, depth)
        folded = folded_bias(matrix, None if bias is None else weights_of(bias), x.zero_point)
        single = per_tensor(op, graph)
        multipliers, shifts = dense_multipliers(x, w, y)
        if single:
            multipliers, shifts = multipliers[:1], shifts[:1]
        arrays, constants = requantizer(folded, multipliers, shifts)
        params: dict[str, int | str] = {
            "weights": "weights", **constants,
            "per_tensor": int(single), "rows": rows, "depth": depth, "outputs": outputs,
            **limits(op.activation, y),
        }
        call = Call("tinynas_dense_plain", params, (op.inputs[0],), (op.outputs[0],))
        return Code((Array("weights", matrix, "weights"), *arrays), (call,))


PATH = DensePlain()
