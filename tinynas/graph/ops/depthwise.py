"""DEPTHWISE_CONV_2D: weights (1,KH,KW,I*multiplier)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import ClassVar

import numpy as np

from tinynas.errors import ModelError
from tinynas.graph import checks
from tinynas.graph.fixed_point import activation_range
from tinynas.graph.geometry import Pads, need_rank, window_2d
from tinynas.graph.op import Op
from tinynas.graph.requantize import output_multipliers, requantize
from tinynas.graph.tensor import Shape, Tensor
from tinynas.graph.windows import windows_2d


@dataclass(frozen=True)
class DepthwiseConv2D(Op):
    """Inputs x, weights, bias (may be absent). Output channel i * multiplier + m reads channel i."""

    kind: ClassVar[str] = "DEPTHWISE_CONV_2D"

    stride: tuple[int, int] = (1, 1)
    dilation: tuple[int, int] = (1, 1)
    padding: str = "SAME"
    activation: str = "NONE"
    multiplier: int = 1
    pads: Pads | None = None  # explicit padding instead of `padding` (a PAD folded away)

    def output_shapes(self, shapes: Sequence[Shape | None]) -> tuple[Shape, ...]:
        x = need_rank(shapes[0], 4, "input")
        w = need_rank(shapes[1], 4, "weights tensor")
        if self.multiplier < 1 or w[0] != 1 or w[3] != x[3] * self.multiplier:
            raise ModelError(
                f"its weights {list(w)} do not fit {x[3]} channels and multiplier {self.multiplier}"
            )
        height, width = window_2d(x, (w[1], w[2]), self.stride, self.dilation, self.padding, self.pads)
        return ((x[0], height, width, w[3]),)

    def macs(self, inputs: Sequence[Shape | None], outputs: Sequence[Shape]) -> int:
        w = need_rank(inputs[1], 4, "weights tensor")
        return prod(outputs[0]) * w[1] * w[2]

    def check(self, inputs: Sequence[Tensor | None], outputs: Sequence[Tensor]) -> None:
        checks.counts(inputs, outputs, 2, 3)
        x = checks.int8_activation(inputs[0], "input")
        w = checks.weights(inputs[1], axis=3)
        checks.bias(inputs[2] if len(inputs) > 2 else None, w.shape[3])
        y = checks.int8_activation(outputs[0], "output")
        output_multipliers(x, w, y, w.shape[3])
        activation_range(self.activation, y.scale, y.zero_point)

    def run(
        self, values: Sequence[np.ndarray | None], inputs: Sequence[Tensor | None],
        outputs: Sequence[Tensor],
    ) -> tuple[np.ndarray, ...]:
        x, w, y = checks.given(inputs[0], "input"), checks.given(inputs[1], "weights"), outputs[0]
        assert values[0] is not None and values[1] is not None
        kernel = (w.shape[1], w.shape[2])
        offsets = values[0].astype(np.int32) - x.zero_point
        windows = windows_2d(offsets, y.shape, kernel, self.stride, self.dilation, 0, self.pads)
        taps = values[1].astype(np.int32).reshape(*kernel, x.shape[3], self.multiplier)
        shape = (*y.shape[:3], x.shape[3], self.multiplier)
        sums = np.zeros(shape, np.int32)
        for i in range(kernel[0]):
            for j in range(kernel[1]):
                sums += windows[:, :, :, :, i, j, None] * taps[i, j]
        accumulators = sums.reshape(y.shape).astype(np.int64)
        if len(values) > 2 and values[2] is not None:
            accumulators += values[2].reshape(-1)
        multipliers, shifts = output_multipliers(x, w, y, w.shape[3])
        return (requantize(accumulators, multipliers, shifts, y, self.activation),)
