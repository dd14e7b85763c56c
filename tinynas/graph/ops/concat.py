"""CONCATENATION along one axis."""

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

MAX_INPUTS = 10  # as many as TFLite Micro takes


@dataclass(frozen=True)
class Concat(Op):
    """Inputs all of one quantization, at most 10, at most 4 dimensions; no fused activation.

    TFLite Micro copies the bytes and ignores differing scales; they are refused here."""

    kind: ClassVar[str] = "CONCATENATION"

    axis: int = -1

    def output_shapes(self, shapes: Sequence[Shape | None]) -> tuple[Shape, ...]:
        parts = [need(s) for s in shapes]
        if not 1 <= len(parts) <= MAX_INPUTS:
            raise ModelError(f"it joins {len(parts)} tensors; supported: 1 to {MAX_INPUTS}")
        rank = len(parts[0])
        if rank > 4 or any(len(s) != rank for s in parts):
            raise ModelError(f"shapes {[list(s) for s in parts]} cannot be joined; at most 4 dimensions")
        axis = axis_of(self.axis, rank)
        rest = {s[:axis] + s[axis + 1:] for s in parts}
        if len(rest) != 1:
            raise ModelError(f"shapes {[list(s) for s in parts]} cannot be joined along axis {axis}")
        return ((*parts[0][:axis], sum(s[axis] for s in parts), *parts[0][axis + 1:]),)

    def check(self, inputs: Sequence[Tensor | None], outputs: Sequence[Tensor]) -> None:
        checks.counts(inputs, outputs, 1, MAX_INPUTS)
        checks.all_int8(inputs, outputs)
        for tensor in inputs:
            checks.same_quantization(checks.given(tensor, "input"), outputs[0], "inputs and output")

    def run(
        self, values: Sequence[np.ndarray | None], inputs: Sequence[Tensor | None],
        outputs: Sequence[Tensor],
    ) -> tuple[np.ndarray, ...]:
        return (np.concatenate([v for v in values if v is not None], axis=self.axis),)
