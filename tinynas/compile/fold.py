"""PAD disappears into the operator that reads it.

A PAD writes a larger copy of its input so that the next window may run over the edge. Convolutions and
pools have padding of their own, so the copy is not needed: they are given the PAD's rows and columns as
explicit padding (`pads`) and read its input. Exact when what they pad with is what the PAD fills with: the
zero point of their input for convolutions (it counts nothing), -128 for the largest of a window.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import cast

from tinynas.graph import Graph, Op
from tinynas.graph.geometry import Pads, padding_before, span
from tinynas.graph.ops import Conv2D, DepthwiseConv2D, MaxPool2D, Pad, PadV2

LOWEST = -128
Windowed = Conv2D | DepthwiseConv2D | MaxPool2D


@dataclass(frozen=True, eq=False)
class Folded:
    """A graph with the same results. `gone`: operators (by index, unchanged) that nobody reads any more."""

    graph: Graph
    gone: frozenset[int] = frozenset()


def fold_pads(graph: Graph) -> Folded:
    """Fold every PAD whose readers can all pad for themselves. Indices of operators and tensors stay."""
    ops, gone = list(graph.ops), set()
    readers = graph.consumers()
    for k, op in enumerate(graph.ops):
        if not isinstance(op, (Pad, PadV2)) or op.outputs[0] in graph.outputs:
            continue
        after = readers.get(op.outputs[0], [])
        if after and all(_takes(graph, op, ops[reader]) for reader in after):
            for reader in after:
                ops[reader] = _with_pads(graph, op, cast(Windowed, ops[reader]))
            gone.add(k)
    return Folded(replace(graph, ops=tuple(ops)), frozenset(gone)) if gone else Folded(graph)


def _takes(graph: Graph, pad: Pad | PadV2, reader: Op) -> bool:
    if not isinstance(reader, Windowed) or reader.inputs[0] != pad.outputs[0]:
        return False
    before, after = pad.before, pad.after
    if len(before) != 4 or before[0] or after[0] or before[3] or after[3]:
        return False
    source, padded = graph.tensors[pad.inputs[0]], graph.tensors[pad.outputs[0]]
    if source.constant or source.quantization != padded.quantization or source.dtype != "int8":
        return False
    kernel = _kernel(graph, reader)
    if kernel == (1, 1):  # such kernels look at no edge
        return False
    value = pad.value if isinstance(pad, PadV2) else padded.zero_point
    if isinstance(reader, MaxPool2D):
        pads = _pads(graph, pad, reader)
        inside = all(max(pads[2 * d], pads[2 * d + 1]) < kernel[d] for d in range(2))
        return value == LOWEST and inside
    return value == padded.zero_point


def _with_pads(graph: Graph, pad: Pad | PadV2, reader: Windowed) -> Op:
    moved = reader.with_tensors((pad.inputs[0], *reader.inputs[1:]), reader.outputs)
    return replace(cast(Windowed, moved), pads=_pads(graph, pad, reader))


def _pads(graph: Graph, pad: Pad | PadV2, reader: Windowed) -> Pads:
    """The PAD's rows and columns, and what the reader itself adds around them."""
    padded, output = graph.tensors[pad.outputs[0]].shape, graph.tensors[reader.outputs[0]].shape
    kernel, dilation = _kernel(graph, reader), getattr(reader, "dilation", (1, 1))
    pads = []
    for d in range(2):
        size, count, stride = padded[1 + d], output[1 + d], reader.stride[d]
        own = padding_before(size, count, kernel[d], stride, dilation[d])
        beyond = max(0, (count - 1) * stride + span(kernel[d], dilation[d]) - own - size)
        pads += [pad.before[1 + d] + own, pad.after[1 + d] + beyond]
    return pads[0], pads[1], pads[2], pads[3]


def _kernel(graph: Graph, op: Windowed) -> tuple[int, int]:
    if isinstance(op, MaxPool2D):
        return op.kernel
    weights = graph.tensors[op.inputs[1]].shape
    return weights[1], weights[2]
