"""FULLY_CONNECTED: weights (O,I)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import ClassVar

import numpy as np

from tinynas.errors import ModelError
from tinynas.graph import checks
from tinynas.graph.fixed_point import Int64, activation_range
from tinynas.graph.geometry import need, need_rank
from tinynas.graph.op import Op
from tinynas.graph.requantize import output_multipliers, requantize
from tinynas.graph.tensor import Shape, Tensor

BIAS_SCALE_TOLERANCE = 0.02  # of the output scale; TFLite Micro refuses more


def dense_multipliers(x: Tensor, weights: Tensor, output: Tensor) -> tuple[Int64, Int64]:
    """(multipliers, shifts), one per output, whether the weights have one scale or many."""
    return output_multipliers(x, weights, output, weights.shape[0])


@dataclass(frozen=True)
class Dense(Op):
    """Inputs x (any shape, flattened to (-1, I)), weights, bias (may be absent)."""

    kind: ClassVar[str] = "FULLY_CONNECTED"

    activation: str = "NONE"
    keep_dims: bool = False  # output keeps x's leading dimensions

    def output_shapes(self, shapes: Sequence[Shape | None]) -> tuple[Shape, ...]:
        x = need(shapes[0])
        w = need_rank(shapes[1], 2, "weights tensor")
        if self.keep_dims:
            if not x or x[-1] != w[1]:
                raise ModelError(f"its weights take {w[1]} values, its input {list(x)} does not end in them")
            return ((*x[:-1], w[0]),)
        if prod(x) % w[1]:
            raise ModelError(f"its weights take {w[1]} values, its input {list(x)} is no multiple of them")
        return ((prod(x) // w[1], w[0]),)

    def macs(self, inputs: Sequence[Shape | None], outputs: Sequence[Shape]) -> int:
        return prod(outputs[0]) * need_rank(inputs[1], 2, "weights tensor")[1]

    def check(self, inputs: Sequence[Tensor | None], outputs: Sequence[Tensor]) -> None:
        checks.counts(inputs, outputs, 2, 3)
        x = checks.int8_activation(inputs[0], "input")
        w = checks.weights(inputs[1], axis=0)
        b = checks.bias(inputs[2] if len(inputs) > 2 else None, w.shape[0])
        y = checks.int8_activation(outputs[0], "output")
        assert w.quantization is not None
        if b is not None and not w.quantization.per_channel:
            declared = b.quantization.scale[0] if b.quantization else 0.0
            if abs(x.scale * w.scale - declared) / y.scale > BIAS_SCALE_TOLERANCE:
                raise ModelError(
                    f"its bias scale {declared:g} is not input scale times weight scale "
                    f"({x.scale * w.scale:g})"
                )
        dense_multipliers(x, w, y)
        activation_range(self.activation, y.scale, y.zero_point)

    def run(
        self, values: Sequence[np.ndarray | None], inputs: Sequence[Tensor | None],
        outputs: Sequence[Tensor],
    ) -> tuple[np.ndarray, ...]:
        x, w, y = checks.given(inputs[0], "input"), checks.given(inputs[1], "weights"), outputs[0]
        assert values[0] is not None and values[1] is not None
        rows = values[0].reshape(-1, w.shape[1]).astype(np.float64) - x.zero_point
        accumulators = (rows @ values[1].astype(np.float64).T).astype(np.int64)
        if len(values) > 2 and values[2] is not None:
            accumulators += values[2].reshape(-1)
        multipliers, shifts = dense_multipliers(x, w, y)
        return (requantize(accumulators, multipliers, shifts, y, self.activation).reshape(y.shape),)
