"""CONV_2D: inputs [x (N,H,W,I), weights (O,KH,KW,I), bias (O,) or absent]."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tinynas.graph.op import Op
from tinynas.graph.tensor import Shape, Tensor


@dataclass(frozen=True)
class Conv2D(Op):
    """Inputs x, weights, bias (may be absent)."""

    kind: ClassVar[str] = "CONV_2D"

    stride: tuple[int, int] = (1, 1)
    dilation: tuple[int, int] = (1, 1)
    padding: str = "SAME"  # or "VALID"
    activation: str = "NONE"  # NONE, RELU, RELU6, RELU_N1_TO_1

    def output_shapes(self, shapes: Sequence[Shape | None]) -> tuple[Shape, ...]:
        raise NotImplementedError

    def run(
        self, values: Sequence[np.ndarray | None], inputs: Sequence[Tensor | None],
        outputs: Sequence[Tensor],
    ) -> tuple[np.ndarray, ...]:
        raise NotImplementedError
