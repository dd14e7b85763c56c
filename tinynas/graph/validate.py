"""One place that says whether a graph is sound: indices, order, shapes, quantization, options.

The reader runs it on whatever a file claims; builders run it on what they made. After it, planner,
kernels and reference may take the graph at its word.
"""

from __future__ import annotations

from math import isfinite

from tinynas.errors import ModelError
from tinynas.graph.graph import Graph
from tinynas.graph.op import ABSENT, Op
from tinynas.graph.tensor import ITEM_BYTES, Quantization, Tensor

MAX_RANK = 6
MAX_TENSOR_BYTES = 1 << 28
_ZERO_POINTS = {"int8": (-128, 127), "uint8": (0, 255), "int16": (-32768, 32767)}


def validate(graph: Graph) -> None:
    """Raise ModelError, naming the tensor or operator, unless the graph is sound."""
    if not graph.ops:
        raise ModelError(f"model '{graph.name}' has no operators")
    for k, tensor in enumerate(graph.tensors):
        try:
            _check_tensor(tensor)
        except ModelError as error:
            raise ModelError(f"tensor {k} '{tensor.name}': {error}") from None
    written = _check_inputs(graph)
    for k, op in enumerate(graph.ops):
        try:
            _check_op(graph, op, written)
        except ModelError as error:
            raise ModelError(f"{graph.label(k)}: {error}") from None
    _check_outputs(graph, written)


def _check_tensor(tensor: Tensor) -> None:
    if tensor.dtype not in ITEM_BYTES:
        raise ModelError(f"type {tensor.dtype} is not supported; supported: {', '.join(ITEM_BYTES)}")
    if len(tensor.shape) > MAX_RANK or any(d < 1 for d in tensor.shape):
        raise ModelError(
            f"shape {list(tensor.shape)} is not supported; at most {MAX_RANK} dimensions, each at least 1"
        )
    if tensor.size_bytes > MAX_TENSOR_BYTES:
        raise ModelError(f"shape {list(tensor.shape)} takes more than {MAX_TENSOR_BYTES >> 20} MB")
    if tensor.data is not None:
        if not tensor.constant:
            raise ModelError("it has data but is not constant")
        if tensor.data.shape != tensor.shape or tensor.data.dtype.name != tensor.dtype:
            raise ModelError(
                f"its data is {tensor.data.dtype.name}{list(tensor.data.shape)}, not "
                f"{tensor.dtype}{list(tensor.shape)}"
            )
    if tensor.quantization is not None:
        _check_quantization(tensor, tensor.quantization)


def _check_quantization(tensor: Tensor, q: Quantization) -> None:
    if not q.scale or len(q.scale) != len(q.zero_point):
        raise ModelError(f"it has {len(q.scale)} scales and {len(q.zero_point)} zero points")
    if not all(isfinite(s) and s > 0 for s in q.scale):
        bad = next(s for s in q.scale if not (isfinite(s) and s > 0))
        raise ModelError(f"scale {bad} is not a positive number")
    low, high = _ZERO_POINTS.get(tensor.dtype, (0, 0))
    if not all(low <= z <= high for z in q.zero_point):
        bad_zero = next(z for z in q.zero_point if not low <= z <= high)
        raise ModelError(f"zero point {bad_zero} does not fit {tensor.dtype}")
    if q.per_channel and not (0 <= q.axis < len(tensor.shape) and tensor.shape[q.axis] == len(q.scale)):
        raise ModelError(f"it has {len(q.scale)} scales along axis {q.axis} of shape {list(tensor.shape)}")


def _check_inputs(graph: Graph) -> set[int]:
    count = len(graph.tensors)
    for index in (*graph.inputs, *graph.outputs):
        if not 0 <= index < count:
            raise ModelError(f"model '{graph.name}': input or output tensor {index} does not exist")
    if not graph.inputs or not graph.outputs:
        raise ModelError(f"model '{graph.name}' needs at least one input and one output")
    if len(set(graph.inputs)) != len(graph.inputs) or len(set(graph.outputs)) != len(graph.outputs):
        raise ModelError(f"model '{graph.name}' names an input or output tensor twice")
    for index in graph.inputs:
        if graph.tensors[index].constant:
            raise ModelError(f"model '{graph.name}': input '{graph.tensors[index].name}' is constant")
    return set(graph.inputs)


def _check_op(graph: Graph, op: Op, written: set[int]) -> None:
    tensors = graph.tensors
    for index in (*op.inputs, *op.outputs):
        if index != ABSENT and not 0 <= index < len(tensors):
            raise ModelError(f"tensor {index} does not exist; the model has {len(tensors)}")
    for index in op.inputs:
        if index != ABSENT and index not in written and not tensors[index].constant:
            raise ModelError(f"it reads tensor {index} '{tensors[index].name}' before anything writes it")
    for index in op.outputs:
        if index == ABSENT or index in written or tensors[index].constant:
            raise ModelError(f"it writes tensor {index}, which is constant, an input, or already written")
        written.add(index)
    inputs, outputs = graph.input_tensors(op), graph.output_tensors(op)
    try:
        expected = op.output_shapes([t.shape if t else None for t in inputs])
    except IndexError:
        raise ModelError(f"it has only {len(inputs)} inputs") from None
    declared = tuple(t.shape for t in outputs)
    if declared != expected:
        raise ModelError(
            f"its output is declared {[list(s) for s in declared]} but works out as "
            f"{[list(s) for s in expected]}"
        )
    op.check(inputs, outputs)
    if not graph.activations(op):
        raise ModelError("none of its inputs is computed by the model; fold it into a constant")


def _check_outputs(graph: Graph, written: set[int]) -> None:
    for index in graph.outputs:
        if index not in written or index in graph.inputs:
            raise ModelError(
                f"model '{graph.name}': output '{graph.tensors[index].name}' is not computed by an operator"
            )
