"""PAD and PADV2 of up to four dimensions in plain C."""

from __future__ import annotations

from collections.abc import Mapping

from tinynas.boards import Core
from tinynas.graph import Graph, Op
from tinynas.graph.ops import Pad, PadV2
from tinynas.kernels.common import FIELD_BYTES, input_tensor, not_int8, output_tensor
from tinynas.kernels.loops import leading, named
from tinynas.kernels.path import Call, Code, Constants, KernelPath

FIELDS = 13


def pad_loops(op: Pad | PadV2, graph: Graph) -> list[tuple[int, int, int]]:
    """(size, before, after) per dimension; inner dimensions without padding join the one outside them."""
    shape = input_tensor(graph, op).shape
    loops: list[tuple[int, int, int]] = []
    inner = 1
    for size, before, after in reversed(list(zip(shape, op.before, op.after, strict=True))):
        if before == after == 0:
            inner *= size
            continue
        loops.append((size * inner, before * inner, after * inner))
        inner = 1
    if inner > 1 or not loops:
        loops.append((inner, 0, 0))
    return loops[::-1]


class PadPath(KernelPath):
    name = "pad"
    sources = ("pad.c",)

    def refuses(self, op: Op, graph: Graph, core: Core) -> str | None:
        if not isinstance(op, Pad | PadV2):
            return f"runs PAD and PADV2, not {op.kind}"
        if len(pad_loops(op, graph)) > 4:
            return "it pads more than four dimensions"
        return not_int8((input_tensor(graph, op), output_tensor(graph, op)))

    def constants(self, op: Op, graph: Graph) -> Constants:
        return Constants(tables=FIELD_BYTES * FIELDS)

    def features(self, op: Op, graph: Graph) -> Mapping[str, float]:
        assert isinstance(op, Pad | PadV2)
        loops, y = pad_loops(op, graph), output_tensor(graph, op)
        copied = input_tensor(graph, op).elements
        return {
            "calls": 1.0,
            "runs": float(copied // loops[-1][0]),
            "copied_bytes": float(copied),
            "bytewise": float(copied if any(n % 4 for n in loops[-1]) else 0),
            "filled_bytes": float(y.elements - copied),
        }

    def code(self, op: Op, graph: Graph, backward: bool = False) -> Code:
        assert isinstance(op, Pad | PadV2)
        value = op.value if isinstance(op, PadV2) else output_tensor(graph, op).zero_point
        loops = pad_loops(op, graph)
        params: dict[str, int | str] = {
            **named("in", leading(4, [size for size, _, _ in loops], 1)),
            **named("before", leading(4, [before for _, before, _ in loops], 0)),
            **named("after", leading(4, [after for _, _, after in loops], 0)),
            "value": value,
        }
        return Code(calls=(Call("tinynas_pad", params, (op.inputs[0],), (op.outputs[0],)),))


PATH = PadPath()
