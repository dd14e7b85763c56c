"""AVERAGE_POOL_2D and MAX_POOL_2D."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tinynas.errors import ModelError
from tinynas.graph import checks
from tinynas.graph.fixed_point import activation_range, clamp_int8
from tinynas.graph.geometry import Pads, need_rank, padding_2d, window_2d
from tinynas.graph.op import Op
from tinynas.graph.tensor import Shape, Tensor
from tinynas.graph.windows import windows_2d

SCALE_TOLERANCE = 1e-6  # how far TFLite Micro lets a pool's two scales differ; the output's is used


def window_counts(
    x: Shape, y: Shape, kernel: tuple[int, int], stride: tuple[int, int], pads: Pads | None = None,
) -> np.ndarray:
    """(OH, OW): how many elements of each window lie inside the input."""
    padding = padding_2d(x, y, kernel, stride, (1, 1), pads)
    inside = []
    for k in range(2):
        start = np.arange(y[1 + k]) * stride[k] - padding[k]
        inside.append(np.minimum(start + kernel[k], x[1 + k]) - np.maximum(start, 0))
    return np.asarray(inside[0][:, None] * inside[1][None, :])


@dataclass(frozen=True)
class Pool2D(Op):
    """Input x; kernel and stride are (height, width). Input and output share a quantization."""

    kernel: tuple[int, int] = (2, 2)
    stride: tuple[int, int] = (2, 2)
    padding: str = "VALID"
    activation: str = "NONE"
    pads: Pads | None = None  # explicit padding instead of `padding`

    def output_shapes(self, shapes: Sequence[Shape | None]) -> tuple[Shape, ...]:
        x = need_rank(shapes[0], 4, "input")
        return ((x[0], *window_2d(x, self.kernel, self.stride, (1, 1), self.padding, self.pads), x[3]),)

    def check(self, inputs: Sequence[Tensor | None], outputs: Sequence[Tensor]) -> None:
        checks.counts(inputs, outputs, 1, 1)
        x = checks.int8_activation(inputs[0], "input")
        y = checks.int8_activation(outputs[0], "output")
        if abs(x.scale - y.scale) > SCALE_TOLERANCE or x.zero_point != y.zero_point:
            checks.same_quantization(x, y, "input and output")
        low, high = activation_range(self.activation, y.scale, y.zero_point)
        if low > high:
            raise ModelError(f"activation {self.activation} leaves no value at its quantization")
        if (window_counts(x.shape, y.shape, self.kernel, self.stride, self.pads) < 1).any():
            raise ModelError("a pooling window lies wholly in the padding")


@dataclass(frozen=True)
class AveragePool2D(Pool2D):
    """Mean of the elements inside the input, rounded to nearest, halves away from zero."""

    kind: ClassVar[str] = "AVERAGE_POOL_2D"

    def run(
        self, values: Sequence[np.ndarray | None], inputs: Sequence[Tensor | None],
        outputs: Sequence[Tensor],
    ) -> tuple[np.ndarray, ...]:
        y = outputs[0]
        assert values[0] is not None
        wide = values[0].astype(np.int64)
        sums = windows_2d(wide, y.shape, self.kernel, self.stride, (1, 1), 0, self.pads).sum(axis=(4, 5))
        count = window_counts(values[0].shape, y.shape, self.kernel, self.stride, self.pads)[None, :, :, None]
        means = np.sign(sums) * ((np.abs(sums) + count // 2) // count)
        return (clamp_int8(means, *activation_range(self.activation, y.scale, y.zero_point)),)


@dataclass(frozen=True)
class MaxPool2D(Pool2D):
    """Largest element inside the input."""

    kind: ClassVar[str] = "MAX_POOL_2D"

    def run(
        self, values: Sequence[np.ndarray | None], inputs: Sequence[Tensor | None],
        outputs: Sequence[Tensor],
    ) -> tuple[np.ndarray, ...]:
        y = outputs[0]
        assert values[0] is not None
        wide = values[0].astype(np.int64)
        best = windows_2d(wide, y.shape, self.kernel, self.stride, (1, 1), -128, self.pads).max(axis=(4, 5))
        return (clamp_int8(best, *activation_range(self.activation, y.scale, y.zero_point)),)
