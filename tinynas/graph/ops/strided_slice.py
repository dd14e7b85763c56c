"""STRIDED_SLICE with its masks resolved."""

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
class StridedSlice(Op):
    """Input x of at most 4 dimensions. Strides may be negative; then `end` may be -1, meaning
    "past the first element" (never "the last", as in Python)."""

    kind: ClassVar[str] = "STRIDED_SLICE"

    begin: tuple[int, ...] = ()
    end: tuple[int, ...] = ()  # exclusive, -1 - n style ends resolved by the reader
    strides: tuple[int, ...] = ()
    shrink: tuple[int, ...] = ()  # axes dropped from the output

    def indices(self) -> tuple[range, ...]:
        """Per axis, the positions taken, in order."""
        return tuple(range(b, e, s) for b, e, s in zip(self.begin, self.end, self.strides, strict=True))

    def output_shapes(self, shapes: Sequence[Shape | None]) -> tuple[Shape, ...]:
        x = need(shapes[0])
        if not len(self.begin) == len(self.end) == len(self.strides) == len(x) or not 1 <= len(x) <= 4:
            raise ModelError(f"its begin, end and strides do not fit shape {list(x)} of at most 4 dimensions")
        if 0 in self.strides:
            raise ModelError("a stride is 0")
        taken = self.indices()
        for k, (positions, size) in enumerate(zip(taken, x, strict=True)):
            if not positions or not (0 <= positions[0] < size and 0 <= positions[-1] < size):
                raise ModelError(
                    f"slice {self.begin[k]}:{self.end[k]}:{self.strides[k]} takes nothing of axis {k} of "
                    f"{list(x)}, or lies outside"
                )
            if k in self.shrink and len(positions) != 1:
                raise ModelError(f"axis {k} is dropped but {len(positions)} elements are taken")
        return (tuple(len(p) for k, p in enumerate(taken) if k not in self.shrink),)

    def check(self, inputs: Sequence[Tensor | None], outputs: Sequence[Tensor]) -> None:
        checks.counts(inputs, outputs, 1, 1)
        checks.all_int8(inputs, outputs)

    def run(
        self, values: Sequence[np.ndarray | None], inputs: Sequence[Tensor | None],
        outputs: Sequence[Tensor],
    ) -> tuple[np.ndarray, ...]:
        assert values[0] is not None
        return (values[0][np.ix_(*self.indices())].reshape(outputs[0].shape),)
