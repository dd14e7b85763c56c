"""Every operator that maps int8 to int8 element by element, as a table of its 256 results."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from tinynas.boards import Core
from tinynas.graph import Graph, Op
from tinynas.graph.ops import HardSwish, LeakyRelu, Logistic, Quantize, Relu, Relu6, Tanh
from tinynas.kernels.common import FIELD_BYTES, input_tensor, not_int8, output_tensor
from tinynas.kernels.path import Array, Call, Code, Constants, KernelPath, Overlap

FIELDS = 3
UNARY = (HardSwish, LeakyRelu, Logistic, Quantize, Relu, Relu6, Tanh)


def operator_table(op: Op, graph: Graph) -> np.ndarray:
    """(256,) int8: what the operator's own reference makes of -128, -127, ..., 127."""
    x, y = input_tensor(graph, op), output_tensor(graph, op)
    every = np.arange(-128, 128).astype(np.int8)
    (results,) = op.run([every], [replace(x, shape=(256,))], [replace(y, shape=(256,))])
    return np.asarray(results, np.int8)


class Table(KernelPath):
    name = "table"
    sources = ("table.c",)

    def refuses(self, op: Op, graph: Graph, core: Core) -> str | None:
        if not isinstance(op, UNARY):
            return f"runs operators on single int8 elements, not {op.kind}"
        return not_int8((input_tensor(graph, op), output_tensor(graph, op)))

    def overlaps(self, op: Op, graph: Graph) -> Mapping[tuple[int, int], Overlap]:
        return {(op.inputs[0], op.outputs[0]): Overlap(0, 0)}

    def constants(self, op: Op, graph: Graph) -> Constants:
        return Constants(tables=256 + FIELD_BYTES * FIELDS)

    def features(self, op: Op, graph: Graph) -> Mapping[str, float]:
        return {"calls": 1.0, "outputs": float(output_tensor(graph, op).elements)}

    def code(self, op: Op, graph: Graph, backward: bool = False) -> Code:
        params: dict[str, int | str] = {
            "table": "table", "count": output_tensor(graph, op).elements, "backward": int(backward),
        }
        call = Call("tinynas_table", params, (op.inputs[0],), (op.outputs[0],))
        return Code((Array("table", operator_table(op, graph), "tables"),), (call,))


PATH = Table()
