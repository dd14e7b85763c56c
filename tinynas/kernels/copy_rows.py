"""CONCATENATION, SPLIT, and reshapes that could not be views: runs copied from stride to stride."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import prod

import numpy as np

from tinynas.boards import Core
from tinynas.graph import Graph, Op
from tinynas.graph.ops import Concat, ExpandDims, Reshape, Split, Squeeze
from tinynas.kernels.common import FIELD_BYTES, not_int8, output_tensor
from tinynas.kernels.copies import added, copy_features
from tinynas.kernels.path import Call, Code, Constants, KernelPath, Overlap, up

FIELDS = 6
COPIES = (Concat, ExpandDims, Reshape, Split, Squeeze)


def _parts(op: Op, graph: Graph) -> Iterator[tuple[int, int, dict[str, int | str]]]:
    """(input, output, fields) of every call."""
    if isinstance(op, Concat):
        y = output_tensor(graph, op)
        axis = op.axis % len(y.shape)
        whole, start = prod(y.shape[axis:]), 0
        for t in op.inputs:
            run = prod(graph.tensors[t].shape[axis:])
            yield t, op.outputs[0], _fields(prod(y.shape[:axis]), run, 0, run, start, whole)
            start += run
    elif isinstance(op, Split):
        x = graph.tensors[op.inputs[0]]
        axis = op.axis % len(x.shape)
        whole, start = prod(x.shape[axis:]), 0
        for t in op.outputs:
            run = prod(graph.tensors[t].shape[axis:])
            yield op.inputs[0], t, _fields(prod(x.shape[:axis]), run, start, whole, 0, run)
            start += run
    else:
        size = output_tensor(graph, op).elements
        yield op.inputs[0], op.outputs[0], _fields(1, size, 0, size, 0, size)


def _fields(
    rows: int, run: int, in_start: int, in_stride: int, out_start: int, out_stride: int
) -> dict[str, int | str]:
    if run == in_stride == out_stride:
        rows, run = 1, rows * run
    return {"rows": rows, "run": run, "in_start": in_start, "in_stride": in_stride,
            "out_start": out_start, "out_stride": out_stride}


def _copied(fields: dict[str, int | str]) -> dict[str, float]:
    row = np.arange(int(fields["rows"]))
    sources = int(fields["in_start"]) + row * int(fields["in_stride"])
    targets = int(fields["out_start"]) + row * int(fields["out_stride"])
    return copy_features(np.array(int(fields["run"])), sources, targets)


class CopyRows(KernelPath):
    name = "copy_rows"
    sources = ("copy_rows.c",)

    def refuses(self, op: Op, graph: Graph, core: Core) -> str | None:
        if not isinstance(op, COPIES):
            return f"copies for CONCATENATION, SPLIT and RESHAPE, not {op.kind}"
        return not_int8(graph.tensors[t] for t in (*op.inputs, *op.outputs))

    def overlaps(self, op: Op, graph: Graph) -> Mapping[tuple[int, int], Overlap]:
        """A plain copy may move downwards over itself; joined and split parts stay apart."""
        if isinstance(op, Concat | Split):
            return {}
        return {(op.inputs[0], op.outputs[0]): Overlap(0, None)}

    def constants(self, op: Op, graph: Graph) -> Constants:
        calls = list(_parts(op, graph))
        constant = {t for t, _, _ in calls if graph.tensors[t].constant}
        return Constants(
            weights=sum(up(graph.tensors[t].size_bytes) for t in constant),
            tables=FIELD_BYTES * FIELDS * len(calls),
        )

    def features(self, op: Op, graph: Graph) -> Mapping[str, float]:
        parts = [fields for _, _, fields in _parts(op, graph)]
        return {"calls": float(len(parts)), **added(*(_copied(fields) for fields in parts))}

    def code(self, op: Op, graph: Graph, backward: bool = False) -> Code:
        return Code(calls=tuple(
            Call("tinynas_copy_rows", fields, (t,), (u,)) for t, u, fields in _parts(op, graph)
        ))


PATH = CopyRows()
