"""From operators to what `.tflite` stores: options and the small constants TFLite passes as inputs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinynas.errors import ModelError
from tinynas.graph import ops
from tinynas.graph.op import Op
from tinynas.graph.tensor import Quantization, Tensor
from tinynas.graph.tflite_schema import ACTIVATION_CODES, PADDING_CODES, Options


@dataclass(frozen=True, eq=False)
class Operand:
    """A constant input that is an attribute in the graph: where it stands and what it holds."""

    position: int
    name: str
    data: np.ndarray
    quantization: Quantization | None = None


@dataclass(frozen=True, eq=False)
class Encoded:
    options: Options
    operands: tuple[Operand, ...] = ()  # to be inserted into the op's inputs, lowest position first


def encode(op: Op, inputs: Sequence[Tensor | None], outputs: Sequence[Tensor]) -> Encoded:
    """Options and extra operands of one operator."""
    options: Options = {}
    operands: tuple[Operand, ...] = ()
    if isinstance(op, (ops.Conv2D, ops.DepthwiseConv2D)):
        options = _window(op) | {"DilationHFactor": op.dilation[0], "DilationWFactor": op.dilation[1]}
        if isinstance(op, ops.DepthwiseConv2D):
            options["DepthMultiplier"] = op.multiplier
    elif isinstance(op, (ops.AveragePool2D, ops.MaxPool2D)):
        options = _window(op) | {"FilterHeight": op.kernel[0], "FilterWidth": op.kernel[1]}
    elif isinstance(op, ops.Dense):
        options = _fused(op.activation) | {"WeightsFormat": 0, "KeepNumDims": op.keep_dims}
    elif isinstance(op, (ops.Add, ops.Sub, ops.Mul)):
        options = _fused(op.activation)
    elif isinstance(op, ops.Concat):
        options = _fused("NONE") | {"Axis": op.axis}
    elif isinstance(op, ops.Mean):
        options, operands = {"KeepDims": op.keep_dims}, (_ints(1, "axes", op.axes),)
    elif isinstance(op, ops.Softmax):
        options = {"Beta": op.beta}
    elif isinstance(op, ops.LeakyRelu):
        options = {"Alpha": op.alpha}
    elif isinstance(op, ops.Reshape):
        options, operands = {"NewShape": list(op.shape)}, (_ints(1, "shape", op.shape),)
    elif isinstance(op, ops.Squeeze):
        options = {"SqueezeDims": list(op.axes(_shape(inputs)))}
    elif isinstance(op, ops.ExpandDims):
        operands = (_ints(1, "axis", [op.axis(_shape(inputs))]),)
    elif isinstance(op, (ops.Pad, ops.PadV2)):
        operands = _paddings(op, outputs[0])
    elif isinstance(op, ops.Split):
        options = {"NumSplits": len(op.outputs)}
        operands = (Operand(0, "axis", np.array(op.axis, np.int32)),)
    elif isinstance(op, ops.StridedSlice):
        options, operands = _slice(op)
    elif isinstance(op, ops.Transpose):
        operands = (_ints(1, "perm", op.perm),)
    return Encoded(options, operands)


def _shape(inputs: Sequence[Tensor | None]) -> tuple[int, ...]:
    assert inputs[0] is not None
    return inputs[0].shape


def _ints(position: int, name: str, values: Sequence[int]) -> Operand:
    return Operand(position, name, np.array(values, np.int32))


def _fused(activation: str) -> Options:
    return {"FusedActivationFunction": ACTIVATION_CODES[activation]}


def _window(op: Any) -> Options:
    if op.pads is not None:
        raise ModelError(f"{op.kind} '{op.name}' has explicit padding (a PAD folded away), which .tflite cannot say: "
                         "write the graph it was made from")
    return _fused(op.activation) | {
        "Padding": PADDING_CODES[op.padding], "StrideH": op.stride[0], "StrideW": op.stride[1],
    }


def _paddings(op: ops.Pad | ops.PadV2, output: Tensor) -> tuple[Operand, ...]:
    table = np.array([op.before, op.after], np.int32).T
    paddings = Operand(1, "paddings", np.ascontiguousarray(table))
    if isinstance(op, ops.Pad):
        return (paddings,)
    return (paddings, Operand(2, "value", np.array([op.value], np.int8), output.quantization))


def _slice(op: ops.StridedSlice) -> tuple[Options, tuple[Operand, ...]]:
    """An end before the first element is written as a mask: -1 would count from the end."""
    end_mask = sum(1 << k for k, end in enumerate(op.end) if end < 0)
    options: Options = {
        "BeginMask": 0, "EndMask": end_mask, "EllipsisMask": 0, "NewAxisMask": 0,
        "ShrinkAxisMask": sum(1 << k for k in op.shrink), "Offset": False,
    }
    return options, (
        _ints(1, "begin", op.begin), _ints(2, "end", [max(0, e) for e in op.end]),
        _ints(3, "strides", op.strides),
    )
