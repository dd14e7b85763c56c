"""TRANSPOSE."""

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
class Transpose(Op):
    """Input x of at most 5 dimensions; output axis k is input axis perm[k]."""

    kind: ClassVar[str] = "TRANSPOSE"

    perm: tuple[int, ...] = ()

    def output_shapes(self, shapes: Sequence[Shape | None]) -> tuple[Shape, ...]:
        x = need(shapes[0])
        if sorted(self.perm) != list(range(len(x))) or not 1 <= len(x) <= 5:
            raise ModelError(f"permutation {list(self.perm)} does not fit shape {list(x)} of 1 to 5 axes")
        return (tuple(x[a] for a in self.perm),)

    def check(self, inputs: Sequence[Tensor | None], outputs: Sequence[Tensor]) -> None:
        checks.counts(inputs, outputs, 1, 1)
        checks.all_int8(inputs, outputs)

    def run(
        self, values: Sequence[np.ndarray | None], inputs: Sequence[Tensor | None],
        outputs: Sequence[Tensor],
    ) -> tuple[np.ndarray, ...]:
        assert values[0] is not None
        return (np.ascontiguousarray(values[0].transpose(self.perm)),)
