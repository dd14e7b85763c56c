"""ADD and SUB with broadcasting in plain C."""

from __future__ import annotations

from collections.abc import Mapping

from tinynas.boards import Core
from tinynas.graph import Graph, Op
from tinynas.graph.ops import Add, Sub
from tinynas.graph.ops.arithmetic import difference_multipliers, sum_multipliers
from tinynas.kernels.binary_common import (
    binary_constant_bytes,
    binary_features,
    binary_fields,
    binary_overlaps,
    binary_refusal,
)
from tinynas.kernels.common import FIELD_BYTES, input_tensor, limits, output_tensor
from tinynas.kernels.path import Call, Code, Constants, KernelPath, Overlap

FIELDS = 24


class AddPlain(KernelPath):
    name = "add_plain"
    sources = ("add_plain.c",)

    def refuses(self, op: Op, graph: Graph, core: Core) -> str | None:
        if not isinstance(op, Add | Sub):
            return f"runs ADD and SUB, not {op.kind}"
        return binary_refusal(op, graph)

    def overlaps(self, op: Op, graph: Graph) -> Mapping[tuple[int, int], Overlap]:
        return binary_overlaps(op, graph)

    def constants(self, op: Op, graph: Graph) -> Constants:
        return Constants(weights=binary_constant_bytes(op, graph), tables=FIELD_BYTES * FIELDS)

    def features(self, op: Op, graph: Graph) -> Mapping[str, float]:
        return binary_features(op, graph)

    def code(self, op: Op, graph: Graph, backward: bool = False) -> Code:
        assert isinstance(op, Add | Sub)
        a, b, y = input_tensor(graph, op, 0), input_tensor(graph, op, 1), output_tensor(graph, op)
        multipliers = difference_multipliers if isinstance(op, Sub) else sum_multipliers
        (ma, sa), (mb, sb), (m, s) = multipliers(a, b, y)
        params: dict[str, int | str] = {
            **binary_fields(op, graph),
            "a_zero_point": a.zero_point, "b_zero_point": b.zero_point,
            "a_multiplier": ma, "a_shift": -sa, "b_multiplier": mb, "b_shift": -sb,
            "multiplier": m, "shift": -s,
            **limits(op.activation, y),
            "subtract": int(isinstance(op, Sub)),
        }
        call = Call("tinynas_add_plain", params, (op.inputs[0], op.inputs[1]), (op.outputs[0],))
        return Code(calls=(call,))


PATH = AddPlain()
