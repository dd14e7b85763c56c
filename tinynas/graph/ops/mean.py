"""MEAN over axes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import ClassVar

import numpy as np

from tinynas.errors import ModelError
from tinynas.graph import checks
from tinynas.graph.fixed_point import (
    clamp_int8,
    multiply_by_quantized_multiplier,
    quantize_multiplier,
    wrap32,
)
from tinynas.graph.geometry import need
from tinynas.graph.op import Op
from tinynas.graph.tensor import Shape, Tensor


def mean_multiplier(x: Tensor, y: Tensor, count: int) -> tuple[int, int]:
    """(multiplier, shift) that rescales a sum of `count` offset inputs to the output.

    The division by `count` is folded into the multiplier, at the cost of its lowest bits, as in
    TFLite's QuantizedMeanOrSum."""
    multiplier, shift = quantize_multiplier(x.scale / y.scale)
    bits = min(count.bit_length() - 1, 32, 31 + shift)
    return (multiplier << bits) // count, shift - bits


@dataclass(frozen=True)
class Mean(Op):
    """Input x. At most 4 dimensions and 2 axes: TFLite Micro's fixed arrays hold no more."""

    kind: ClassVar[str] = "MEAN"

    axes: tuple[int, ...] = (1, 2)  # non-negative
    keep_dims: bool = False

    def output_shapes(self, shapes: Sequence[Shape | None]) -> tuple[Shape, ...]:
        x = need(shapes[0])
        if not self.axes or len(self.axes) > 2 or len(x) > 4:
            raise ModelError(
                f"mean over axes {list(self.axes)} of {len(x)} dimensions; supported: 1 or 2 axes of 1 to 4"
            )
        if len(set(self.axes)) != len(self.axes) or not all(0 <= a < len(x) for a in self.axes):
            raise ModelError(f"axes {list(self.axes)} are not distinct axes of {list(x)}")
        if self.keep_dims:
            return (tuple(1 if k in self.axes else d for k, d in enumerate(x)),)
        return (tuple(d for k, d in enumerate(x) if k not in self.axes),)

    def check(self, inputs: Sequence[Tensor | None], outputs: Sequence[Tensor]) -> None:
        checks.counts(inputs, outputs, 1, 1)
        checks.all_int8(inputs, outputs)
        x = checks.given(inputs[0], "input")
        mean_multiplier(x, outputs[0], prod(x.shape[a] for a in self.axes))

    def run(
        self, values: Sequence[np.ndarray | None], inputs: Sequence[Tensor | None],
        outputs: Sequence[Tensor],
    ) -> tuple[np.ndarray, ...]:
        x, y = checks.given(inputs[0], "input"), outputs[0]
        assert values[0] is not None
        count = prod(x.shape[a] for a in self.axes)
        sums = values[0].astype(np.int64).sum(axis=self.axes)
        multiplier, shift = mean_multiplier(x, y, count)
        scaled = multiply_by_quantized_multiplier(wrap32(sums - x.zero_point * count), multiplier, shift)
        return (clamp_int8(scaled + y.zero_point).reshape(y.shape),)
