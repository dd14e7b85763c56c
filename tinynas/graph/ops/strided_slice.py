"""STRIDED_SLICE with its masks resolved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tinynas.graph.op import Op
from tinynas.graph.tensor import Shape, Tensor


@dataclass(frozen=True)
class StridedSlice(Op):
    """Input x."""

    kind: ClassVar[str] = "STRIDED_SLICE"

    begin: tuple[int, ...] = ()
    end: tuple[int, ...] = ()  # exclusive, -1 - n style ends resolved by the reader
    strides: tuple[int, ...] = ()
    shrink: tuple[int, ...] = ()  # axes dropped from the output

    def output_shapes(self, shapes: Sequence[Shape | None]) -> tuple[Shape, ...]:
        raise NotImplementedError

    def run(
        self, values: Sequence[np.ndarray | None], inputs: Sequence[Tensor | None],
        outputs: Sequence[Tensor],
    ) -> tuple[np.ndarray, ...]:
        raise NotImplementedError
