"""The kernel set the planner's target figures were stated for: fast kernels that expand the inputs of
4 output pixels to int16 scratch at a time.

Convolution: all inputs of a group are read before any of its outputs is written. Depthwise: four
channels of a group at a time, so that the group's own reads count, or channel by channel in place
with a ring of expanded rows; the cheaper of the two. Dense: 4 outputs at a time, no scratch.
"""

from __future__ import annotations

from tinynas.graph import Graph, Op
from tinynas.graph.geometry import padding_2d
from tinynas.graph.ops.arithmetic import Add
from tinynas.graph.ops.conv2d import Conv2D
from tinynas.graph.ops.dense import Dense
from tinynas.graph.ops.depthwise import DepthwiseConv2D
from tinynas.graph.ops.pool import AveragePool2D
from tinynas.graph.ops.reshape import Reshape
from tinynas.graph.ops.softmax import Softmax
from tinynas.kernels.groups import ELEMENTWISE, dense_distances, window_distances
from tinynas.kernels.path import Overlap
from tinynas.memory import Problem, Step
from tinynas.memory.rows import RowStep, RowWindow

GROUP = 4
Execution = tuple[int, Overlap]  # scratch bytes, overlap with every input


def group_problem(graph: Graph, scratch: bool = True) -> Problem:
    """The memory problem of a model for these kernels; reshapes are elementwise copies.
    `scratch=False` leaves the scratch out of account."""
    steps = []
    for op in graph.ops:
        inputs, output = graph.activations(op), op.outputs[0]
        executions = [(cost * scratch, overlap) for cost, overlap in _executions(graph, op)]
        sizes = [graph.tensors[t].size_bytes for t in (inputs[0], output)]
        cost, overlap = min(executions, key=lambda e: e[0] + _span(*sizes, e[1]))
        overlaps = {(x, output): overlap for x in inputs}
        steps.append(Step(op.name, inputs, (output,), cost, overlaps))
    used = {t for step in steps for t in (*step.inputs, *step.outputs)}
    return Problem(
        tuple(steps), {t: graph.tensors[t].size_bytes for t in used}, graph.inputs, graph.outputs)


def _span(x: int, y: int, overlap: Overlap) -> int:
    spans = [x + y]
    spans += [] if overlap.forward is None else [max(x, y, x + overlap.forward)]
    spans += [] if overlap.backward is None else [max(x, y, y + overlap.backward)]
    return min([*spans, max(x, y)] if overlap.in_place else spans)


def _executions(graph: Graph, op: Op) -> list[Execution]:
    x, y = graph.tensors[graph.activations(op)[0]], graph.tensors[op.outputs[0]]
    if isinstance(op, Conv2D):
        kernel = graph.tensors[op.inputs[1]].shape[1:3]
        patch = kernel[0] * _columns(kernel[1], op.stride[1]) * x.shape[3]
        return [(2 * patch, _window(x.shape, y.shape, kernel, op.stride, reads_first=True))]
    if isinstance(op, DepthwiseConv2D):
        kernel = graph.tensors[op.inputs[1]].shape[1:3]
        patch = kernel[0] * _columns(kernel[1], op.stride[1]) * min(4, x.shape[3])
        raster = (2 * patch, _window(x.shape, y.shape, kernel, op.stride, reads_first=False))
        if op.multiplier > 1:
            return [raster]
        return [raster, (2 * kernel[0] * (x.shape[2] + kernel[1] - 1), Overlap(in_place=True))]
    if isinstance(op, AveragePool2D):
        return [(0, _window(x.shape, y.shape, op.kernel, op.stride, reads_first=True))]
    if isinstance(op, Dense):
        return [(0, dense_distances(x.size_bytes, y.size_bytes, GROUP))]
    assert isinstance(op, (Add, Softmax, Reshape)), op.kind
    return [(0, ELEMENTWISE)]


def _columns(kernel: int, stride: int) -> int:
    """Input columns that the windows of a group cover."""
    return GROUP * kernel if kernel <= stride else (GROUP - 1) * stride + kernel


def _window(
    x: tuple[int, ...], y: tuple[int, ...], kernel: tuple[int, ...], stride: tuple[int, int],
    reads_first: bool,
) -> Overlap:
    top, left = padding_2d(x, y, (kernel[0], kernel[1]), stride)
    return window_distances(
        *x[1:], *y[1:], kernel[0], kernel[1], stride, top, left, 1, GROUP, reads_first=reads_first)


def row_entries(graph: Graph) -> tuple[dict[int, int], dict[int, RowStep]]:
    """(rows per tensor, row entry points of convolutions, additions and averages over the whole image)."""
    rows = {t: tensor.shape[1] for t, tensor in enumerate(graph.tensors) if len(tensor.shape) == 4}
    entries = {}
    for k, op in enumerate(graph.ops):
        inputs = graph.activations(op)
        x, y = graph.tensors[inputs[0]], graph.tensors[op.outputs[0]]
        if isinstance(op, (Conv2D, DepthwiseConv2D)):
            height = graph.tensors[op.inputs[1]].shape[1]
            top = padding_2d(x.shape, y.shape, (height, 1), op.stride)[0]
            window = RowWindow(height, op.stride[0], top)
            entries[k] = RowStep({inputs[0]: window}, min(cost for cost, _ in _executions(graph, op)))
        elif isinstance(op, AveragePool2D):
            whole = RowWindow(op.kernel[0], op.stride[0], 0, accumulates=y.shape[1] == 1)
            entries[k] = RowStep({inputs[0]: whole}, 4 * x.shape[3])
        elif isinstance(op, Add):
            chunk = GROUP * x.shape[3]
            entries[k] = RowStep({t: RowWindow(chunk_bytes=chunk) for t in inputs})
    return rows, entries
