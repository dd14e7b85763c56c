"""From what `.tflite` stores to operators: options and small constant inputs become attributes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tinynas.errors import ModelError
from tinynas.graph import ops
from tinynas.graph.geometry import axis_of
from tinynas.graph.op import ABSENT, Op
from tinynas.graph.tensor import Shape, Tensor
from tinynas.graph.tflite_schema import ACTIVATIONS, FORMATS, PADDINGS, Options, supported_operators


@dataclass(frozen=True)
class Source:
    """One operator of a file, with access to its tensors by position."""

    kind: str
    name: str
    options: Options
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    tensors: Mapping[int, Tensor]  # those of this operator, by index

    def input(self, position: int, what: str) -> Tensor:
        if position >= len(self.inputs) or self.inputs[position] == ABSENT:
            raise ModelError(f"its {what} (input {position}) is missing")
        return self.tensors[self.inputs[position]]

    def shape(self) -> Shape:
        return self.input(0, "input").shape

    def output(self) -> Shape:
        return self.tensors[self.outputs[0]].shape

    def takes(self, least: int, most: int | None = None) -> None:
        if not least <= len(self.inputs) <= (most or least):
            wanted = f"{least} to {most}" if most else f"{least}"
            raise ModelError(f"it has {len(self.inputs)} inputs; it takes {wanted}")

    def ints(self, position: int, what: str, count: int | None = None) -> list[int]:
        """A constant int32 operand, flattened."""
        tensor = self.input(position, what)
        if tensor.data is None:
            raise ModelError(f"its {what} is computed by the model; only constants are supported")
        if tensor.dtype != "int32":
            raise ModelError(f"its {what} is {tensor.dtype}; supported: int32")
        values = [int(v) for v in tensor.data.reshape(-1)]
        if count is not None and len(values) != count:
            raise ModelError(f"its {what} has {len(values)} values; it needs {count}")
        return values

    def option(self, field: str) -> Any:
        return self.options[field]

    def pair(self, height: str, width: str) -> tuple[int, int]:
        return (self.option(height), self.option(width))

    def make(self, kind: type[Op], data: Sequence[int], **attributes: Any) -> Op:
        return kind(self.name, tuple(data), self.outputs, **attributes)

    def one(self, kind: type[Op], **attributes: Any) -> Op:
        """An operator whose only tensor input is input 0."""
        return self.make(kind, self.inputs[:1], **attributes)

    def activation(self) -> str:
        code = self.option("FusedActivationFunction")
        name = ACTIVATIONS.get(code, str(code))
        if name not in ("NONE", "RELU", "RELU6", "RELU_N1_TO_1"):
            raise ModelError(
                f"activation {name} is not supported; supported: NONE, RELU, RELU6, RELU_N1_TO_1"
            )
        return name

    def window(self) -> dict[str, Any]:
        padding = PADDINGS.get(self.option("Padding"), str(self.option("Padding")))
        stride = self.pair("StrideH", "StrideW")
        return {"stride": stride, "padding": padding, "activation": self.activation()}


def decode(source: Source) -> Op:
    """The operator; ModelError (without its label) when something in it is not supported."""
    decoder = _DECODERS.get(source.kind)
    if decoder is None:
        raise ModelError(f"operator is not supported; supported: {supported_operators()}")
    return decoder(source)


def _without_trailing_absent(inputs: tuple[int, ...]) -> tuple[int, ...]:
    """An absent bias is left out, however the file says so."""
    return inputs[:2] if len(inputs) == 3 and inputs[2] == ABSENT else inputs


def _conv(s: Source) -> Op:
    s.takes(2, 3)
    return s.make(ops.Conv2D, _without_trailing_absent(s.inputs), **s.window(),
                  dilation=s.pair("DilationHFactor", "DilationWFactor"))


def _depthwise(s: Source) -> Op:
    s.takes(2, 3)
    return s.make(ops.DepthwiseConv2D, _without_trailing_absent(s.inputs), **s.window(),
                  dilation=s.pair("DilationHFactor", "DilationWFactor"),
                  multiplier=s.option("DepthMultiplier"))


def _dense(s: Source) -> Op:
    s.takes(2, 3)
    if s.option("WeightsFormat") != 0:
        raise ModelError("shuffled weights are not supported; supported: the default weights format")
    keep = bool(s.option("KeepNumDims")) or len(s.output()) != 2  # some converters forget to say so
    return s.make(ops.Dense, _without_trailing_absent(s.inputs), activation=s.activation(), keep_dims=keep)


def _pool(kind: type[Op]) -> Callable[[Source], Op]:
    def decoder(s: Source) -> Op:
        s.takes(1)
        return s.one(kind, **s.window(), kernel=s.pair("FilterHeight", "FilterWidth"))

    return decoder


def _mean(s: Source) -> Op:
    s.takes(2)
    rank = len(s.shape())
    axes = tuple(dict.fromkeys(axis_of(a, rank) for a in s.ints(1, "axes")))
    return s.one(ops.Mean, axes=axes, keep_dims=bool(s.option("KeepDims")))


def _binary(kind: type[Op]) -> Callable[[Source], Op]:
    def decoder(s: Source) -> Op:
        s.takes(2)
        return s.make(kind, s.inputs, activation=s.activation())

    return decoder


def _plain(kind: type[Op]) -> Callable[[Source], Op]:
    def decoder(s: Source) -> Op:
        s.takes(1)
        return s.one(kind)

    return decoder


def _softmax(s: Source) -> Op:
    s.takes(1)
    return s.one(ops.Softmax, beta=float(s.option("Beta")))


def _leaky_relu(s: Source) -> Op:
    s.takes(1)
    return s.one(ops.LeakyRelu, alpha=float(s.option("Alpha")))


def _reshape(s: Source) -> Op:
    """The declared output shape rules; the shape operand, when constant, must not contradict it."""
    s.takes(1, 2)
    if len(s.option("NewShape")) > 8:
        raise ModelError("its shape option has more than 8 dimensions")
    if len(s.inputs) == 2 and s.inputs[1] != ABSENT:
        wanted = s.ints(1, "shape")
        fits = len(wanted) == len(s.output()) and all(
            w in (-1, d) for w, d in zip(wanted, s.output(), strict=True)
        )
        if not fits:
            raise ModelError(f"its shape operand {wanted} contradicts its output {list(s.output())}")
    return s.one(ops.Reshape, shape=s.output())


def _squeeze(s: Source) -> Op:
    s.takes(1)
    rank, dims = len(s.shape()), s.option("SqueezeDims")
    drop = {axis_of(a, rank) for a in dims} or {k for k, d in enumerate(s.shape()) if d == 1}
    if any(s.shape()[a] != 1 for a in drop):
        raise ModelError(f"axes {sorted(drop)} of {list(s.shape())} are not all of size 1")
    return s.one(ops.Squeeze, shape=tuple(d for k, d in enumerate(s.shape()) if k not in drop))


def _expand_dims(s: Source) -> Op:
    s.takes(2)
    x = s.shape()
    axis = axis_of(s.ints(1, "axis", 1)[0], len(x) + 1)
    return s.one(ops.ExpandDims, shape=(*x[:axis], 1, *x[axis:]))


def _paddings(s: Source) -> dict[str, Any]:
    flat = s.ints(1, "paddings", 2 * len(s.shape()))
    return {"before": tuple(flat[0::2]), "after": tuple(flat[1::2])}


def _pad(s: Source) -> Op:
    s.takes(2)
    return s.one(ops.Pad, **_paddings(s))


def _pad_v2(s: Source) -> Op:
    s.takes(3)
    value, output = s.input(2, "padding value"), s.tensors[s.outputs[0]]
    if value.data is None or value.dtype != "int8" or value.elements != 1:
        raise ModelError("its padding value must be one constant int8")
    q, expected = value.quantization, output.quantization
    if q is None or expected is None or (q.scale, q.zero_point) != (expected.scale, expected.zero_point):
        raise ModelError("its padding value must have the quantization of its output")
    return s.one(ops.PadV2, **_paddings(s), value=int(value.data.reshape(-1)[0]))


def _concat(s: Source) -> Op:
    if s.activation() != "NONE":
        raise ModelError(f"activation {s.activation()} is not supported; supported: NONE")
    return s.make(ops.Concat, s.inputs, axis=s.option("Axis"))


def _split(s: Source) -> Op:
    s.takes(2)
    if s.option("NumSplits") != len(s.outputs):
        raise ModelError(f"it splits into {s.option('NumSplits')} parts but has {len(s.outputs)} outputs")
    return s.make(ops.Split, s.inputs[1:], axis=s.ints(0, "axis", 1)[0])


def _strided_slice(s: Source) -> Op:
    s.takes(4)
    if s.option("EllipsisMask") or s.option("NewAxisMask") or s.option("Offset"):
        raise ModelError("ellipsis, new-axis and offset slices are not supported")
    x = s.shape()
    rows = [s.ints(k, what, len(x)) for k, what in ((1, "begin"), (2, "end"), (3, "strides"))]
    begin, end = [], []
    for k, (size, b, e, stride) in enumerate(zip(x, *rows, strict=True)):
        if stride == 0:
            raise ModelError("a stride is 0")
        shrunk = bool(s.option("ShrinkAxisMask") >> k & 1)
        first, last = (0, size) if stride > 0 else (-1, size - 1)  # what an index may be clamped to
        start = _clamp(b, size, first, last)
        if s.option("BeginMask") >> k & 1:
            start = 0 if stride > 0 else size - 1
        stop = _clamp(e, size, first, last)
        if s.option("EndMask") >> k & 1:
            stop = last if stride > 0 else -1
        if shrunk and stride < 0:
            raise ModelError("dropping an axis with a negative stride is not supported")
        begin.append(start)
        end.append(start + 1 if shrunk else stop)
    shrink = tuple(k for k in range(len(x)) if s.option("ShrinkAxisMask") >> k & 1)
    return s.one(ops.StridedSlice, begin=tuple(begin), end=tuple(end), strides=tuple(rows[2]), shrink=shrink)


def _clamp(index: int, size: int, low: int, high: int) -> int:
    """An index that may count from the end, brought into range."""
    return min(max(index + size if index < 0 else index, low), high)


def _transpose(s: Source) -> Op:
    s.takes(2)
    return s.one(ops.Transpose, perm=tuple(s.ints(1, "permutation", len(s.shape()))))


_DECODERS: dict[str, Callable[[Source], Op]] = {
    "ADD": _binary(ops.Add),
    "AVERAGE_POOL_2D": _pool(ops.AveragePool2D),
    "CONCATENATION": _concat,
    "CONV_2D": _conv,
    "DEPTHWISE_CONV_2D": _depthwise,
    "DEQUANTIZE": _plain(ops.Dequantize),
    "EXPAND_DIMS": _expand_dims,
    "FULLY_CONNECTED": _dense,
    "HARD_SWISH": _plain(ops.HardSwish),
    "LEAKY_RELU": _leaky_relu,
    "LOGISTIC": _plain(ops.Logistic),
    "MAX_POOL_2D": _pool(ops.MaxPool2D),
    "MEAN": _mean,
    "MUL": _binary(ops.Mul),
    "PAD": _pad,
    "PADV2": _pad_v2,
    "QUANTIZE": _plain(ops.Quantize),
    "RELU": _plain(ops.Relu),
    "RELU6": _plain(ops.Relu6),
    "RESHAPE": _reshape,
    "SOFTMAX": _softmax,
    "SPLIT": _split,
    "SQUEEZE": _squeeze,
    "STRIDED_SLICE": _strided_slice,
    "SUB": _binary(ops.Sub),
    "TANH": _plain(ops.Tanh),
    "TRANSPOSE": _transpose,
}
assert _DECODERS.keys() == FORMATS.keys()
