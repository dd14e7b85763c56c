"""RESHAPE, SQUEEZE, EXPAND_DIMS: the same bytes under another shape."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tinynas.errors import ModelError
from tinynas.graph import checks
from tinynas.graph.geometry import need, same_elements
from tinynas.graph.op import Op
from tinynas.graph.tensor import Shape, Tensor


@dataclass(frozen=True)
class ShapeChange(Op):
    """Input x; the output holds the same bytes. Any quantization is kept, never recomputed."""

    shape: tuple[int, ...] = ()  # the output shape, no -1

    def output_shapes(self, shapes: Sequence[Shape | None]) -> tuple[Shape, ...]:
        return (same_elements(need(shapes[0]), self.shape),)

    def check(self, inputs: Sequence[Tensor | None], outputs: Sequence[Tensor]) -> None:
        checks.counts(inputs, outputs, 1, 1)
        checks.has_type(inputs[0], "input", "int8")
        checks.has_type(outputs[0], "output", "int8")

    def run(
        self, values: Sequence[np.ndarray | None], inputs: Sequence[Tensor | None],
        outputs: Sequence[Tensor],
    ) -> tuple[np.ndarray, ...]:
        assert values[0] is not None
        return (values[0].reshape(self.shape),)


@dataclass(frozen=True)
class Reshape(ShapeChange):
    """Input x."""

    kind: ClassVar[str] = "RESHAPE"


@dataclass(frozen=True)
class Squeeze(ShapeChange):
    """Input x; drops dimensions of size 1 (see `axes`)."""

    kind: ClassVar[str] = "SQUEEZE"

    def axes(self, x: Shape) -> tuple[int, ...]:
        """The dimensions dropped from `x`; ModelError when `shape` is not reached that way."""
        dropped, kept = [], list(self.shape)
        for k, d in enumerate(x):
            if kept and kept[0] == d:
                kept.pop(0)
            elif d == 1:
                dropped.append(k)
            else:
                raise ModelError(f"shape {list(x)} cannot be squeezed to {list(self.shape)}")
        if kept or not dropped:
            raise ModelError(f"shape {list(x)} cannot be squeezed to {list(self.shape)}")
        return tuple(dropped)

    def output_shapes(self, shapes: Sequence[Shape | None]) -> tuple[Shape, ...]:
        self.axes(need(shapes[0]))
        return (self.shape,)


@dataclass(frozen=True)
class ExpandDims(ShapeChange):
    """Input x; inserts one dimension of size 1 (see `axis`)."""

    kind: ClassVar[str] = "EXPAND_DIMS"

    def axis(self, x: Shape) -> int:
        """Where the new dimension stands; ModelError when `shape` is not reached that way."""
        for k in range(len(self.shape)):
            if self.shape[k] == 1 and self.shape[:k] + self.shape[k + 1:] == tuple(x):
                return k
        raise ModelError(f"shape {list(x)} cannot be expanded to {list(self.shape)}")

    def output_shapes(self, shapes: Sequence[Shape | None]) -> tuple[Shape, ...]:
        self.axis(need(shapes[0]))
        return (self.shape,)
