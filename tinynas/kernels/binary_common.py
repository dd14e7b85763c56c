"""What element-wise operators of two operands share: loops over broadcast shapes, and overlaps."""

from __future__ import annotations

from collections.abc import Mapping

from tinynas.graph import Graph, Op
from tinynas.graph.tensor import Shape
from tinynas.kernels.common import input_tensor, not_int8, output_tensor
from tinynas.kernels.loops import leading, merge, named, row_major
from tinynas.kernels.path import Overlap, up


def _steps(shape: Shape, rank: int) -> tuple[int, ...]:
    """Steps of an operand within the output's dimensions; 0 where it is repeated."""
    own = [0 if size == 1 else step for size, step in zip(shape, row_major(shape), strict=True)]
    return (0,) * (rank - len(own)) + tuple(own)


def binary_loops(op: Op, graph: Graph) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
    """(sizes, steps of a, steps of b), merged."""
    shape = output_tensor(graph, op).shape
    a, b = input_tensor(graph, op, 0).shape, input_tensor(graph, op, 1).shape
    sizes, (steps_a, steps_b) = merge(shape, [_steps(a, len(shape)), _steps(b, len(shape))])
    return sizes, steps_a, steps_b


def binary_fields(op: Op, graph: Graph) -> dict[str, int]:
    """Fields dim0 .. b_step3."""
    sizes, a, b = binary_loops(op, graph)
    return {
        **named("dim", leading(4, sizes, 1)),
        **named("a_step", leading(4, a, 0)),
        **named("b_step", leading(4, b, 0)),
    }


def binary_refusal(op: Op, graph: Graph) -> str | None:
    tensors = (input_tensor(graph, op, 0), input_tensor(graph, op, 1), output_tensor(graph, op))
    refusal = not_int8(tensors)
    if refusal is None and len(binary_loops(op, graph)[0]) > 4:
        refusal = "its shapes broadcast over more than four dimensions"
    return refusal


def binary_overlaps(op: Op, graph: Graph) -> Mapping[tuple[int, int], Overlap]:
    """In place on any operand that is not repeated: element i is read before element i is written."""
    y = output_tensor(graph, op)
    return {
        (t, op.outputs[0]): Overlap(0, None)
        for t in op.inputs
        if not graph.tensors[t].constant and graph.tensors[t].elements == y.elements
    }


def binary_constant_bytes(op: Op, graph: Graph) -> int:
    """Flash of a constant operand."""
    return sum(up(graph.tensors[t].size_bytes) for t in set(op.inputs) if graph.tensors[t].constant)


def binary_features(op: Op, graph: Graph) -> dict[str, float]:
    sizes, _, _ = binary_loops(op, graph)
    elements = output_tensor(graph, op).elements
    return {"calls": 1.0, "outputs": float(elements), "runs": float(elements // sizes[-1])}
