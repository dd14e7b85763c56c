"""ADD, SUB and MUL with broadcasting.

ADD and SUB bring both operands to one scale, 2^20 times finer than the larger one, before they are
combined; output scales so small that the output multiplier reaches 1 are refused (TFLite Micro
aborts there). Older TFLite Micro computed SUB's multipliers in float32; now all are double.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tinynas.errors import ModelError
from tinynas.graph import checks
from tinynas.graph.fixed_point import (
    activation_range,
    clamp_int8,
    doubling_high_mul,
    multiply_by_quantized_multiplier,
    quantize_multiplier,
    quantize_multiplier_below_one,
    rounding_shift_right,
    wrap32,
)
from tinynas.graph.geometry import broadcast, need
from tinynas.graph.op import Op
from tinynas.graph.tensor import Shape, Tensor

LEFT_SHIFT = 20  # operands are scaled up by 2^20 before they are brought to one scale

Multiplier = tuple[int, int]


@dataclass(frozen=True)
class Binary(Op):
    """Inputs a, b; at most one may be constant; shapes broadcast as in NumPy, up to 4 dimensions."""

    activation: str = "NONE"

    def output_shapes(self, shapes: Sequence[Shape | None]) -> tuple[Shape, ...]:
        a, b = need(shapes[0]), need(shapes[1])
        result = broadcast(a, b)
        if a != b and len(result) > 4:
            raise ModelError(f"shapes {list(a)} and {list(b)} broadcast to more than 4 dimensions")
        return (result,)

    def check(self, inputs: Sequence[Tensor | None], outputs: Sequence[Tensor]) -> None:
        checks.counts(inputs, outputs, 2, 2)
        checks.all_int8(inputs, outputs)
        y = outputs[0]
        low, high = activation_range(self.activation, y.scale, y.zero_point)
        if low > high:
            raise ModelError(f"activation {self.activation} leaves no value at its output quantization")


def sum_multipliers(a: Tensor, b: Tensor, y: Tensor) -> tuple[Multiplier, Multiplier, Multiplier]:
    """(a, b, output) multipliers of ADD and SUB."""
    twice = 2.0 * max(a.scale, b.scale)
    return (
        quantize_multiplier_below_one(a.scale / twice),
        quantize_multiplier_below_one(b.scale / twice),
        quantize_multiplier_below_one(twice / (2.0**LEFT_SHIFT * y.scale)),
    )


difference_multipliers = sum_multipliers


def _scaled(x: np.ndarray, zero_point: int, multiplier: Multiplier) -> np.ndarray:
    shifted = (x.astype(np.int64) - zero_point) << LEFT_SHIFT
    return rounding_shift_right(doubling_high_mul(shifted, multiplier[0]), -multiplier[1])


@dataclass(frozen=True)
class Add(Binary):
    """a + b."""

    kind: ClassVar[str] = "ADD"

    def check(self, inputs: Sequence[Tensor | None], outputs: Sequence[Tensor]) -> None:
        super().check(inputs, outputs)
        sum_multipliers(checks.given(inputs[0], "input"), checks.given(inputs[1], "input"), outputs[0])

    def run(
        self, values: Sequence[np.ndarray | None], inputs: Sequence[Tensor | None],
        outputs: Sequence[Tensor],
    ) -> tuple[np.ndarray, ...]:
        a, b, y = checks.given(inputs[0], "input"), checks.given(inputs[1], "input"), outputs[0]
        assert values[0] is not None and values[1] is not None
        ma, mb, my = sum_multipliers(a, b, y)
        total = wrap32(_scaled(values[0], a.zero_point, ma) + _scaled(values[1], b.zero_point, mb))
        scaled = rounding_shift_right(doubling_high_mul(total, my[0]), -my[1])
        return (clamp_int8(scaled + y.zero_point, *activation_range(self.activation, y.scale, y.zero_point)),)


@dataclass(frozen=True)
class Sub(Binary):
    """a - b."""

    kind: ClassVar[str] = "SUB"

    def check(self, inputs: Sequence[Tensor | None], outputs: Sequence[Tensor]) -> None:
        super().check(inputs, outputs)
        difference_multipliers(checks.given(inputs[0], "input"), checks.given(inputs[1], "input"), outputs[0])

    def run(
        self, values: Sequence[np.ndarray | None], inputs: Sequence[Tensor | None],
        outputs: Sequence[Tensor],
    ) -> tuple[np.ndarray, ...]:
        a, b, y = checks.given(inputs[0], "input"), checks.given(inputs[1], "input"), outputs[0]
        assert values[0] is not None and values[1] is not None
        ma, mb, my = difference_multipliers(a, b, y)
        total = wrap32(_scaled(values[0], a.zero_point, ma) - _scaled(values[1], b.zero_point, mb))
        scaled = rounding_shift_right(doubling_high_mul(total, my[0]), -my[1])
        return (clamp_int8(scaled + y.zero_point, *activation_range(self.activation, y.scale, y.zero_point)),)


@dataclass(frozen=True)
class Mul(Binary):
    """a * b."""

    kind: ClassVar[str] = "MUL"

    def check(self, inputs: Sequence[Tensor | None], outputs: Sequence[Tensor]) -> None:
        super().check(inputs, outputs)
        product_multiplier(checks.given(inputs[0], "input"), checks.given(inputs[1], "input"), outputs[0])

    def run(
        self, values: Sequence[np.ndarray | None], inputs: Sequence[Tensor | None],
        outputs: Sequence[Tensor],
    ) -> tuple[np.ndarray, ...]:
        a, b, y = checks.given(inputs[0], "input"), checks.given(inputs[1], "input"), outputs[0]
        assert values[0] is not None and values[1] is not None
        product = (values[0].astype(np.int64) - a.zero_point) * (values[1].astype(np.int64) - b.zero_point)
        scaled = multiply_by_quantized_multiplier(product, *product_multiplier(a, b, y))
        return (clamp_int8(scaled + y.zero_point, *activation_range(self.activation, y.scale, y.zero_point)),)


def product_multiplier(a: Tensor, b: Tensor, y: Tensor) -> Multiplier:
    """MUL's output multiplier."""
    return quantize_multiplier(a.scale * b.scale / y.scale)
