"""TRANSPOSE and STRIDED_SLICE in plain C: runs gathered by strided loops."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

import numpy as np

from tinynas.boards import Core
from tinynas.graph import Graph, Op
from tinynas.graph.ops import StridedSlice, Transpose
from tinynas.kernels.common import FIELD_BYTES, input_tensor, not_int8, output_tensor
from tinynas.kernels.copies import copy_features
from tinynas.kernels.loops import leading, merge, named, row_major
from tinynas.kernels.path import Call, Code, Constants, KernelPath, Overlap

FIELDS = 12


def gather(op: Transpose | StridedSlice, graph: Graph) -> tuple[tuple[int, ...], tuple[int, ...], int, int]:
    """(sizes, steps, start, run): the output in order is runs of `run` bytes of the input."""
    x = input_tensor(graph, op)
    steps = row_major(x.shape)
    if isinstance(op, Transpose):
        dims = [x.shape[k] for k in op.perm]
        taken, start = [steps[k] for k in op.perm], 0
    else:
        ranges = op.indices()
        dims = [len(r) for r in ranges]
        taken = [step * r.step for step, r in zip(steps, ranges, strict=True)]
        start = sum(step * r.start for step, r in zip(steps, ranges, strict=True))
    sizes, (merged,) = merge(dims, [taken])
    if merged[-1] == 1:
        return sizes[:-1] or (1,), merged[:-1] or (0,), start, sizes[-1]
    return sizes, merged, start, 1


def run_starts(sizes: tuple[int, ...], steps: tuple[int, ...], start: int) -> np.ndarray:
    """Where each run begins in the input, in the order of writing."""
    starts = np.full((1,), start, np.int64)
    for size, step in zip(sizes, steps, strict=True):
        starts = (starts[:, None] + np.arange(size)[None, :] * step).reshape(-1)
    return starts


class CopySteps(KernelPath):
    name = "copy_steps"
    sources = ("copy_steps.c",)

    def refuses(self, op: Op, graph: Graph, core: Core) -> str | None:
        if not isinstance(op, Transpose | StridedSlice):
            return f"runs TRANSPOSE and STRIDED_SLICE, not {op.kind}"
        if len(gather(op, graph)[0]) > 5:
            return "it needs more than five nested loops; transpose in two steps"
        return not_int8((input_tensor(graph, op), output_tensor(graph, op)))

    def overlaps(self, op: Op, graph: Graph) -> Mapping[tuple[int, int], Overlap]:
        """A run is read bytewise just before it is written, so within a run the output may lie at or
        below the input; run r must not reach any later run."""
        assert isinstance(op, Transpose | StridedSlice)
        sizes, steps, start, run = gather(op, graph)
        starts = run_starts(sizes, steps, start)
        writes = np.arange(len(starts), dtype=np.int64) * run
        forward = -input_tensor(graph, op).elements
        if run > 1:
            forward = max(forward, int((writes - starts).max()))
        if len(starts) > 1:
            later = np.minimum.accumulate(starts[::-1])[::-1][1:]
            forward = max(forward, int((writes[:-1] + run - later).max()))
        return {(op.inputs[0], op.outputs[0]): Overlap(forward, None)}

    def constants(self, op: Op, graph: Graph) -> Constants:
        return Constants(tables=FIELD_BYTES * FIELDS)

    def features(self, op: Op, graph: Graph) -> Mapping[str, float]:
        assert isinstance(op, Transpose | StridedSlice)
        sizes, steps, start, run = gather(op, graph)
        elements = output_tensor(graph, op).elements
        five = leading(5, sizes, 1)
        loops = {"calls": 1.0, "rows": float(prod(five[:4])), "planes": float(prod(five[:3]))}
        if run == 1:
            return {**loops, "single_bytes": float(elements)}
        starts = run_starts(sizes, steps, start)
        return {**loops, **copy_features(np.array(run), starts, np.arange(len(starts)) * run)}

    def code(self, op: Op, graph: Graph, backward: bool = False) -> Code:
        assert isinstance(op, Transpose | StridedSlice)
        sizes, steps, start, run = gather(op, graph)
        params: dict[str, int | str] = {
            **named("dim", leading(5, sizes, 1)),
            **named("step", leading(5, steps, 0)),
            "start": start, "run": run,
        }
        return Code(calls=(Call("tinynas_copy_steps", params, (op.inputs[0],), (op.outputs[0],)),))


PATH = CopySteps()
