"""The same network a little different, without weights: fewer channels, or a stride taken earlier.

A variant is planned like any candidate, so what a change would save is computed, not guessed. It tells about
memory and speed only; the changed network would have to be trained.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

from tinynas.errors import ModelError
from tinynas.graph import Graph, Op, Quantization, Tensor
from tinynas.graph.ops import (
    Add,
    Conv2D,
    Dense,
    DepthwiseConv2D,
    HardSwish,
    LeakyRelu,
    Logistic,
    Mean,
    Mul,
    Pad,
    Relu,
    Relu6,
    Sub,
    Tanh,
)
from tinynas.graph.ops.pool import Pool2D
from tinynas.graph.ops.reshape import ShapeChange

MULTIPLE = 4  # channel counts that kernels like
_CHANNELWISE = (Add, Sub, Mul, Pool2D, Mean, Pad, Relu, Relu6, LeakyRelu, HardSwish, Logistic, Tanh, ShapeChange)


def thinner(graph: Graph, tensors: Collection[int], fraction: float) -> Graph | None:
    """`graph` with the channels of `tensors`, and of all that must have as many, cut to `fraction` (rounded to
    a multiple of 4). None when one of them cannot be changed or none would become smaller."""
    groups = _channel_groups(graph)
    units = _units(graph, groups)
    wanted = {groups[t] for t in tensors}
    cuts = {g: (units[g], _fewer(units[g], fraction)) for g in wanted if g is not None}
    if None in wanted or all(before == after for before, after in cuts.values()):
        return None
    counts = {
        t: graph.tensors[t].shape[-1] // cuts[g][0] * cuts[g][1]
        for t, g in groups.items() if g is not None and g in cuts
    }
    changed = {t: _cut(graph.tensors[t], -1, count) for t, count in counts.items()}
    for op in graph.ops:
        for t, axis, count in _constants(op, counts):
            changed[t] = _cut(changed.get(t, graph.tensors[t]), axis, count)
    tensors_now = tuple(_bare(changed.get(t, tensor)) for t, tensor in enumerate(graph.tensors))
    ops = tuple(
        replace(op, shape=tensors_now[op.outputs[0]].shape) if isinstance(op, ShapeChange) else op
        for op in graph.ops
    )
    return _consistent(Graph(graph.name, tensors_now, ops, graph.inputs, graph.outputs))


def restrided(graph: Graph, strides: Mapping[int, tuple[int, int]]) -> Graph | None:
    """`graph` with other strides for some operators (by index), every shape after them worked out anew. A pool
    over the whole image stays one. None when the shapes no longer fit together."""
    tensors = [_bare(tensor) for tensor in graph.tensors]
    ops: list[Op] = []
    for k, op in enumerate(graph.ops):
        if isinstance(op, Pool2D) and op.kernel == graph.tensors[op.inputs[0]].shape[1:3]:
            size = tensors[op.inputs[0]].shape
            op = replace(op, kernel=(size[1], size[2]))
        if k in strides:
            op = replace(op, stride=strides[k])  # type: ignore[call-arg]
        try:
            shapes = op.output_shapes([None if t < 0 else tensors[t].shape for t in op.inputs])
        except ModelError:
            return None
        for t, shape in zip(op.outputs, shapes, strict=True):
            tensors[t] = replace(tensors[t], shape=shape)
        ops.append(op)
    if any(tensors[t].shape != graph.tensors[t].shape for t in graph.outputs):
        return None
    return Graph(graph.name, tuple(tensors), tuple(ops), graph.inputs, graph.outputs)


def _units(graph: Graph, groups: Mapping[int, int | None]) -> dict[int, int]:
    """Group -> its number of channels (a flattened member holds them several times)."""
    units: dict[int, int] = {}
    for t, group in groups.items():
        if group is not None:
            units[group] = min(units.get(group, graph.tensors[t].shape[-1]), graph.tensors[t].shape[-1])
    return units


def _fewer(channels: int, fraction: float) -> int:
    return min(channels, max(MULTIPLE, int(channels * fraction) // MULTIPLE * MULTIPLE))


def _channel_groups(graph: Graph) -> dict[int, int | None]:
    """Activation tensor -> a tensor that stands for all with the same channels; None: cannot be changed."""
    parent = {t: t for t, tensor in enumerate(graph.tensors) if not tensor.constant}
    fixed = set(graph.inputs) | set(graph.outputs)

    def top(t: int) -> int:
        while parent[t] != t:
            t = parent[t]
        return t

    for op in graph.ops:
        data = [t for t in (*graph.activations(op), *op.outputs) if graph.tensors[t].shape]
        channels = {graph.tensors[t].shape[-1] for t in data}
        tied = isinstance(op, (*_CHANNELWISE, DepthwiseConv2D)) and len(channels) == 1 and (
            isinstance(op, DepthwiseConv2D) or len(graph.activations(op)) == len([t for t in op.inputs if t >= 0]))
        if _flattens(op, graph) or (tied and not _moves_channels(op, graph)):
            for t in data[1:]:
                parent[top(t)] = top(data[0])
        elif not isinstance(op, (Conv2D, Dense)):
            fixed |= set(data)
    stuck = {top(t) for t in fixed if t in parent}
    return {t: None if top(t) in stuck else top(t) for t in parent}


def _flattens(op: Op, graph: Graph) -> bool:
    """Whether the operator lays all positions' channels side by side in one row."""
    target = graph.tensors[op.outputs[0]].shape
    return isinstance(op, ShapeChange) and len(target) == 2 and target[0] == 1


def _moves_channels(op: Op, graph: Graph) -> bool:
    """Whether the last dimension before the operator is another one after it, though of the same size."""
    source, target = graph.tensors[op.inputs[0]].shape, graph.tensors[op.outputs[0]].shape
    if isinstance(op, ShapeChange):
        return source[-1] != target[-1]
    return isinstance(op, Mean) and len(source) - 1 in {axis % len(source) for axis in op.axes}


def _constants(op: Op, counts: Mapping[int, int]) -> Iterator[tuple[int, int, int]]:
    """(constant tensor, axis, new size) of an operator whose input or output loses channels."""
    before, after = counts.get(op.inputs[0]), counts.get(op.outputs[0])
    if not isinstance(op, (Conv2D, Dense, DepthwiseConv2D)):
        return
    if before is not None and not isinstance(op, DepthwiseConv2D):
        yield op.inputs[1], -1, before
    if after is not None:
        yield op.inputs[1], -1 if isinstance(op, DepthwiseConv2D) else 0, after
        if len(op.inputs) > 2 and op.inputs[2] >= 0:
            yield op.inputs[2], 0, after


def _cut(tensor: Tensor, axis: int, count: int) -> Tensor:
    axis %= len(tensor.shape)
    shape = (*tensor.shape[:axis], count, *tensor.shape[axis + 1:])
    quantization = tensor.quantization
    if quantization is not None and quantization.per_channel and quantization.axis == axis:
        quantization = Quantization(quantization.scale[:count], quantization.zero_point[:count], axis)
    return replace(tensor, shape=shape, quantization=quantization, data=None)


def _bare(tensor: Tensor) -> Tensor:
    """Without weights: they belong to the network as it was."""
    return tensor if tensor.data is None else replace(tensor, data=None)


def _consistent(graph: Graph) -> Graph | None:
    """The graph itself when every operator's shapes fit, else None."""
    for op in graph.ops:
        shapes = [None if tensor is None else tensor.shape for tensor in graph.input_tensors(op)]
        try:
            if op.output_shapes(shapes) != tuple(t.shape for t in graph.output_tensors(op)):
                return None
        except ModelError:
            return None
    return graph
