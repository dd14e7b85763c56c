"""QUANTIZE from float32 in plain C."""

from __future__ import annotations

from collections.abc import Mapping

from tinynas.boards import Core
from tinynas.graph import Graph, Op
from tinynas.graph.ops import Quantize
from tinynas.kernels.common import FIELD_BYTES, input_tensor, output_tensor
from tinynas.kernels.path import Call, Code, Constants, KernelPath, Overlap

FIELDS = 3


class QuantizeFloat(KernelPath):
    name = "quantize_float"
    sources = ("quantize_float.c",)

    def refuses(self, op: Op, graph: Graph, core: Core) -> str | None:
        if not isinstance(op, Quantize):
            return f"runs QUANTIZE, not {op.kind}"
        if input_tensor(graph, op).dtype != "float32" or output_tensor(graph, op).dtype != "int8":
            return "takes float32 to int8"
        return None

    def overlaps(self, op: Op, graph: Graph) -> Mapping[tuple[int, int], Overlap]:
        """Four bytes are read for each one written, upwards."""
        return {(op.inputs[0], op.outputs[0]): Overlap(0, None)}

    def constants(self, op: Op, graph: Graph) -> Constants:
        return Constants(tables=FIELD_BYTES * FIELDS)

    def features(self, op: Op, graph: Graph) -> Mapping[str, float]:
        return {"calls": 1.0, "outputs": float(output_tensor(graph, op).elements)}

    def code(self, op: Op, graph: Graph, backward: bool = False) -> Code:
        y = output_tensor(graph, op)
        params: dict[str, int | float | str] = {
            "scale": float(y.scale), "count": y.elements, "zero_point": y.zero_point,
        }
        return Code(calls=(Call("tinynas_quantize_float", params, (op.inputs[0],), (op.outputs[0],)),))


PATH = QuantizeFloat()
