"""MEAN over any axes in plain C."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

import numpy as np

from tinynas.boards import Core
from tinynas.graph import Graph, Op
from tinynas.graph.ops import Mean
from tinynas.graph.ops.mean import mean_multiplier
from tinynas.kernels.common import FIELD_BYTES, input_tensor, limits, not_int8, output_tensor
from tinynas.kernels.loops import merge, row_major
from tinynas.kernels.path import Call, Code, Constants, KernelPath, Overlap

FIELDS = 14


def _loops(op: Mean, graph: Graph, summed: bool) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """(sizes, steps) of the loops over the summed, or the kept, axes; at most two."""
    shape = input_tensor(graph, op).shape
    steps = row_major(shape)
    axes = [k for k in range(len(shape)) if (k in op.axes) == summed]
    sizes, (merged,) = merge([shape[k] for k in axes], [[steps[k] for k in axes]])
    return sizes, merged


def _two(values: tuple[int, ...], fill: int) -> tuple[int, int]:
    return (fill, values[0]) if len(values) == 1 else (values[0], values[1])


class MeanPlain(KernelPath):
    name = "mean_plain"
    sources = ("mean_plain.c",)

    def refuses(self, op: Op, graph: Graph, core: Core) -> str | None:
        if not isinstance(op, Mean):
            return f"runs MEAN, not {op.kind}"
        if max(len(_loops(op, graph, True)[0]), len(_loops(op, graph, False)[0])) > 2:
            return f"axes {list(op.axes)} fall into more than two groups; average in two steps"
        return not_int8((input_tensor(graph, op), output_tensor(graph, op)))

    def overlaps(self, op: Op, graph: Graph) -> Mapping[tuple[int, int], Overlap]:
        """Output o is written when its elements are read; later ones start at their kept position."""
        assert isinstance(op, Mean)
        (sizes, steps), elements = _loops(op, graph, False), input_tensor(graph, op).elements
        k0, k1 = _two(sizes, 1)
        s0, s1 = _two(steps, 0)
        starts = (np.arange(k0)[:, None] * s0 + np.arange(k1)[None, :] * s1).reshape(-1)
        later = np.minimum.accumulate(starts[::-1])[::-1]
        forward = -elements
        if len(starts) > 1:
            forward = max(forward, int((np.arange(1, len(starts)) - later[1:]).max()))
        return {(op.inputs[0], op.outputs[0]): Overlap(forward, None)}

    def constants(self, op: Op, graph: Graph) -> Constants:
        return Constants(tables=FIELD_BYTES * FIELDS)

    def features(self, op: Op, graph: Graph) -> Mapping[str, float]:
        assert isinstance(op, Mean)
        sizes, _ = _loops(op, graph, True)
        outputs = output_tensor(graph, op).elements
        return {
            "calls": 1.0,
            "elements": float(input_tensor(graph, op).elements),
            "runs": float(outputs * _two(sizes, 1)[0]),
            "outputs": float(outputs),
        }

    def code(self, op: Op, graph: Graph, backward: bool = False) -> Code:
        assert isinstance(op, Mean)
        x, y = input_tensor(graph, op), output_tensor(graph, op)
        count = prod(x.shape[a] for a in op.axes)
        multiplier, shift = mean_multiplier(x, y, count)
        (kept, keep_steps), (summed, sum_steps) = _loops(op, graph, False), _loops(op, graph, True)
        params: dict[str, int | str] = {
            "keep0": _two(kept, 1)[0], "keep1": _two(kept, 1)[1],
            "sum0": _two(summed, 1)[0], "sum1": _two(summed, 1)[1],
            "keep_step0": _two(keep_steps, 0)[0], "keep_step1": _two(keep_steps, 0)[1],
            "sum_step0": _two(sum_steps, 0)[0], "sum_step1": _two(sum_steps, 0)[1],
            "offset": -x.zero_point * count,
            "multiplier": multiplier, "shift": shift,
            **limits("NONE", y),
        }
        return Code(calls=(Call("tinynas_mean_plain", params, (op.inputs[0],), (op.outputs[0],)),))


PATH = MeanPlain()
