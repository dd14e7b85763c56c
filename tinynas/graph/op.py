"""What every operator can tell about itself: attributes, shape rule, MACs, and its integer
reference. An operator knows nothing of C; kernel paths (tinynas.kernels) do."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from tinynas.graph.tensor import Shape, Tensor

ABSENT = -1  # index of an optional input that is not given (a bias, say)


@dataclass(frozen=True)
class Op(ABC):
    """One operator of a graph. `inputs` and `outputs` index `Graph.tensors`.

    Inputs are data, weights and bias tensors only: shapes, axes, paddings and the like, which
    TFLite passes as small constant tensors, are attributes here.
    """

    kind: ClassVar[str]  # TFLite's name, e.g. "CONV_2D"

    name: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]

    def with_tensors(self, inputs: tuple[int, ...], outputs: tuple[int, ...]) -> Op:
        """The same operator on other tensors."""
        return replace(self, inputs=inputs, outputs=outputs)

    @abstractmethod
    def output_shapes(self, shapes: Sequence[Shape | None]) -> tuple[Shape, ...]:
        """Output shapes from input shapes (None for an absent input).

        Raises ModelError when the shapes do not fit the operator."""

    def check(self, inputs: Sequence[Tensor | None], outputs: Sequence[Tensor]) -> None:
        """Raise ModelError for types, quantization or options outside what `run` reproduces.

        Shapes are checked by `output_shapes`, before this is called."""
        return None

    def macs(self, inputs: Sequence[Shape | None], outputs: Sequence[Shape]) -> int:
        """Multiply-accumulates of one execution; 0 for operators that do none."""
        return 0

    @abstractmethod
    def run(
        self, values: Sequence[np.ndarray | None], inputs: Sequence[Tensor | None],
        outputs: Sequence[Tensor],
    ) -> tuple[np.ndarray, ...]:
        """The reference: bit-exact with the TFLite Micro interpreter's reference kernel."""
