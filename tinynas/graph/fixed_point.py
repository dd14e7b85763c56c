"""The integer arithmetic of TFLite Micro's reference kernels, vectorised.

A real multiplier becomes a 32-bit fraction and a power of two; products are rounded twice, once
by the doubling high multiplication and once by the shift (gemmlowp's scheme, as TFLite Micro is
built by default). All arrays are int64 holding int32 values, wrapped where C would wrap.
"""

from __future__ import annotations

from math import floor, frexp
from typing import Any

import numpy as np
import numpy.typing as npt

from tinynas.errors import ModelError

Int64 = npt.NDArray[np.int64]

INT32_MAX = 2**31 - 1
INT32_MIN = -(2**31)


def f32(x: float) -> float:
    """`x` rounded to float32, as a Python float (infinite beyond float32's range)."""
    with np.errstate(over="ignore"):
        return float(np.float32(x))


def round_away(x: float) -> int:
    """C's round(): nearest integer, halves away from zero; ModelError beyond 32 bits."""
    if not abs(x) <= 2.0**31:
        raise ModelError(f"a quantized constant works out as {x:g}, which does not fit 32 bits")
    return int(floor(x + 0.5)) if x >= 0 else -int(floor(-x + 0.5))


def quantize_multiplier(real: float, largest_shift: int = 30) -> tuple[int, int]:
    """(multiplier, shift) such that real ~ multiplier / 2^31 * 2^shift, multiplier in [2^30, 2^31).

    Values below 2^-32 flush to (0, 0), as in QuantizeMultiplier. ModelError when not finite or so
    large that C's 32-bit shift would be undefined (shift above `largest_shift`)."""
    if not np.isfinite(real):
        raise ModelError(f"the ratio of its scales is {real}; scales must be finite and positive")
    if real == 0.0:
        return 0, 0
    fraction, shift = frexp(real)
    fixed = round_away(fraction * 2.0**31)
    if abs(fixed) == 2**31:
        fixed //= 2
        shift += 1
    if shift < -31:
        return 0, 0
    if shift > largest_shift:
        raise ModelError(f"the ratio of its scales is {real:g}; at most 2^{largest_shift} can be represented")
    return fixed, shift


def quantize_multiplier_below_one(real: float) -> tuple[int, int]:
    """As quantize_multiplier; ModelError unless 0 < real < 1 (TFLite Micro aborts there)."""
    if not 0.0 < real < 1.0:
        raise ModelError(f"the ratio of its scales is {real:g}; this operator needs one below 1")
    multiplier, shift = quantize_multiplier(real)
    if shift > 0:
        raise ModelError(f"the ratio of its scales rounds to 1 ({real!r}); it must be below 1")
    return multiplier, shift


def wrap32(x: Int64) -> Int64:
    """Two's-complement wrap to 32 bits."""
    return x.astype(np.int32).astype(np.int64)


def doubling_high_mul(a: Any, b: Any) -> Int64:
    """round(a * b / 2^31), saturating the one case that overflows.

    gemmlowp's nudge-and-truncate equals floor((a b + 2^30) / 2^31) for every pair."""
    a64, b64 = np.asarray(a, np.int64), np.asarray(b, np.int64)
    rounded: Int64 = (a64 * b64 + (1 << 30)) >> 31
    return np.minimum(rounded, INT32_MAX)


def rounding_shift_right(x: Any, exponent: Any) -> Int64:
    """x / 2^exponent to nearest, halves away from zero; exponent 0..31, scalar or array."""
    x64, e = np.asarray(x, np.int64), np.asarray(exponent, np.int64)
    mask = (np.int64(1) << e) - 1
    threshold = (mask >> 1) + (x64 < 0)
    quotient: Int64 = (x64 >> e) + ((x64 & mask) > threshold)
    return quotient


def multiply_by_quantized_multiplier(x: Any, multiplier: Any, shift: Any) -> Int64:
    """x * multiplier / 2^31 * 2^shift, rounded twice; multiplier and shift scalar or arrays."""
    s = np.asarray(shift, np.int64)
    left, right = np.maximum(s, 0), np.maximum(-s, 0)
    shifted = wrap32(np.asarray(x, np.int64) << left)
    return rounding_shift_right(doubling_high_mul(shifted, multiplier), right)


def activation_range(activation: str, scale: float, zero_point: int) -> tuple[int, int]:
    """Clamp limits (low, high) of an int8 output for a fused activation."""

    def quantized(value: float) -> int:
        return zero_point + round_away(f32(value / scale))

    if activation == "NONE":
        return -128, 127
    if activation == "RELU":
        return max(-128, quantized(0.0)), 127
    if activation == "RELU6":
        return max(-128, quantized(0.0)), min(127, quantized(6.0))
    if activation == "RELU_N1_TO_1":
        return max(-128, quantized(-1.0)), min(127, quantized(1.0))
    raise ModelError(
        f"activation {activation} is not supported; supported: NONE, RELU, RELU6, RELU_N1_TO_1"
    )


def clamp_int8(x: Int64, low: int = -128, high: int = 127) -> npt.NDArray[np.int8]:
    """min(max(x, low), high) as int8, in that order (as the kernels do)."""
    return np.minimum(np.maximum(x, low), high).astype(np.int8)
