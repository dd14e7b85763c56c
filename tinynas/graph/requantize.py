"""From 32-bit accumulators to int8 outputs: what convolutions and dense layers share."""

from __future__ import annotations

import numpy as np

from tinynas.graph.fixed_point import (
    Int64,
    activation_range,
    clamp_int8,
    multiply_by_quantized_multiplier,
    quantize_multiplier,
    wrap32,
)
from tinynas.graph.tensor import Tensor


def output_multipliers(
    x: Tensor, weights: Tensor, output: Tensor, channels: int
) -> tuple[Int64, Int64]:
    """(multipliers, shifts), one per output channel, as TFLite Micro computes them: in double
    precision from float32 scales. Needs quantization only, not weights."""
    assert weights.quantization is not None
    scales = weights.quantization.scale
    pairs = [quantize_multiplier(x.scale * scale / output.scale) for scale in scales]
    if len(pairs) == 1:
        pairs = pairs * channels
    multipliers, shifts = zip(*pairs, strict=True)
    return np.array(multipliers, np.int64), np.array(shifts, np.int64)


def requantize(
    accumulators: Int64, multipliers: Int64, shifts: Int64, output: Tensor, activation: str
) -> np.ndarray:
    """int8 outputs from accumulators whose last axis is the channel."""
    low, high = activation_range(activation, output.scale, output.zero_point)
    scaled = multiply_by_quantized_multiplier(wrap32(accumulators), multipliers, shifts)
    return clamp_int8(scaled + output.zero_point, low, high)
