"""SOFTMAX over the last axis with exponentials from a table: up to 256 differences occur."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tinynas.boards import Core
from tinynas.graph import Graph, Op
from tinynas.graph.fixed_point import doubling_high_mul
from tinynas.graph.ops import Softmax
from tinynas.graph.ops.softmax import DIFF_BITS, softmax_scaling
from tinynas.graph.transcendental import exp_on_negative_values
from tinynas.kernels.common import FIELD_BYTES, input_tensor, not_int8, output_tensor
from tinynas.kernels.path import Array, Call, Code, Constants, KernelPath, Overlap

FIELDS = 4
DIFFERENCES = 256  # of two int8


class SoftmaxTable(KernelPath):
    name = "softmax_table"
    sources = ("softmax_table.c",)

    def refuses(self, op: Op, graph: Graph, core: Core) -> str | None:
        if not isinstance(op, Softmax):
            return f"runs SOFTMAX, not {op.kind}"
        return not_int8((input_tensor(graph, op), output_tensor(graph, op)))

    def overlaps(self, op: Op, graph: Graph) -> Mapping[tuple[int, int], Overlap]:
        """The last pass reads element i just before it writes it; earlier passes only read."""
        return {(op.inputs[0], op.outputs[0]): Overlap(0, None)}

    def constants(self, op: Op, graph: Graph) -> Constants:
        assert isinstance(op, Softmax)
        return Constants(tables=4 * exponentials(op, graph).size + FIELD_BYTES * FIELDS)

    def features(self, op: Op, graph: Graph) -> Mapping[str, float]:
        x = input_tensor(graph, op)
        return {"calls": 1.0, "rows": float(x.elements // x.shape[-1]), "outputs": float(x.elements)}

    def code(self, op: Op, graph: Graph, backward: bool = False) -> Code:
        assert isinstance(op, Softmax)
        x, table = input_tensor(graph, op), exponentials(op, graph)
        params: dict[str, int | str] = {
            "table": "table", "rows": x.elements // x.shape[-1], "depth": x.shape[-1], "last": table.size - 1,
        }
        call = Call("tinynas_softmax_table", params, (op.inputs[0],), (op.outputs[0],))
        return Code((Array("table", table, "tables"),), (call,))


def exponentials(op: Softmax, graph: Graph) -> np.ndarray:
    """exp(-d scale) as int32 in Q0.31 for d = 0, 1, ... as long as they count, then one 0 for all further ones."""
    multiplier, shift, lowest = softmax_scaling(input_tensor(graph, op), op.beta)
    counted = min(1 - lowest, DIFFERENCES)
    rescaled = doubling_high_mul(-np.arange(counted, dtype=np.int64) << shift, multiplier)
    table = exp_on_negative_values(rescaled, DIFF_BITS)
    return np.append(table, [0] * (counted < DIFFERENCES)).astype(np.int32)


PATH = SoftmaxTable()
