"""Operators that map each int8 element alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tinynas.graph.op import Op
from tinynas.graph.tensor import Shape, Tensor


@dataclass(frozen=True)
class Logistic(Op):
    """Input x."""

    kind: ClassVar[str] = "LOGISTIC"



    def output_shapes(self, shapes: Sequence[Shape | None]) -> tuple[Shape, ...]:
        raise NotImplementedError

    def run(
        self, values: Sequence[np.ndarray | None], inputs: Sequence[Tensor | None],
        outputs: Sequence[Tensor],
    ) -> tuple[np.ndarray, ...]:
        raise NotImplementedError


@dataclass(frozen=True)
class Tanh(Op):
    """Input x."""

    kind: ClassVar[str] = "TANH"



    def output_shapes(self, shapes: Sequence[Shape | None]) -> tuple[Shape, ...]:
        raise NotImplementedError

    def run(
        self, values: Sequence[np.ndarray | None], inputs: Sequence[Tensor | None],
        outputs: Sequence[Tensor],
    ) -> tuple[np.ndarray, ...]:
        raise NotImplementedError


@dataclass(frozen=True)
class Relu(Op):
    """Input x."""

    kind: ClassVar[str] = "RELU"



    def output_shapes(self, shapes: Sequence[Shape | None]) -> tuple[Shape, ...]:
        raise NotImplementedError

    def run(
        self, values: Sequence[np.ndarray | None], inputs: Sequence[Tensor | None],
        outputs: Sequence[Tensor],
    ) -> tuple[np.ndarray, ...]:
        raise NotImplementedError


@dataclass(frozen=True)
class Relu6(Op):
    """Input x."""

    kind: ClassVar[str] = "RELU6"



    def output_shapes(self, shapes: Sequence[Shape | None]) -> tuple[Shape, ...]:
        raise NotImplementedError

    def run(
        self, values: Sequence[np.ndarray | None], inputs: Sequence[Tensor | None],
        outputs: Sequence[Tensor],
    ) -> tuple[np.ndarray, ...]:
        raise NotImplementedError


@dataclass(frozen=True)
class LeakyRelu(Op):
    """Input x."""

    kind: ClassVar[str] = "LEAKY_RELU"

    alpha: float = 0.2

    def output_shapes(self, shapes: Sequence[Shape | None]) -> tuple[Shape, ...]:
        raise NotImplementedError

    def run(
        self, values: Sequence[np.ndarray | None], inputs: Sequence[Tensor | None],
        outputs: Sequence[Tensor],
    ) -> tuple[np.ndarray, ...]:
        raise NotImplementedError


@dataclass(frozen=True)
class HardSwish(Op):
    """Input x."""

    kind: ClassVar[str] = "HARD_SWISH"



    def output_shapes(self, shapes: Sequence[Shape | None]) -> tuple[Shape, ...]:
        raise NotImplementedError

    def run(
        self, values: Sequence[np.ndarray | None], inputs: Sequence[Tensor | None],
        outputs: Sequence[Tensor],
    ) -> tuple[np.ndarray, ...]:
        raise NotImplementedError
