"""DEQUANTIZE to float32 in plain C."""

from __future__ import annotations

from collections.abc import Mapping

from tinynas.boards import Core
from tinynas.graph import Graph, Op
from tinynas.graph.ops import Dequantize
from tinynas.kernels.common import FIELD_BYTES, input_tensor, output_tensor
from tinynas.kernels.path import Call, Code, Constants, KernelPath, Overlap

FIELDS = 3


class DequantizeFloat(KernelPath):
    name = "dequantize_float"
    sources = ("dequantize_float.c",)

    def refuses(self, op: Op, graph: Graph, core: Core) -> str | None:
        if not isinstance(op, Dequantize):
            return f"runs DEQUANTIZE, not {op.kind}"
        if input_tensor(graph, op).dtype != "int8" or output_tensor(graph, op).dtype != "float32":
            return "takes int8 to float32"
        return None

    def overlaps(self, op: Op, graph: Graph) -> Mapping[tuple[int, int], Overlap]:
        """One byte is read for each four written, downwards: the kernel knows no other order."""
        return {(op.inputs[0], op.outputs[0]): Overlap(None, 0)}

    def constants(self, op: Op, graph: Graph) -> Constants:
        return Constants(tables=FIELD_BYTES * FIELDS)

    def features(self, op: Op, graph: Graph) -> Mapping[str, float]:
        return {"calls": 1.0, "outputs": float(output_tensor(graph, op).elements)}

    def code(self, op: Op, graph: Graph, backward: bool = False) -> Code:
        x, y = input_tensor(graph, op), output_tensor(graph, op)
        params: dict[str, int | float | str] = {
            "scale": float(x.scale), "count": y.elements, "zero_point": x.zero_point,
        }
        return Code(calls=(Call("tinynas_dequantize_float", params, (op.inputs[0],), (op.outputs[0],)),))


PATH = DequantizeFloat()
