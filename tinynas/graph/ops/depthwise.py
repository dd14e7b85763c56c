"""DEPTHWISE_CONV_2D: weights (1,KH,KW,I*multiplier)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tinynas.graph.op import Op
from tinynas.graph.tensor import Shape, Tensor


@dataclass(frozen=True)
class DepthwiseConv2D(Op):
    """Inputs x, weights, bias (may be absent)."""

    kind: ClassVar[str] = "DEPTHWISE_CONV_2D"

    stride: tuple[int, int] = (1, 1)
    dilation: tuple[int, int] = (1, 1)
    padding: str = "SAME"
    activation: str = "NONE"
    multiplier: int = 1

    def output_shapes(self, shapes: Sequence[Shape | None]) -> tuple[Shape, ...]:
        raise NotImplementedError

    def run(
        self, values: Sequence[np.ndarray | None], inputs: Sequence[Tensor | None],
        outputs: Sequence[Tensor],
    ) -> tuple[np.ndarray, ...]:
        raise NotImplementedError
