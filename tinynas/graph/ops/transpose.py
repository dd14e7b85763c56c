"""TRANSPOSE."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tinynas.graph.op import Op
from tinynas.graph.tensor import Shape, Tensor


@dataclass(frozen=True)
class Transpose(Op):
    """Input x."""

    kind: ClassVar[str] = "TRANSPOSE"

    perm: tuple[int, ...] = ()

    def output_shapes(self, shapes: Sequence[Shape | None]) -> tuple[Shape, ...]:
        raise NotImplementedError

    def run(
        self, values: Sequence[np.ndarray | None], inputs: Sequence[Tensor | None],
        outputs: Sequence[Tensor],
    ) -> tuple[np.ndarray, ...]:
        raise NotImplementedError
