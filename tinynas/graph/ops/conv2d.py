"""CONV_2D: inputs [x (N,H,W,I), weights (O,KH,KW,I), bias (O,) or absent]."""

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
class Conv2D(Op):
    """Inputs x, weights, bias (may be absent). int8, weights symmetric, per tensor or per filter.

    TFLite Micro: double rounding, one multiplier per filter, any dilation. Grouped convolutions
    (weights with fewer input channels than x) are refused."""

    kind: ClassVar[str] = "CONV_2D"

    stride: tuple[int, int] = (1, 1)
    dilation: tuple[int, int] = (1, 1)
    padding: str = "SAME"  # or "VALID"
    activation: str = "NONE"  # NONE, RELU, RELU6, RELU_N1_TO_1
    pads: Pads | None = None  # explicit padding instead of `padding` (a PAD folded away)

    def output_shapes(self, shapes: Sequence[Shape | None]) -> tuple[Shape, ...]:
        x = need_rank(shapes[0], 4, "input")
        w = need_rank(shapes[1], 4, "weights tensor")
        if w[3] != x[3]:
            raise ModelError(
                f"its weights have {w[3]} input channels, its input {x[3]}; grouped convolution is "
                "not supported"
            )
        height, width = window_2d(x, (w[1], w[2]), self.stride, self.dilation, self.padding, self.pads)
        return ((x[0], height, width, w[0]),)

    def macs(self, inputs: Sequence[Shape | None], outputs: Sequence[Shape]) -> int:
        w = need_rank(inputs[1], 4, "weights tensor")
        return prod(outputs[0]) * prod(w[1:])

    def check(self, inputs: Sequence[Tensor | None], outputs: Sequence[Tensor]) -> None:
        checks.counts(inputs, outputs, 2, 3)
        x = checks.int8_activation(inputs[0], "input")
        w = checks.weights(inputs[1], axis=0)
        checks.bias(inputs[2] if len(inputs) > 2 else None, w.shape[0])
        y = checks.int8_activation(outputs[0], "output")
        output_multipliers(x, w, y, w.shape[0])
        activation_range(self.activation, y.scale, y.zero_point)

    def run(
        self, values: Sequence[np.ndarray | None], inputs: Sequence[Tensor | None],
        outputs: Sequence[Tensor],
    ) -> tuple[np.ndarray, ...]:
        x, w, y = checks.given(inputs[0], "input"), checks.given(inputs[1], "weights"), outputs[0]
        assert values[0] is not None and values[1] is not None
        kernel = (w.shape[1], w.shape[2])
        offsets = values[0].astype(np.float64) - x.zero_point
        windows = windows_2d(offsets, y.shape, kernel, self.stride, self.dilation, 0, self.pads)
        # float64 holds the sums exactly: |sum| < 2^53 by far.
        sums = np.tensordot(windows, values[1].astype(np.float64), axes=([3, 4, 5], [3, 1, 2]))
        accumulators = sums.astype(np.int64)
        if len(values) > 2 and values[2] is not None:
            accumulators += values[2].reshape(-1)
        multipliers, shifts = output_multipliers(x, w, y, w.shape[0])
        return (requantize(accumulators, multipliers, shifts, y, self.activation),)
