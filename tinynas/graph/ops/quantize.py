"""QUANTIZE and DEQUANTIZE: float32 edges, and int8 to int8 requantization."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tinynas.graph import checks
from tinynas.graph.fixed_point import clamp_int8, multiply_by_quantized_multiplier, quantize_multiplier
from tinynas.graph.geometry import need
from tinynas.graph.op import Op
from tinynas.graph.tensor import Shape, Tensor


def round_half_away(x: np.ndarray) -> np.ndarray:
    """C's roundf on float32, exact also where x + 0.5 is not."""
    whole = np.trunc(x)
    return np.asarray(whole + np.where(np.abs(x - whole) >= np.float32(0.5), np.sign(x), np.float32(0.0)))


@dataclass(frozen=True)
class Quantize(Op):
    """Input x (float32 or int8); int8 out.

    Real values too large for 32 bits saturate and NaN becomes -128; TFLite Micro leaves both to the
    machine's float-to-int conversion, which C does not define there."""

    kind: ClassVar[str] = "QUANTIZE"

    def output_shapes(self, shapes: Sequence[Shape | None]) -> tuple[Shape, ...]:
        return (need(shapes[0]),)

    def check(self, inputs: Sequence[Tensor | None], outputs: Sequence[Tensor]) -> None:
        checks.counts(inputs, outputs, 1, 1)
        x = checks.has_type(inputs[0], "input", "float32", "int8")
        y = checks.int8_activation(outputs[0], "output")
        if x.dtype == "int8":
            quantize_multiplier(checks.int8_activation(x, "input").scale / y.scale)

    def run(
        self, values: Sequence[np.ndarray | None], inputs: Sequence[Tensor | None],
        outputs: Sequence[Tensor],
    ) -> tuple[np.ndarray, ...]:
        x, y = checks.given(inputs[0], "input"), outputs[0]
        assert values[0] is not None
        if x.dtype == "float32":
            with np.errstate(over="ignore", invalid="ignore"):
                rounded = round_half_away(values[0].astype(np.float32) / np.float32(y.scale))
            known = np.nan_to_num(rounded.astype(np.float64), nan=-np.inf)
            inside = np.clip(known, -(2.0**31), 2.0**31 - 1).astype(np.int64)
            return (clamp_int8(inside + y.zero_point),)
        multiplier, shift = quantize_multiplier(x.scale / y.scale)
        offsets = values[0].astype(np.int64) - x.zero_point
        return (clamp_int8(multiply_by_quantized_multiplier(offsets, multiplier, shift) + y.zero_point),)


@dataclass(frozen=True)
class Dequantize(Op):
    """Input x (int8); float32 out."""

    kind: ClassVar[str] = "DEQUANTIZE"

    def output_shapes(self, shapes: Sequence[Shape | None]) -> tuple[Shape, ...]:
        return (need(shapes[0]),)

    def check(self, inputs: Sequence[Tensor | None], outputs: Sequence[Tensor]) -> None:
        checks.counts(inputs, outputs, 1, 1)
        checks.int8_activation(inputs[0], "input")
        checks.has_type(outputs[0], "output", "float32")

    def run(
        self, values: Sequence[np.ndarray | None], inputs: Sequence[Tensor | None],
        outputs: Sequence[Tensor],
    ) -> tuple[np.ndarray, ...]:
        x = checks.given(inputs[0], "input")
        assert values[0] is not None
        offsets = values[0].astype(np.int32) - x.zero_point
        return (np.float32(x.scale) * offsets.astype(np.float32),)
