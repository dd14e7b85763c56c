"""SOFTMAX over the last axis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor
from typing import ClassVar

import numpy as np

from tinynas.errors import ModelError
from tinynas.graph import checks
from tinynas.graph.fixed_point import (
    INT32_MAX,
    clamp_int8,
    doubling_high_mul,
    f32,
    quantize_multiplier,
    rounding_shift_right,
)
from tinynas.graph.geometry import need
from tinynas.graph.op import Op
from tinynas.graph.tensor import Shape, Tensor
from tinynas.graph.transcendental import exp_on_negative_values, reciprocal

DIFF_BITS = 5  # integer bits of x - max(x)
SUM_BITS = 12  # integer bits of the sum of exponentials


def softmax_scaling(x: Tensor, beta: float) -> tuple[int, int, int]:
    """(multiplier, left_shift, lowest): the rescaling of x - max(x) to Q5.26, and the lowest
    difference whose exponential counts. At left_shift 31 that is 0, so nothing is really shifted."""
    real = min(f32(beta) * x.scale * 2.0 ** (31 - DIFF_BITS), float(INT32_MAX))
    if not real > 1.0:
        raise ModelError(f"beta {beta:g} times input scale {x.scale:g} is too small for fixed point")
    multiplier, shift = quantize_multiplier(real, largest_shift=31)
    lowest = -floor((2.0**DIFF_BITS - 1) * 2.0 ** (31 - DIFF_BITS) / 2.0**shift)
    return multiplier, shift, lowest


@dataclass(frozen=True)
class Softmax(Op):
    """Input x; output int8 of scale 1/256, zero point -128."""

    kind: ClassVar[str] = "SOFTMAX"

    beta: float = 1.0

    def output_shapes(self, shapes: Sequence[Shape | None]) -> tuple[Shape, ...]:
        x = need(shapes[0])
        if not 1 <= len(x) <= 4:
            raise ModelError(f"softmax of {len(x)} dimensions is not supported; supported: 1 to 4")
        if x[-1] >= 2**SUM_BITS:
            raise ModelError(f"softmax over {x[-1]} values; supported: fewer than {2**SUM_BITS}")
        return (x,)

    def check(self, inputs: Sequence[Tensor | None], outputs: Sequence[Tensor]) -> None:
        checks.counts(inputs, outputs, 1, 1)
        checks.all_int8(inputs, outputs)
        y = outputs[0]
        if (y.scale, y.zero_point) != (1 / 256, -128):
            raise ModelError(
                f"its output has scale {y.scale:g} and zero point {y.zero_point}; supported: 1/256 and -128"
            )
        softmax_scaling(checks.given(inputs[0], "input"), self.beta)

    def run(
        self, values: Sequence[np.ndarray | None], inputs: Sequence[Tensor | None],
        outputs: Sequence[Tensor],
    ) -> tuple[np.ndarray, ...]:
        assert values[0] is not None
        multiplier, shift, lowest = softmax_scaling(checks.given(inputs[0], "input"), self.beta)
        wide = values[0].astype(np.int64)
        difference = wide - wide.max(axis=-1, keepdims=True)
        counted = difference >= lowest
        rescaled = doubling_high_mul(np.where(counted, difference, 0) << shift, multiplier)
        exponentials = exp_on_negative_values(rescaled, DIFF_BITS)
        terms = np.where(counted, rounding_shift_right(exponentials, SUM_BITS), 0)
        scale, bits = reciprocal(terms.sum(axis=-1, keepdims=True), SUM_BITS)
        probabilities = rounding_shift_right(doubling_high_mul(scale, exponentials), bits + 31 - 8)
        return (clamp_int8(np.where(counted, probabilities - 128, -128)),)
