"""Operators that only rename bytes (RESHAPE and its kin) become views: no code, no copy.

A view's output lives exactly where its input lives, so both are one buffer to the planner. The buffer is
named by its root: the tensor that is really written.
"""

from __future__ import annotations

from collections.abc import Mapping

from tinynas.graph import Graph
from tinynas.graph.ops import ExpandDims, Reshape, Squeeze

VIEWS = (Reshape, Squeeze, ExpandDims)


def view_roots(graph: Graph) -> Mapping[int, int]:
    """Output tensor of each view -> the tensor whose bytes it shares.

    A view of a constant is not made (the constant lives in flash, the output in the arena), nor one whose
    output is a graph output while its root is a graph input or another graph output: the caller of the
    model owns those separately."""
    roots: dict[int, int] = {}
    outputs = {t for t in graph.outputs}
    taken: set[int] = set(graph.inputs) | {t for t in outputs if not _is_view_output(graph, t)}
    for op in graph.ops:
        if not isinstance(op, VIEWS):
            continue
        source, target = op.inputs[0], op.outputs[0]
        root = roots.get(source, source)
        if graph.tensors[root].constant or (target in outputs and root in taken):
            continue
        roots[target] = root
        if target in outputs:
            taken.add(root)
    return roots


def _is_view_output(graph: Graph, tensor: int) -> bool:
    return any(tensor in op.outputs and isinstance(op, VIEWS) for op in graph.ops)
