"""ADD, SUB and MUL with broadcasting."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tinynas.graph.op import Op
from tinynas.graph.tensor import Shape, Tensor


@dataclass(frozen=True)
class Add(Op):
    """Inputs a, b; either may be constant; shapes broadcast as in NumPy."""

    kind: ClassVar[str] = "ADD"

    activation: str = "NONE"

    def output_shapes(self, shapes: Sequence[Shape | None]) -> tuple[Shape, ...]:
        raise NotImplementedError

    def run(
        self, values: Sequence[np.ndarray | None], inputs: Sequence[Tensor | None],
        outputs: Sequence[Tensor],
    ) -> tuple[np.ndarray, ...]:
        raise NotImplementedError


@dataclass(frozen=True)
class Sub(Op):
    """Inputs a, b; either may be constant; shapes broadcast as in NumPy."""

    kind: ClassVar[str] = "SUB"

    activation: str = "NONE"

    def output_shapes(self, shapes: Sequence[Shape | None]) -> tuple[Shape, ...]:
        raise NotImplementedError

    def run(
        self, values: Sequence[np.ndarray | None], inputs: Sequence[Tensor | None],
        outputs: Sequence[Tensor],
    ) -> tuple[np.ndarray, ...]:
        raise NotImplementedError


@dataclass(frozen=True)
class Mul(Op):
    """Inputs a, b; either may be constant; shapes broadcast as in NumPy."""

    kind: ClassVar[str] = "MUL"

    activation: str = "NONE"

    def output_shapes(self, shapes: Sequence[Shape | None]) -> tuple[Shape, ...]:
        raise NotImplementedError

    def run(
        self, values: Sequence[np.ndarray | None], inputs: Sequence[Tensor | None],
        outputs: Sequence[Tensor],
    ) -> tuple[np.ndarray, ...]:
        raise NotImplementedError
