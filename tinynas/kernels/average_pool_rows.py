"""AVERAGE_POOL_2D over a whole image, one row of it at a time: only within fused runs.

A row is the same pool with all other rows as padding above and below: the first has none above, the last
none below. Sums of all channels are held from row to row, in 16 bits where no sum needs more."""

from __future__ import annotations

from collections.abc import Mapping

from tinynas.boards import Core
from tinynas.graph import Graph, Op
from tinynas.graph.fixed_point import activation_range
from tinynas.graph.ops import AveragePool2D
from tinynas.kernels.common import input_tensor, output_tensor, struct_constants
from tinynas.kernels.path import Call, Code, Constants, KernelPath
from tinynas.kernels.pool_common import pool_features, pool_refusal

FIELDS = 8
HELD = -2  # stands for the sums among a call's inputs
NARROW_COUNT = 255  # so many int8 always sum up within 16 bits


class AveragePoolRows(KernelPath):
    name = "average_pool_rows"
    sources = ("average_pool_rows.c",)

    def refuses(self, op: Op, graph: Graph, core: Core) -> str | None:
        if not isinstance(op, AveragePool2D):
            return f"runs AVERAGE_POOL_2D, not {op.kind}"
        x, y = input_tensor(graph, op), output_tensor(graph, op)
        if y.shape[1:3] != (1, 1) or op.kernel[1] != x.shape[2] or op.pads is None:
            return "it takes single rows of a pool over the whole image"
        return pool_refusal(op, graph)

    def held_bytes(self, op: Op, graph: Graph) -> int:
        """Sums kept between rows."""
        assert isinstance(op, AveragePool2D)
        return (4 if _wide(op) else 2) * input_tensor(graph, op).shape[3]

    def constants(self, op: Op, graph: Graph) -> Constants:
        return struct_constants(FIELDS)

    def features(self, op: Op, graph: Graph) -> Mapping[str, float]:
        assert isinstance(op, AveragePool2D)
        return pool_features(op, graph, 1)

    def code(self, op: Op, graph: Graph, backward: bool = False) -> Code:
        assert isinstance(op, AveragePool2D) and op.pads is not None
        x, y = input_tensor(graph, op), output_tensor(graph, op)
        low, high = activation_range(op.activation, y.scale, y.zero_point)
        params: dict[str, int | str] = {
            "columns": x.shape[2], "channels": x.shape[3], "count": op.kernel[0] * op.kernel[1],
            "wide": int(_wide(op)),
            "first": int(op.pads[0] == 0), "last": int(op.pads[1] == 0), "low": low, "high": high,
        }
        return Code(calls=(Call("tinynas_average_pool_rows", params, (op.inputs[0], HELD), (op.outputs[0],)),))


def _wide(op: AveragePool2D) -> bool:
    return op.kernel[0] * op.kernel[1] > NARROW_COUNT


PATH = AveragePoolRows()
