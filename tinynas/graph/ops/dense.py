"""FULLY_CONNECTED: weights (O,I)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tinynas.graph.op import Op
from tinynas.graph.tensor import Shape, Tensor


@dataclass(frozen=True)
class Dense(Op):
    """Inputs x (any shape, flattened to (-1, I)), weights, bias (may be absent)."""

    kind: ClassVar[str] = "FULLY_CONNECTED"

    activation: str = "NONE"
    keep_dims: bool = False  # output keeps x's leading dimensions

    def output_shapes(self, shapes: Sequence[Shape | None]) -> tuple[Shape, ...]:
        raise NotImplementedError

    def run(
        self, values: Sequence[np.ndarray | None], inputs: Sequence[Tensor | None],
        outputs: Sequence[Tensor],
    ) -> tuple[np.ndarray, ...]:
        raise NotImplementedError
