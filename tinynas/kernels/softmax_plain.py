"""SOFTMAX over the last axis in plain C."""

from __future__ import annotations

from collections.abc import Mapping

from tinynas.boards import Core
from tinynas.graph import Graph, Op
from tinynas.graph.ops import Softmax
from tinynas.graph.ops.softmax import softmax_scaling
from tinynas.kernels.common import FIELD_BYTES, input_tensor, not_int8, output_tensor
from tinynas.kernels.path import Call, Code, Constants, KernelPath, Overlap

FIELDS = 5


class SoftmaxPlain(KernelPath):
    name = "softmax_plain"
    sources = ("softmax_plain.c",)

    def refuses(self, op: Op, graph: Graph, core: Core) -> str | None:
        if not isinstance(op, Softmax):
            return f"runs SOFTMAX, not {op.kind}"
        return not_int8((input_tensor(graph, op), output_tensor(graph, op)))

    def overlaps(self, op: Op, graph: Graph) -> Mapping[tuple[int, int], Overlap]:
        """The last pass reads element i just before it writes it; earlier passes only read."""
        return {(op.inputs[0], op.outputs[0]): Overlap(0, None)}

    def constants(self, op: Op, graph: Graph) -> Constants:
        return Constants(tables=FIELD_BYTES * FIELDS)

    def features(self, op: Op, graph: Graph) -> Mapping[str, float]:
        x = input_tensor(graph, op)
        return {"calls": 1.0, "rows": float(x.elements // x.shape[-1]), "outputs": float(x.elements)}

    def code(self, op: Op, graph: Graph, backward: bool = False) -> Code:
        assert isinstance(op, Softmax)
        x = input_tensor(graph, op)
        multiplier, shift, lowest = softmax_scaling(x, op.beta)
        params: dict[str, int | str] = {
            "rows": x.elements // x.shape[-1], "depth": x.shape[-1],
            "multiplier": multiplier, "shift": shift, "lowest": max(lowest, -256),
        }
        return Code(calls=(Call("tinynas_softmax_plain", params, (op.inputs[0],), (op.outputs[0],)),))


PATH = SoftmaxPlain()
