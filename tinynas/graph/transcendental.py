"""exp, logistic, tanh and reciprocals in 32-bit fixed point, as gemmlowp defines them.

A value in Qm.n has m integer bits and n = 31 - m fractional bits. Every function takes and gives
int64 arrays of int32 raw values and repeats gemmlowp's steps exactly: a Taylor polynomial on
[-1/4, 0) with a barrel of exp(-2^k) factors for exp, Newton-Raphson division for the rest.
"""

from __future__ import annotations

import numpy as np

from tinynas.graph.fixed_point import (
    INT32_MAX,
    INT32_MIN,
    Int64,
    doubling_high_mul,
    rounding_shift_right,
    wrap32,
)

_EXP_MINUS_EIGHTH = 1895147668  # exp(-1/8) in Q0.31
_ONE_THIRD = 715827883  # 1/3 in Q0.31
_EXP_FACTORS = (  # (k, exp(-2^k) in Q0.31)
    (-2, 1672461947), (-1, 1302514674), (0, 790015084), (1, 290630308), (2, 39332535), (3, 720401), (4, 242),
)
_48_OVER_17 = 1515870810  # in Q2.29
_MINUS_32_OVER_17 = -1010580540
_Q2_ONE = 1 << 29


def _shift_left_saturating(x: Int64, exponent: int) -> Int64:
    threshold = (1 << (31 - exponent)) - 1
    shifted = wrap32(x << exponent)
    return np.where(x > threshold, INT32_MAX, np.where(x < -threshold, INT32_MIN, shifted))


def _exp_on_last_quarter(a: Int64) -> Int64:
    """exp of a Q0.31 value in [-1/4, 0)."""
    x = a + (1 << 28)
    x2 = doubling_high_mul(x, x)
    x3 = doubling_high_mul(x2, x)
    x4 = doubling_high_mul(x2, x2)
    cubic = doubling_high_mul(rounding_shift_right(x4, 2) + x3, _ONE_THIRD) + x2
    return _EXP_MINUS_EIGHTH + doubling_high_mul(_EXP_MINUS_EIGHTH, x + rounding_shift_right(cubic, 1))


def exp_on_negative_values(a: Int64, integer_bits: int) -> Int64:
    """exp(a) in Q0.31 for a <= 0 in Q<integer_bits>; integer_bits at most 5."""
    fractional_bits = 31 - integer_bits
    quarter = 1 << (fractional_bits - 2)
    rest = (a & (quarter - 1)) - quarter
    result = _exp_on_last_quarter(_shift_left_saturating(rest, integer_bits))
    remainder = wrap32(rest - a)
    for k, factor in _EXP_FACTORS:
        if integer_bits > k:
            bit = (remainder >> (fractional_bits + k)) & 1
            result = np.where(bit != 0, doubling_high_mul(result, factor), result)
    return np.where(a == 0, INT32_MAX, result)


def _newton_reciprocal(a: Int64) -> Int64:
    """2 / (1 + a) in Q2.29 for a in [0, 1) in Q0.31."""
    total = a + INT32_MAX
    half = np.where(total >= 0, (total + 1) >> 1, -((1 - total) >> 1))  # round half away from zero
    x = _48_OVER_17 + doubling_high_mul(half, _MINUS_32_OVER_17)
    for _ in range(3):
        error = _Q2_ONE - doubling_high_mul(half, x)
        x = x + _shift_left_saturating(doubling_high_mul(x, error), 2)
    return x


def one_over_one_plus(a: Int64) -> Int64:
    """1 / (1 + a) in Q0.31 for a in [0, 1) in Q0.31."""
    return _shift_left_saturating(_newton_reciprocal(a), 1)


def logistic(a: Int64, integer_bits: int) -> Int64:
    """1 / (1 + exp(-a)) in Q0.31 of a in Q<integer_bits>."""
    positive = one_over_one_plus(exp_on_negative_values(-np.abs(a), integer_bits))
    return np.where(a == 0, 1 << 30, np.where(a > 0, positive, INT32_MAX - positive))


def tanh(a: Int64, integer_bits: int) -> Int64:
    """tanh(a) in Q0.31 of a in Q<integer_bits>, integer_bits at most 4."""
    x = _newton_reciprocal(exp_on_negative_values(-np.abs(a), integer_bits + 1))
    size = _shift_left_saturating(x - _Q2_ONE, 2)
    return np.where(a == 0, 0, np.where(a < 0, -size, size))


def reciprocal(x: Int64, integer_bits: int) -> tuple[Int64, Int64]:
    """(scale, bits): 1/x = scale / 2^31 * 2^-bits for x >= 1 in Q<integer_bits>."""
    headroom = 32 - np.frexp(x.astype(np.float64))[1].astype(np.int64)  # leading zeros of 32 bits
    shifted = wrap32((x << headroom) - (1 << 31))
    return one_over_one_plus(shifted), integer_bits - headroom
