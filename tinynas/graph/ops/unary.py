"""Operators that map each int8 element alone.

Each defines `table`: its output for the 256 inputs -128..127, from quantization alone. `run` looks
values up in it, and so may generated code.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from math import floor, frexp
from typing import ClassVar

import numpy as np

from tinynas.errors import ModelError
from tinynas.graph import checks
from tinynas.graph.fixed_point import (
    INT32_MAX,
    Int64,
    clamp_int8,
    f32,
    multiply_by_quantized_multiplier,
    quantize_multiplier,
    round_away,
    rounding_shift_right,
)
from tinynas.graph.geometry import need
from tinynas.graph.op import Op
from tinynas.graph.tensor import Shape, Tensor
from tinynas.graph.transcendental import logistic, tanh

EVERY_INPUT: Int64 = np.arange(-128, 128, dtype=np.int64)


@dataclass(frozen=True)
class Unary(Op):
    """Input x; output of the same shape."""

    def output_shapes(self, shapes: Sequence[Shape | None]) -> tuple[Shape, ...]:
        return (need(shapes[0]),)

    def check(self, inputs: Sequence[Tensor | None], outputs: Sequence[Tensor]) -> None:
        checks.counts(inputs, outputs, 1, 1)
        checks.all_int8(inputs, outputs)
        self.table(checks.given(inputs[0], "input"), outputs[0])

    @abstractmethod
    def table(self, x: Tensor, y: Tensor) -> np.ndarray:
        """(256,) int8: the output for input -128, -127, ..., 127."""

    def run(
        self, values: Sequence[np.ndarray | None], inputs: Sequence[Tensor | None],
        outputs: Sequence[Tensor],
    ) -> tuple[np.ndarray, ...]:
        assert values[0] is not None
        table = self.table(checks.given(inputs[0], "input"), outputs[0])
        return (table[values[0].astype(np.int64) + 128],)


def _to_q4(x: Tensor) -> tuple[Int64, np.ndarray, np.ndarray]:
    """(inputs in Q4.27, saturates low, saturates high) for LOGISTIC and TANH."""
    fraction, shift = frexp(x.scale * 2.0**27)
    multiplier = round_away(fraction * 2.0**31)
    if multiplier > INT32_MAX or not 0 <= shift <= 62:
        raise ModelError(f"its input scale {x.scale:g} lies outside what fixed point can hold")
    radius = floor(15.0 * 2.0**27 / 2.0**shift)
    offsets = EVERY_INPUT - x.zero_point
    low, high = offsets <= -radius, offsets >= radius
    inside = np.where(low | high, 0, offsets)
    return multiply_by_quantized_multiplier(inside, multiplier, min(shift, 31)), low, high


@dataclass(frozen=True)
class Logistic(Unary):
    """1 / (1 + exp(-x)). The output's zero point is -128; its scale is taken to be 1/256."""

    kind: ClassVar[str] = "LOGISTIC"

    def check(self, inputs: Sequence[Tensor | None], outputs: Sequence[Tensor]) -> None:
        super().check(inputs, outputs)
        if outputs[0].zero_point != -128:
            raise ModelError(f"its output has zero point {outputs[0].zero_point}; supported: -128")

    def table(self, x: Tensor, y: Tensor) -> np.ndarray:
        q4, low, high = _to_q4(x)
        inside = rounding_shift_right(logistic(q4, 4), 23) - 128
        return clamp_int8(np.where(low, -128, np.where(high, 127, inside)))


@dataclass(frozen=True)
class Tanh(Unary):
    """tanh(x). The output's scale is taken to be 1/128 and its zero point 0, whatever it declares."""

    kind: ClassVar[str] = "TANH"

    def table(self, x: Tensor, y: Tensor) -> np.ndarray:
        q4, low, high = _to_q4(x)
        inside = rounding_shift_right(tanh(q4, 4), 24)
        return clamp_int8(np.where(low, -128, np.where(high, 127, inside)))


@dataclass(frozen=True)
class Relu(Unary):
    """max(x, 0), requantized."""

    kind: ClassVar[str] = "RELU"

    def table(self, x: Tensor, y: Tensor) -> np.ndarray:
        multiplier, shift = quantize_multiplier(x.scale / y.scale)
        scaled = multiply_by_quantized_multiplier(EVERY_INPUT - x.zero_point, multiplier, shift)
        return clamp_int8(scaled + y.zero_point, max(-128, y.zero_point), 127)


@dataclass(frozen=True)
class Relu6(Unary):
    """min(max(x, 0), 6) on the raw values: TFLite Micro does not requantize here, so input and
    output must share a quantization."""

    kind: ClassVar[str] = "RELU6"

    def check(self, inputs: Sequence[Tensor | None], outputs: Sequence[Tensor]) -> None:
        super().check(inputs, outputs)
        checks.same_quantization(checks.given(inputs[0], "input"), outputs[0], "input and output")

    def table(self, x: Tensor, y: Tensor) -> np.ndarray:
        six = min(127, max(-128, x.zero_point + round_away(f32(6.0 / x.scale))))
        raw = np.where(six < EVERY_INPUT, six, np.maximum(EVERY_INPUT, x.zero_point))
        return raw.astype(np.int8)


@dataclass(frozen=True)
class LeakyRelu(Unary):
    """x, or alpha x where x is negative, requantized (ratios in double from float32 values)."""

    kind: ClassVar[str] = "LEAKY_RELU"

    alpha: float = 0.2

    def table(self, x: Tensor, y: Tensor) -> np.ndarray:
        identity = x.scale / y.scale
        slope = x.scale * f32(self.alpha) / y.scale
        offsets = EVERY_INPUT - x.zero_point
        above = multiply_by_quantized_multiplier(offsets, *quantize_multiplier(identity))
        below = multiply_by_quantized_multiplier(offsets, *quantize_multiplier(slope))
        return clamp_int8(np.where(offsets >= 0, above, below) + y.zero_point)


def _high_mul16(a: Int64, b: int) -> Int64:
    """round(a b / 2^15) of 16-bit values, halves towards plus infinity."""
    rounded: Int64 = (a * b + (1 << 14)) >> 15
    return np.minimum(rounded, 32767)


def _to_int16_multiplier(multiplier: int) -> int:
    return 32767 if multiplier >= INT32_MAX - (1 << 15) else (multiplier + (1 << 15)) >> 16


def _saturate16(x: Int64) -> Int64:
    return np.clip(x, -32768, 32767)


@dataclass(frozen=True)
class HardSwish(Unary):
    """x min(max(x + 3, 0), 6) / 6 in 16-bit fixed point (TFLite's reference, biases and all)."""

    kind: ClassVar[str] = "HARD_SWISH"

    def table(self, x: Tensor, y: Tensor) -> np.ndarray:
        fine_scale = f32(x.scale / 128.0)
        out_multiplier, out_shift = quantize_multiplier(f32(fine_scale / y.scale))
        if out_shift > 0:
            raise ModelError(
                f"its input scale {x.scale:g} is more than 128 times its output scale {y.scale:g}"
            )
        gate_multiplier, gate_shift = quantize_multiplier(f32(fine_scale / f32(3.0 / 32768.0)))
        fine = (EVERY_INPUT - x.zero_point) * 128
        on_output_scale = _high_mul16(fine, _to_int16_multiplier(out_multiplier))
        gate = fine
        if gate_shift > 0:
            gate = _saturate16(gate << (gate_shift - 1))
        gate = _high_mul16(gate, _to_int16_multiplier(gate_multiplier))
        if gate_shift > 0:
            gate = _saturate16(gate << 1)
        if gate_shift < 0:
            gate = rounding_shift_right(gate, -gate_shift)
        gate = (gate + (1 << 15)) >> 1
        product = gate * on_output_scale
        truncated = np.sign(product) * (np.abs(product) >> 15)
        return clamp_int8(rounding_shift_right(truncated, -out_shift) + y.zero_point)
