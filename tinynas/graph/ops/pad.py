"""PAD and PADV2."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tinynas.graph.op import Op
from tinynas.graph.tensor import Shape, Tensor


@dataclass(frozen=True)
class Pad(Op):
    """Input x; pads with the output's zero point."""

    kind: ClassVar[str] = "PAD"

    before: tuple[int, ...] = ()  # per dimension
    after: tuple[int, ...] = ()

    def output_shapes(self, shapes: Sequence[Shape | None]) -> tuple[Shape, ...]:
        raise NotImplementedError

    def run(
        self, values: Sequence[np.ndarray | None], inputs: Sequence[Tensor | None],
        outputs: Sequence[Tensor],
    ) -> tuple[np.ndarray, ...]:
        raise NotImplementedError


@dataclass(frozen=True)
class PadV2(Op):
    """Input x; pads with `value`."""

    kind: ClassVar[str] = "PADV2"

    before: tuple[int, ...] = ()
    after: tuple[int, ...] = ()
    value: int = 0  # quantized

    def output_shapes(self, shapes: Sequence[Shape | None]) -> tuple[Shape, ...]:
        raise NotImplementedError

    def run(
        self, values: Sequence[np.ndarray | None], inputs: Sequence[Tensor | None],
        outputs: Sequence[Tensor],
    ) -> tuple[np.ndarray, ...]:
        raise NotImplementedError
