"""SPLIT into equal parts along one axis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tinynas.errors import ModelError
from tinynas.graph import checks
from tinynas.graph.geometry import axis_of, need
from tinynas.graph.op import Op
from tinynas.graph.tensor import Shape, Tensor


@dataclass(frozen=True)
class Split(Op):
    """Input x; as many outputs as parts. The bytes are copied."""

    kind: ClassVar[str] = "SPLIT"

    axis: int = -1

    def output_shapes(self, shapes: Sequence[Shape | None]) -> tuple[Shape, ...]:
        x = need(shapes[0])
        axis = axis_of(self.axis, len(x))
        parts = len(self.outputs)
        if parts < 1 or x[axis] % parts:
            raise ModelError(f"axis {axis} of {list(x)} cannot be split into {parts} equal parts")
        return ((*x[:axis], x[axis] // parts, *x[axis + 1:]),) * parts

    def check(self, inputs: Sequence[Tensor | None], outputs: Sequence[Tensor]) -> None:
        checks.counts(inputs, outputs, 1, 1, results=len(self.outputs))
        checks.all_int8(inputs, outputs)

    def run(
        self, values: Sequence[np.ndarray | None], inputs: Sequence[Tensor | None],
        outputs: Sequence[Tensor],
    ) -> tuple[np.ndarray, ...]:
        assert values[0] is not None
        return tuple(np.split(values[0], len(outputs), axis=self.axis))
