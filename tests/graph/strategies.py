"""Random small, fully weighted graphs from every operator, for all who must agree with TFLite Micro.

`random_graphs()` draws chains with residual branches, splits, joins and several outputs;
`one_op_graphs(kind)` draws a graph around a single operator. Structure is drawn by hypothesis (so
failures shrink); weights come from a drawn seed. Quantization is sensible or adversarial: zero
points at the ends, scales far apart, requantizers that shift either way. Ratios stay where 32-bit
arithmetic does not overflow, because there C is undefined.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any, TypeVar

import numpy as np
from hypothesis import strategies as st

from tinynas.graph import Graph, Quantization, Shape
from tinynas.graph.builder import GraphBuilder

T = TypeVar("T")
MAX_ELEMENTS = 600  # per activation: keeps a case within milliseconds
ACTIVATIONS = ("NONE", "NONE", "RELU", "RELU6", "RELU_N1_TO_1")


@dataclass
class Dice:
    """Draws of structure from hypothesis, of bulk data from a seeded generator."""

    draw: Callable[..., Any]
    rng: np.random.Generator

    def integer(self, low: int, high: int) -> int:
        return int(self.draw(st.integers(low, high)))

    def choice(self, options: Sequence[T]) -> T:
        return options[self.integer(0, len(options) - 1)]

    def flag(self) -> bool:
        return bool(self.draw(st.booleans()))

    def scale(self, low: float = -8.0, high: float = 1.0) -> float:
        """2^u for u in the range, sometimes an exact power of two."""
        exponent = self.integer(int(low * 8), int(high * 8)) / 8
        return float(2.0**exponent) if self.flag() else float(2.0**exponent * self.rng.uniform(0.9, 1.1))

    def zero_point(self) -> int:
        return self.choice((0, -128, 127, -1, int(self.rng.integers(-128, 128))))

    def quantization(self) -> Quantization:
        return Quantization.per_tensor(self.scale(), self.zero_point())

    def int8(self, shape: Shape) -> np.ndarray:
        style = self.integer(0, 3)
        if style == 0:
            return self.rng.choice(np.array([-128, -127, 127], np.int8), size=shape)
        if style == 1:
            return (self.rng.integers(-127, 128, shape) * (self.rng.random(shape) < 0.3)).astype(np.int8)
        return self.rng.integers(-127, 128, shape).astype(np.int8)


Grow = Callable[[GraphBuilder, Dice, int], tuple[int, ...] | None]


def _weight_quantization(
    b: GraphBuilder, dice: Dice, x: int, out: Quantization, channels: int, axis: int
) -> Quantization:
    """Scales that make the requantizer's real multiplier lie in 2^-12 .. 2^3."""
    q = b.quantization(x)
    assert q is not None
    count = channels if dice.flag() else 1
    base = dice.integer(-48, 12) / 4
    exponents = np.clip(base + dice.rng.uniform(-1, 1, count), -12, 3)
    return Quantization.symmetric([float(2.0**e) * out.scale[0] / q.scale[0] for e in exponents], axis)


def _bias(dice: Dice, channels: int) -> np.ndarray | None:
    if dice.flag():
        return None
    size = dice.choice((100, 10_000, 1_000_000))
    return dice.rng.integers(-size, size, channels).astype(np.int32)


def _window(b: GraphBuilder, dice: Dice, x: int, most: int = 4) -> dict[str, Any] | None:
    """Kernel, stride, dilation and padding that fit tensor x (rank 4), or None."""
    shape = b.shape(x)
    if len(shape) != 4:
        return None
    padding = dice.choice(("SAME", "VALID"))
    kernel = (dice.integer(1, most), dice.integer(1, most))
    dilation = (dice.integer(1, 3), dice.integer(1, 3)) if dice.integer(0, 3) == 0 else (1, 1)
    if padding == "VALID":
        kernel = (min(kernel[0], shape[1]), min(kernel[1], shape[2]))
        if (kernel[0] - 1) * dilation[0] >= shape[1] or (kernel[1] - 1) * dilation[1] >= shape[2]:
            dilation = (1, 1)
    stride = (dice.integer(1, 3), dice.integer(1, 3))
    return {"kernel": kernel, "stride": stride, "dilation": dilation, "padding": padding}


def _conv(b: GraphBuilder, dice: Dice, x: int) -> tuple[int, ...] | None:
    window = _window(b, dice, x)
    if window is None:
        return None
    filters, channels = dice.integer(1, 9), b.shape(x)[3]
    out = dice.quantization()
    weights = dice.int8((filters, *window["kernel"], channels))
    bias = _bias(dice, filters)
    return (b.conv2d(
        x, filters, **window, activation=dice.choice(ACTIVATIONS), bias=bias is not None, bias_data=bias,
        weights=weights, weights_quantization=_weight_quantization(b, dice, x, out, filters, 0),
        quantization=out,
    ),)


def _depthwise(b: GraphBuilder, dice: Dice, x: int) -> tuple[int, ...] | None:
    window = _window(b, dice, x)
    if window is None:
        return None
    multiplier = dice.choice((1, 1, 2, 3))
    channels = b.shape(x)[3] * multiplier
    out = dice.quantization()
    weights = dice.int8((1, *window["kernel"], channels))
    bias = _bias(dice, channels)
    return (b.depthwise_conv2d(
        x, **window, activation=dice.choice(ACTIVATIONS), multiplier=multiplier, bias=bias is not None,
        bias_data=bias, weights=weights, quantization=out,
        weights_quantization=_weight_quantization(b, dice, x, out, channels, 3),
    ),)


def _dense(b: GraphBuilder, dice: Dice, x: int) -> tuple[int, ...] | None:
    shape, units = b.shape(x), dice.integer(1, 12)
    if not shape:
        return None
    keep = len(shape) > 1 and dice.flag()
    row = shape[-1] if keep else dice.choice((shape[-1], prod(shape)))
    out = dice.quantization()
    quantization = _weight_quantization(b, dice, x, out, units, 0)
    bias = _bias(dice, units)
    return (b.dense(
        x, units, activation=dice.choice(ACTIVATIONS), keep_dims=keep, bias=bias is not None,
        bias_data=bias, weights=dice.int8((units, row)), weights_quantization=quantization,
        inputs_per_row=row, quantization=out,
    ),)


def _pool(average: bool) -> Grow:
    def grow(b: GraphBuilder, dice: Dice, x: int) -> tuple[int, ...] | None:
        window = _window(b, dice, x)
        if window is None:
            return None
        method = b.average_pool if average else b.max_pool
        shape, kernel = b.shape(x), window["kernel"]
        if dice.integer(0, 3) == 0:
            kernel = (shape[1], shape[2])
        return (method(x, kernel, window["stride"], window["padding"], dice.choice(ACTIVATIONS)),)

    return grow


def _mean(b: GraphBuilder, dice: Dice, x: int) -> tuple[int, ...] | None:
    rank = len(b.shape(x))
    if not 2 <= rank <= 4:
        return None
    first = dice.integer(0, rank - 1)
    second = dice.integer(0, rank - 1)
    axes = (first,) if first == second else (first, second)
    if rank == 4 and dice.flag():
        axes = (1, 2)
    q = b.quantization(x) if dice.flag() else dice.quantization()
    keep = dice.flag() or len(axes) == rank
    return (b.mean(x, axes, keep, quantization=q),)


def _binary(kind: str) -> Grow:
    def grow(b: GraphBuilder, dice: Dice, x: int) -> tuple[int, ...] | None:
        shape = b.shape(x)
        if not 1 <= len(shape) <= 4:
            return None
        style = dice.integer(0, 3)
        same = [
            k for k, t in enumerate(b.tensors) if t.shape == shape and not t.constant and t.dtype == "int8"
        ]
        if style == 0:
            other = dice.choice(same)
        else:
            other_shape = shape if style == 1 else tuple(1 if dice.flag() else d for d in shape)
            if style == 3:
                other_shape = other_shape[dice.integer(0, len(shape) - 1):]
            other = b.constant(other_shape, dice.quantization(), dice.int8(other_shape))
        pair = (x, other) if dice.flag() else (other, x)
        method = {"ADD": b.add, "SUB": b.sub, "MUL": b.mul}[kind]
        return (method(*pair, dice.choice(ACTIVATIONS), dice.quantization()),)

    return grow


def _quantized(b: GraphBuilder, x: int, wanted: Quantization) -> int:
    return x if b.quantization(x) == wanted else b.quantize(x, wanted)


def _concat(b: GraphBuilder, dice: Dice, x: int) -> tuple[int, ...] | None:
    shape = b.shape(x)
    if not 1 <= len(shape) <= 4:
        return None
    axis = dice.integer(0, len(shape) - 1)
    fits = [
        k for k, t in enumerate(b.tensors)
        if not t.constant and t.dtype == "int8" and len(t.shape) == len(shape)
        and t.shape[:axis] + t.shape[axis + 1:] == shape[:axis] + shape[axis + 1:]
    ]
    wanted = b.quantization(x) or dice.quantization()
    parts = [x] + [_quantized(b, dice.choice(fits), wanted) for _ in range(dice.integer(0, 2))]
    if dice.flag():
        parts.append(b.constant(shape, wanted, dice.int8(shape)))
    return (b.concat(parts, axis if dice.flag() else axis - len(shape)),)


def _split(b: GraphBuilder, dice: Dice, x: int) -> tuple[int, ...] | None:
    shape = b.shape(x)
    if not shape:
        return None
    axis = dice.integer(0, len(shape) - 1)
    counts = [n for n in (2, 3, 4, 1) if shape[axis] % n == 0]
    return b.split(x, dice.choice(counts), axis if dice.flag() else axis - len(shape))


def _strided_slice(b: GraphBuilder, dice: Dice, x: int) -> tuple[int, ...] | None:
    shape = b.shape(x)
    if not 1 <= len(shape) <= 4:
        return None
    begin, end, strides, shrink = [], [], [], []
    for k, d in enumerate(shape):
        start = dice.integer(0, d - 1)
        if len(shape) > 1 and len(shrink) < len(shape) - 1 and dice.integer(0, 3) == 0:
            begin.append(start), end.append(start + 1), strides.append(1), shrink.append(k)
            continue
        step = dice.choice((1, 1, 2, 3, -1, -2))
        begin.append(start)
        end.append(dice.integer(start + 1, d) if step > 0 else dice.integer(-1, start - 1))
        strides.append(step)
    return (b.strided_slice(x, begin, end, strides, shrink),)


def _pad(value: bool) -> Grow:
    def grow(b: GraphBuilder, dice: Dice, x: int) -> tuple[int, ...] | None:
        rank = len(b.shape(x))
        if not 1 <= rank <= 4:
            return None
        before = [dice.integer(0, 2) for _ in range(rank)]
        after = [dice.integer(0, 2) for _ in range(rank)]
        if rank == 4 and dice.flag():
            before[0] = after[0] = before[3] = after[3] = 0
        if value:
            return (b.pad_v2(x, before, after, dice.zero_point()),)
        return (b.pad(x, before, after),)

    return grow


def _transpose(b: GraphBuilder, dice: Dice, x: int) -> tuple[int, ...] | None:
    rank = len(b.shape(x))
    if not 1 <= rank <= 5:
        return None
    return (b.transpose(x, [int(p) for p in dice.rng.permutation(rank)]),)


def _reshape(b: GraphBuilder, dice: Dice, x: int) -> tuple[int, ...] | None:
    rest, shape = b.tensors[x].elements, []
    while rest > 1 and len(shape) < 3:
        factor = dice.choice([n for n in range(1, rest + 1) if rest % n == 0])
        shape.append(factor)
        rest //= factor
    shape.append(rest)
    return (b.reshape(x, tuple(shape)),)


def _squeeze(b: GraphBuilder, dice: Dice, x: int) -> tuple[int, ...] | None:
    ones = [k for k, d in enumerate(b.shape(x)) if d == 1]
    if not ones or len(ones) == len(b.shape(x)):
        return None
    return (b.squeeze(x, () if dice.flag() else (dice.choice(ones),)),)


def _expand_dims(b: GraphBuilder, dice: Dice, x: int) -> tuple[int, ...] | None:
    rank = len(b.shape(x))
    return None if rank >= 4 else (b.expand_dims(x, dice.integer(0, rank)),)


def _softmax(b: GraphBuilder, dice: Dice, x: int) -> tuple[int, ...] | None:
    if not 1 <= len(b.shape(x)) <= 4:
        return None
    return (b.softmax(x, dice.choice((1.0, 0.5, 2.0, 10.0))),)


def _relu6(b: GraphBuilder, dice: Dice, x: int) -> tuple[int, ...] | None:
    return (b.relu6(x),)


def _hard_swish(b: GraphBuilder, dice: Dice, x: int) -> tuple[int, ...] | None:
    q, out = b.quantization(x), dice.quantization()
    assert q is not None
    if q.scale[0] > 100 * out.scale[0]:
        out = Quantization.per_tensor(q.scale[0], out.zero_point[0])
    return (b.hard_swish(x, out),)


def _leaky_relu(b: GraphBuilder, dice: Dice, x: int) -> tuple[int, ...] | None:
    return (b.leaky_relu(x, dice.choice((0.2, 0.01, 0.0, 1.5, -0.3)), dice.quantization()),)


def _quantize(b: GraphBuilder, dice: Dice, x: int) -> tuple[int, ...] | None:
    return (b.quantize(x, dice.quantization()),)


def _dequantize(b: GraphBuilder, dice: Dice, x: int) -> tuple[int, ...] | None:
    """To float32 and back: the only operator that takes float32 is QUANTIZE."""
    return (b.quantize(b.dequantize(x), dice.quantization()),)


GROWERS: dict[str, Grow] = {
    "ADD": _binary("ADD"),
    "AVERAGE_POOL_2D": _pool(True),
    "CONCATENATION": _concat,
    "CONV_2D": _conv,
    "DEPTHWISE_CONV_2D": _depthwise,
    "DEQUANTIZE": _dequantize,
    "EXPAND_DIMS": _expand_dims,
    "FULLY_CONNECTED": _dense,
    "HARD_SWISH": _hard_swish,
    "LEAKY_RELU": _leaky_relu,
    "LOGISTIC": lambda b, dice, x: (b.logistic(x),),
    "MAX_POOL_2D": _pool(False),
    "MEAN": _mean,
    "MUL": _binary("MUL"),
    "PAD": _pad(False),
    "PADV2": _pad(True),
    "QUANTIZE": _quantize,
    "RELU": lambda b, dice, x: (b.relu(x, dice.quantization()),),
    "RELU6": _relu6,
    "RESHAPE": _reshape,
    "SOFTMAX": _softmax,
    "SPLIT": _split,
    "SQUEEZE": _squeeze,
    "STRIDED_SLICE": _strided_slice,
    "SUB": _binary("SUB"),
    "TANH": lambda b, dice, x: (b.tanh(x),),
    "TRANSPOSE": _transpose,
}
ALL_KINDS = tuple(GROWERS)
RANKS = {  # dimensions of the input, where not 1 to 4
    "CONV_2D": (4, 4), "DEPTHWISE_CONV_2D": (4, 4), "AVERAGE_POOL_2D": (4, 4), "MAX_POOL_2D": (4, 4),
    "MEAN": (2, 4), "SQUEEZE": (2, 4), "EXPAND_DIMS": (1, 3),
}


def _input(b: GraphBuilder, dice: Dice, kind: str | None = None) -> int:
    """An int8 input, or a float32 one behind a QUANTIZE."""
    rank = 4 if kind is None and dice.integer(0, 4) else dice.integer(*RANKS.get(kind or "", (1, 4)))
    batch = dice.choice((1, 1, 1, 2))
    shape = (batch, dice.integer(1, 9), dice.integer(1, 9), dice.integer(1, 6))[4 - rank:]
    if kind == "SQUEEZE":
        shape = (1, *shape[1:-1], max(2, shape[-1]))
    if dice.integer(0, 5) == 0:
        return b.quantize(b.input(shape, dtype="float32"), dice.quantization())
    return b.input(shape, dice.quantization())


def _loose_ends(b: GraphBuilder) -> list[int]:
    read = {i for op in b.ops for i in op.inputs}
    return [i for op in b.ops for i in op.outputs if i not in read]


@st.composite
def one_op_graphs(draw: Any, kind: str) -> Graph:
    """A graph whose point is one operator (plus a QUANTIZE where types demand it)."""
    dice = Dice(draw, np.random.default_rng(draw(st.integers(0, 2**32 - 1))))
    b = GraphBuilder(f"one_{kind.lower()}")
    grown = GROWERS[kind](b, dice, _input(b, dice, kind))
    assert grown, f"{kind} did not fit the input drawn for it"
    return b.build(_loose_ends(b))


@st.composite
def random_graphs(draw: Any, max_ops: int = 7, kinds: Sequence[str] = ALL_KINDS) -> Graph:
    """A small network of up to about `max_ops` operators drawn from `kinds`, all weights given.

    Its activations stay under MAX_ELEMENTS; every result is read or is an output."""
    dice = Dice(draw, np.random.default_rng(draw(st.integers(0, 2**32 - 1))))
    b = GraphBuilder("random")
    pool = [_input(b, dice) for _ in range(dice.choice((1, 1, 1, 2)))]
    for _ in range(dice.integer(1, max_ops)):
        x = pool[-1] if dice.integer(0, 2) else dice.choice(pool)
        before = (len(b.tensors), len(b.ops))
        results = GROWERS[dice.choice(kinds)](b, dice, x)
        if results is None:
            continue
        if max(b.tensors[i].elements for i in results) > MAX_ELEMENTS:
            del b.tensors[before[0]:], b.ops[before[1]:]
            continue
        pool.extend(results)
    unread = {i for i in b.inputs} - {i for op in b.ops for i in op.inputs}
    for i in unread:
        b.relu(i, dice.quantization())
    ends = _loose_ends(b)
    if dice.integer(0, 5) == 0:
        ends[-1] = b.dequantize(ends[-1]) if b.tensors[ends[-1]].dtype == "int8" else ends[-1]
    return b.build(ends)


def graph_inputs(graph: Graph, rng: np.random.Generator, style: str = "random") -> list[np.ndarray]:
    """One set of inputs: "random", "low" (all -128), "high" (all 127) or "ends" (both, mixed)."""
    values = []
    for index in graph.inputs:
        t = graph.tensors[index]
        if style == "low":
            raw = np.full(t.shape, -128)
        elif style == "high":
            raw = np.full(t.shape, 127)
        elif style == "ends":
            raw = rng.choice([-128, 127], size=t.shape)
        else:
            raw = rng.integers(-128, 128, t.shape)
        if t.dtype == "float32":
            values.append((raw * rng.choice([0.01, 0.5, 7.0])).astype(np.float32))
        else:
            values.append(raw.astype(t.dtype))
    return values


STYLES = ("random", "random", "low", "high", "ends")
