"""PAD and PADV2."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tinynas.errors import ModelError
from tinynas.graph import checks
from tinynas.graph.geometry import need
from tinynas.graph.op import Op
from tinynas.graph.tensor import Shape, Tensor


@dataclass(frozen=True)
class Padding(Op):
    """Input x of at most 4 dimensions; adds elements before and after each."""

    before: tuple[int, ...] = ()  # per dimension
    after: tuple[int, ...] = ()

    def output_shapes(self, shapes: Sequence[Shape | None]) -> tuple[Shape, ...]:
        x = need(shapes[0])
        if len(self.before) != len(x) or len(self.after) != len(x) or not 1 <= len(x) <= 4:
            raise ModelError(f"paddings {list(self.before)}, {list(self.after)} do not fit shape {list(x)}")
        if min((*self.before, *self.after)) < 0:
            raise ModelError(f"paddings {list(self.before)}, {list(self.after)} must not be negative")
        return (tuple(b + d + a for b, d, a in zip(self.before, x, self.after, strict=True)),)

    def check(self, inputs: Sequence[Tensor | None], outputs: Sequence[Tensor]) -> None:
        checks.counts(inputs, outputs, 1, 1)
        checks.all_int8(inputs, outputs)

    def _pad(self, x: np.ndarray, fill: int) -> np.ndarray:
        widths = list(zip(self.before, self.after, strict=True))
        return np.pad(x, widths, constant_values=fill)


@dataclass(frozen=True)
class Pad(Padding):
    """Input x; pads with the output's zero point."""

    kind: ClassVar[str] = "PAD"

    def run(
        self, values: Sequence[np.ndarray | None], inputs: Sequence[Tensor | None],
        outputs: Sequence[Tensor],
    ) -> tuple[np.ndarray, ...]:
        assert values[0] is not None
        return (self._pad(values[0], outputs[0].zero_point),)


@dataclass(frozen=True)
class PadV2(Padding):
    """Input x; pads with `value`, which is quantized as the output is."""

    kind: ClassVar[str] = "PADV2"

    value: int = 0  # quantized

    def check(self, inputs: Sequence[Tensor | None], outputs: Sequence[Tensor]) -> None:
        super().check(inputs, outputs)
        if not -128 <= self.value <= 127:
            raise ModelError(f"its padding value {self.value} is not an int8")

    def run(
        self, values: Sequence[np.ndarray | None], inputs: Sequence[Tensor | None],
        outputs: Sequence[Tensor],
    ) -> tuple[np.ndarray, ...]:
        assert values[0] is not None
        return (self._pad(values[0], self.value),)
