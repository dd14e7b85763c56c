"""Several graphs as one, side by side: nothing connects them. For running many small graphs in one go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tinynas.graph.graph import Graph
from tinynas.graph.op import ABSENT, Op
from tinynas.graph.tensor import Tensor


def merge(name: str, graphs: Sequence[Graph]) -> Graph:
    """One graph with the operators, inputs and outputs of all, in order."""
    tensors: list[Tensor] = []
    ops: list[Op] = []
    inputs: list[int] = []
    outputs: list[int] = []
    for graph in graphs:
        base = len(tensors)
        tensors += graph.tensors
        inputs += (t + base for t in graph.inputs)
        outputs += (t + base for t in graph.outputs)
        ops += (
            replace(op, inputs=_moved(op.inputs, base), outputs=_moved(op.outputs, base)) for op in graph.ops
        )
    return Graph(name, tuple(tensors), tuple(ops), tuple(inputs), tuple(outputs))


def _moved(indices: Sequence[int], base: int) -> tuple[int, ...]:
    return tuple(i if i == ABSENT else i + base for i in indices)
