"""PAD and PADV2 of up to four dimensions in plain C."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

import numpy as np

from tinynas.boards import Core
from tinynas.graph import Graph, Op
from tinynas.graph.ops import Pad, PadV2
from tinynas.kernels.common import FIELD_BYTES, input_tensor, not_int8, output_tensor
from tinynas.kernels.copies import copy_features
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


def leading4(loops: list[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    """Four loops: the missing outer ones go round once."""
    return [(1, 0, 0)] * (4 - len(loops)) + loops


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
        loops = leading4(pad_loops(op, graph))
        elements = input_tensor(graph, op).elements
        starts, outer = np.zeros(1, np.int64), 1  # where each run begins in the output; loops around
        fills = 2
        for k, (size, before, _) in enumerate(loops):
            inner = prod(sum(loop) for loop in loops[k + 1:])
            if k < 3:
                starts = (starts[:, None] + (before + np.arange(size)[None, :]) * inner).reshape(-1)
                outer *= size
                fills += 2 * outer
            else:
                starts = starts + before
        run = loops[3][0]
        return {
            "calls": 1.0, "planes": float(loops[0][0] * loops[1][0]), "fills": float(fills),
            "filled_bytes": float(output_tensor(graph, op).elements - elements),
            **copy_features(np.array(run), np.arange(len(starts)) * run, starts),
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
