"""Build a graph operator by operator: spaces and tests describe networks with it.

Tensors are named by index. Whatever is not said is nominal: activations of scale 0.05, weights of
scale 0.01, no weight data. So the same calls make an untrained candidate or, when data and
quantization are given, a complete int8 model.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tinynas.errors import ModelError
from tinynas.graph import ops
from tinynas.graph.geometry import axis_of
from tinynas.graph.graph import Graph
from tinynas.graph.op import ABSENT, Op
from tinynas.graph.tensor import Quantization, Shape, Tensor
from tinynas.graph.validate import validate

NOMINAL = Quantization.per_tensor(0.05, 0)
NOMINAL_RELU = Quantization.per_tensor(0.05, -128)  # only values from 0 up occur
PROBABILITY = Quantization.per_tensor(1 / 256, -128)
SIGNED_UNIT = Quantization.per_tensor(1 / 128, 0)
NOMINAL_WEIGHT_SCALE = 0.01

Pair = int | tuple[int, int]


def pair(value: Pair) -> tuple[int, int]:
    """(height, width) from one number or two."""
    return value if isinstance(value, tuple) else (value, value)


class GraphBuilder:
    """Collects tensors and operators; every method that adds an operator returns its output's index.

    Shape errors are raised at once, as ModelError naming the operator."""

    def __init__(self, name: str = "graph") -> None:
        self.name = name
        self.tensors: list[Tensor] = []
        self.ops: list[Op] = []
        self.inputs: list[int] = []

    # tensors

    def tensor(self, tensor: Tensor) -> int:
        """Add a tensor as it is."""
        self.tensors.append(tensor)
        return len(self.tensors) - 1

    def input(
        self, shape: Shape, quantization: Quantization | None = NOMINAL, dtype: str = "int8",
        name: str | None = None,
    ) -> int:
        """A graph input; quantization None for float32."""
        q = None if dtype == "float32" else quantization
        index = self.tensor(Tensor(name or f"input_{len(self.inputs)}", tuple(shape), dtype, q))
        self.inputs.append(index)
        return index

    def constant(
        self, shape: Shape, quantization: Quantization | None = NOMINAL, data: np.ndarray | None = None,
        dtype: str = "int8", name: str | None = None,
    ) -> int:
        """A constant; its data may come later (None)."""
        label = name or f"constant_{len(self.tensors)}"
        return self.tensor(Tensor(label, tuple(shape), dtype, quantization, constant=True, data=data))

    def shape(self, index: int) -> Shape:
        return self.tensors[index].shape

    def quantization(self, index: int) -> Quantization | None:
        return self.tensors[index].quantization

    # operators in general

    def add_op(
        self, kind: type[Op], inputs: Sequence[int], quantization: Quantization | None,
        name: str | None = None, dtype: str = "int8", results: int = 1, **attributes: Any,
    ) -> tuple[int, ...]:
        """Add an operator and its outputs, whose shapes follow from the inputs'."""
        label = name or f"{kind.kind.lower()}_{len(self.ops)}"
        first = len(self.tensors)
        outputs = tuple(range(first, first + results))
        op = kind(label, tuple(inputs), outputs, **attributes)
        try:
            shapes = op.output_shapes([None if i == ABSENT else self.tensors[i].shape for i in inputs])
        except ModelError as error:
            raise ModelError(f"operator {len(self.ops)} {op.kind} '{label}': {error}") from None
        for k, shape in enumerate(shapes):
            self.tensor(Tensor(f"{label}:{k}" if k else label, shape, dtype, quantization))
        self.ops.append(op)
        return outputs

    def _one(
        self, kind: type[Op], inputs: Sequence[int], quantization: Quantization | None, **keywords: Any
    ) -> int:
        return self.add_op(kind, inputs, quantization, **keywords)[0]

    def _weights(
        self, label: str, shape: Shape, axis: int, channels: int, data: np.ndarray | None,
        quantization: Quantization | None, per_channel: bool,
    ) -> int:
        if quantization is None:
            count = channels if per_channel else 1
            quantization = Quantization.symmetric((NOMINAL_WEIGHT_SCALE,) * count, axis)
        return self.constant(shape, quantization, data, name=f"{label}/weights")

    def _bias(self, label: str, x: int, weights: int, channels: int, data: np.ndarray | None) -> int:
        qx, qw = self.quantization(x), self.quantization(weights)
        assert qx is not None and qw is not None
        scale = Quantization.symmetric([qx.scale[0] * s for s in qw.scale], 0)
        return self.constant((channels,), scale, data, dtype="int32", name=f"{label}/bias")

    # layers with weights

    def conv2d(
        self, x: int, filters: int, kernel: Pair, stride: Pair = 1, padding: str = "SAME",
        activation: str = "NONE", dilation: Pair = 1, bias: bool = True,
        weights: np.ndarray | None = None, bias_data: np.ndarray | None = None,
        weights_quantization: Quantization | None = None, per_channel: bool = True,
        quantization: Quantization | None = None, name: str | None = None,
    ) -> int:
        """CONV_2D. `weights` (filters, KH, KW, I) int8, `bias_data` (filters,) int32."""
        label = name or f"conv_2d_{len(self.ops)}"
        kh, kw = pair(kernel)
        w = self._weights(label, (filters, kh, kw, self.shape(x)[-1]), 0, filters, weights,
                          weights_quantization, per_channel)
        inputs = [x, w, self._bias(label, x, w, filters, bias_data)] if bias else [x, w]
        return self._one(ops.Conv2D, inputs, quantization or _after(activation), name=label,
                         stride=pair(stride), dilation=pair(dilation), padding=padding, activation=activation)

    def depthwise_conv2d(
        self, x: int, kernel: Pair, stride: Pair = 1, padding: str = "SAME", activation: str = "NONE",
        multiplier: int = 1, dilation: Pair = 1, bias: bool = True, weights: np.ndarray | None = None,
        bias_data: np.ndarray | None = None, weights_quantization: Quantization | None = None,
        per_channel: bool = True, quantization: Quantization | None = None, name: str | None = None,
    ) -> int:
        """DEPTHWISE_CONV_2D. `weights` (1, KH, KW, C * multiplier) int8."""
        label = name or f"depthwise_conv_2d_{len(self.ops)}"
        kh, kw = pair(kernel)
        channels = self.shape(x)[-1] * multiplier
        w = self._weights(label, (1, kh, kw, channels), 3, channels, weights,
                          weights_quantization, per_channel)
        inputs = [x, w, self._bias(label, x, w, channels, bias_data)] if bias else [x, w]
        return self._one(ops.DepthwiseConv2D, inputs, quantization or _after(activation), name=label,
                         stride=pair(stride), dilation=pair(dilation), padding=padding,
                         activation=activation, multiplier=multiplier)

    def dense(
        self, x: int, units: int, activation: str = "NONE", keep_dims: bool = False, bias: bool = True,
        weights: np.ndarray | None = None, bias_data: np.ndarray | None = None,
        weights_quantization: Quantization | None = None, per_channel: bool = True,
        inputs_per_row: int | None = None, quantization: Quantization | None = None,
        name: str | None = None,
    ) -> int:
        """FULLY_CONNECTED. Without keep_dims, x is flattened to rows of `inputs_per_row` values
        (default: everything after the first dimension). `weights` (units, inputs_per_row)."""
        label = name or f"fully_connected_{len(self.ops)}"
        shape = self.shape(x)
        row = inputs_per_row or (shape[-1] if keep_dims else int(np.prod(shape[1:], dtype=np.int64)))
        w = self._weights(label, (units, row), 0, units, weights, weights_quantization, per_channel)
        inputs = [x, w, self._bias(label, x, w, units, bias_data)] if bias else [x, w]
        return self._one(ops.Dense, inputs, quantization or _after(activation), name=label,
                         activation=activation, keep_dims=keep_dims)

    # layers without weights; quantization None means the input's, or the operator's own

    def average_pool(
        self, x: int, kernel: Pair, stride: Pair | None = None, padding: str = "VALID",
        activation: str = "NONE", name: str | None = None,
    ) -> int:
        return self._one(ops.AveragePool2D, [x], self.quantization(x), name=name, kernel=pair(kernel),
                         stride=pair(stride or kernel), padding=padding, activation=activation)

    def max_pool(
        self, x: int, kernel: Pair, stride: Pair | None = None, padding: str = "VALID",
        activation: str = "NONE", name: str | None = None,
    ) -> int:
        return self._one(ops.MaxPool2D, [x], self.quantization(x), name=name, kernel=pair(kernel),
                         stride=pair(stride or kernel), padding=padding, activation=activation)

    def mean(
        self, x: int, axes: Sequence[int] = (1, 2), keep_dims: bool = False,
        quantization: Quantization | None = None, name: str | None = None,
    ) -> int:
        rank = len(self.shape(x))
        return self._one(ops.Mean, [x], quantization or self.quantization(x), name=name,
                         axes=tuple(axis_of(a, rank) for a in axes), keep_dims=keep_dims)

    def add(self, a: int, b: int, activation: str = "NONE", quantization: Quantization | None = None,
            name: str | None = None) -> int:
        return self._one(ops.Add, [a, b], quantization or _after(activation), name=name,
                         activation=activation)

    def sub(self, a: int, b: int, activation: str = "NONE", quantization: Quantization | None = None,
            name: str | None = None) -> int:
        return self._one(ops.Sub, [a, b], quantization or _after(activation), name=name,
                         activation=activation)

    def mul(self, a: int, b: int, activation: str = "NONE", quantization: Quantization | None = None,
            name: str | None = None) -> int:
        return self._one(ops.Mul, [a, b], quantization or _after(activation), name=name,
                         activation=activation)

    def softmax(self, x: int, beta: float = 1.0, name: str | None = None) -> int:
        return self._one(ops.Softmax, [x], PROBABILITY, name=name, beta=beta)

    def logistic(self, x: int, name: str | None = None) -> int:
        return self._one(ops.Logistic, [x], PROBABILITY, name=name)

    def tanh(self, x: int, name: str | None = None) -> int:
        return self._one(ops.Tanh, [x], SIGNED_UNIT, name=name)

    def relu(self, x: int, quantization: Quantization | None = None, name: str | None = None) -> int:
        return self._one(ops.Relu, [x], quantization or NOMINAL_RELU, name=name)

    def relu6(self, x: int, name: str | None = None) -> int:
        return self._one(ops.Relu6, [x], self.quantization(x), name=name)

    def leaky_relu(self, x: int, alpha: float = 0.2, quantization: Quantization | None = None,
                   name: str | None = None) -> int:
        return self._one(ops.LeakyRelu, [x], quantization or self.quantization(x), name=name, alpha=alpha)

    def hard_swish(self, x: int, quantization: Quantization | None = None, name: str | None = None) -> int:
        return self._one(ops.HardSwish, [x], quantization or self.quantization(x), name=name)

    def reshape(self, x: int, shape: Shape, name: str | None = None) -> int:
        """RESHAPE; one dimension may be -1."""
        sizes = list(shape)
        if sizes.count(-1) == 1:
            rest = int(np.prod([d for d in sizes if d != -1], dtype=np.int64))
            sizes[sizes.index(-1)] = self.tensors[x].elements // max(1, rest)
        return self._one(ops.Reshape, [x], self.quantization(x), name=name, shape=tuple(sizes))

    def squeeze(self, x: int, axes: Sequence[int] = (), name: str | None = None) -> int:
        """SQUEEZE of the given axes, or of every axis of size 1."""
        old = self.shape(x)
        drop = {axis_of(a, len(old)) for a in axes} or {k for k, d in enumerate(old) if d == 1}
        shape = tuple(d for k, d in enumerate(old) if k not in drop)
        return self._one(ops.Squeeze, [x], self.quantization(x), name=name, shape=shape)

    def expand_dims(self, x: int, axis: int, name: str | None = None) -> int:
        old = self.shape(x)
        place = axis_of(axis, len(old) + 1)
        shape = (*old[:place], 1, *old[place:])
        return self._one(ops.ExpandDims, [x], self.quantization(x), name=name, shape=shape)

    def pad(self, x: int, before: Sequence[int], after: Sequence[int], name: str | None = None) -> int:
        return self._one(ops.Pad, [x], self.quantization(x), name=name, before=tuple(before),
                         after=tuple(after))

    def pad_v2(self, x: int, before: Sequence[int], after: Sequence[int], value: int,
               name: str | None = None) -> int:
        return self._one(ops.PadV2, [x], self.quantization(x), name=name, before=tuple(before),
                         after=tuple(after), value=value)

    def concat(self, parts: Sequence[int], axis: int = -1, name: str | None = None) -> int:
        return self._one(ops.Concat, parts, self.quantization(parts[0]), name=name, axis=axis)

    def split(self, x: int, parts: int, axis: int = -1, name: str | None = None) -> tuple[int, ...]:
        return self.add_op(ops.Split, [x], self.quantization(x), name=name, results=parts, axis=axis)

    def strided_slice(
        self, x: int, begin: Sequence[int], end: Sequence[int], strides: Sequence[int] | None = None,
        shrink: Sequence[int] = (), name: str | None = None,
    ) -> int:
        """Positions begin, begin + stride, ... before end; no negative counting from the end."""
        steps = tuple(strides) if strides is not None else (1,) * len(self.shape(x))
        return self._one(ops.StridedSlice, [x], self.quantization(x), name=name, begin=tuple(begin),
                         end=tuple(end), strides=steps, shrink=tuple(shrink))

    def transpose(self, x: int, perm: Sequence[int], name: str | None = None) -> int:
        return self._one(ops.Transpose, [x], self.quantization(x), name=name, perm=tuple(perm))

    def quantize(self, x: int, quantization: Quantization, name: str | None = None) -> int:
        return self._one(ops.Quantize, [x], quantization, name=name)

    def dequantize(self, x: int, name: str | None = None) -> int:
        return self._one(ops.Dequantize, [x], None, name=name, dtype="float32")

    def build(self, outputs: Sequence[int] | int) -> Graph:
        """The finished graph, validated (ModelError when it is not sound)."""
        wanted = (outputs,) if isinstance(outputs, int) else tuple(outputs)
        graph = Graph(self.name, tuple(self.tensors), tuple(self.ops), tuple(self.inputs), wanted)
        validate(graph)
        return graph


def _after(activation: str) -> Quantization:
    return NOMINAL if activation in ("NONE", "RELU_N1_TO_1") else NOMINAL_RELU
