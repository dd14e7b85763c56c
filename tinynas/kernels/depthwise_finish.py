"""Cheap exact forms of the requantizer of depthwise kernels (firmware/kernels/depthwise_planes.h), and the proof
that they are exact for a layer's weights.

The reference rounds twice: q = round(x m / 2^31), then q / 2^s to nearest, halves away from zero, plus the zero
point, clamped to int8. Two forms do the same with fewer instructions:

- SIGNED: (q + r - (x < 0)) >> s, r = 2^(s-1) + zero_point 2^s. The subtraction is the sign fix of the second
  rounding (where q is 0 although x < 0 it changes nothing, as s >= 1). Needs 1 <= s <= 23 and |2 x| < 2^31.
- FROM_LOW, zero point -128: for q < 0 the result is -128 whatever the rounding, and for q >= 0 it is
  q + 2^(s-1) >= k 2^s, that is x m / 2^31 >= k 2^s - 2^(s-1) - 1/2. Times 2^e, e >= 1, the right side is an
  integer, so the left side may be rounded down: (floor(2^e x m / 2^31) + 2^(S-1) + 2^(e-1) - 128 2^S) >> S with
  S = s + e. S is fixed, e comes with the weights. Needs 1 <= e and 2^(1+e) |x| < 2^31, 2^(1+e) |w| < 2^15.

Channels with larger shifts (their outputs hardly differ) may take a shorter multiplier where every threshold
stays where it was; that is tried and proved by bisection. What remains is marked and rounded step by step.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

SHIFT = 10  # TINYNAS_FROM_LOW_SHIFT
ANY_SHIFT = 64  # TINYNAS_ANY_SHIFT, the mark
LARGEST_SIGNED = 23


@dataclass(frozen=True)
class Range:
    """Every sum a channel can reach lies in [low, high]."""

    low: int
    high: int

    @property
    def most(self) -> int:
        return max(abs(self.low), abs(self.high))


@dataclass(frozen=True)
class Channel:
    """Bias, multiplier and right shift of one output channel; `shift` of ANY_SHIFT and more: marked."""

    bias: int
    multiplier: int
    shift: int


def reachable(weights: np.ndarray, bias: int) -> Range:
    """Sums of one channel (its int8 weights, bias with the zero point folded in) over all int8 inputs."""
    wide = weights.astype(np.int64)
    low, high = np.minimum(-128 * wide, 127 * wide).sum(), np.maximum(-128 * wide, 127 * wide).sum()
    return Range(bias + int(low), bias + int(high))


def exact(x: int, m: int, s: int, zero_point: int) -> int:
    """The reference for s >= 0."""
    q = (x * m + (1 << 30)) >> 31
    if s > 0:
        q = (((q + (q >> 63)) >> (s - 1)) + 1) >> 1
    return min(max(q + zero_point, -128), 127)


def from_low(x: int, m: int, s: int) -> int:
    """What FROM_LOW computes."""
    e = SHIFT - s
    high = ((x << (1 + e)) * m) >> 32
    return min(max((high + (1 << (SHIFT - 1)) + (1 << e >> 1) - (128 << SHIFT)) >> SHIFT, -128), 127)


def signed_channel(weights: np.ndarray, bias: int, multiplier: int, shift: int, zero_point: int) -> Channel:
    """The channel for SIGNED, marked where it would not be exact. `shift`: to the right, negative for left."""
    span = reachable(weights, bias)
    if multiplier == 0 and shift == 0:
        shift = 1
    if not 0 <= shift or span.most >= 1 << 30:
        return Channel(bias, multiplier, ANY_SHIFT + shift)
    if shift > LARGEST_SIGNED and exact(span.low, multiplier, shift, zero_point) == zero_point == exact(
        span.high, multiplier, shift, zero_point
    ):
        return Channel(bias, 0, 1)
    return Channel(bias, multiplier, shift if 1 <= shift <= LARGEST_SIGNED else ANY_SHIFT + shift)


def low_channel(weights: np.ndarray, bias: int, multiplier: int, shift: int) -> Channel:
    """The channel for FROM_LOW (zero point -128), marked where it would not be exact."""
    span = reachable(weights, bias)
    marked = Channel(bias, multiplier, ANY_SHIFT + shift)
    if 1 <= shift < SHIFT:
        return Channel(bias, multiplier, shift) if _fits(weights, span, SHIFT - shift) else marked
    if shift < 1 or not _fits(weights, span, 1):
        return marked
    shorter = Channel(bias, round(multiplier / (1 << (shift - SHIFT + 1))), SHIFT - 1)
    if same(span, multiplier, shift, shorter.multiplier, shorter.shift):
        return shorter
    if not weights.any():
        constant = Channel((exact(span.low, multiplier, shift, -128) + 128) << SHIFT, 1 << 30, SHIFT - 1)
        if from_low(constant.bias, constant.multiplier, constant.shift) == exact(
            span.low, multiplier, shift, -128
        ):
            return constant
    return marked


def _fits(weights: np.ndarray, span: Range, e: int) -> bool:
    lanes = weights.astype(np.int64) << (1 + e)
    return bool(lanes.min() >= -(1 << 15) and lanes.max() < 1 << 15) and span.most << (1 + e) < 1 << 31


def same(span: Range, m: int, s: int, short_m: int, short_s: int) -> bool:
    """Whether FROM_LOW with (short_m, short_s) equals the reference with (m, s) and zero point -128 for every x of
    the span: both rise with x, so their steps must lie at the same places."""
    low, high = exact(span.low, m, s, -128), exact(span.high, m, s, -128)
    if (from_low(span.low, short_m, short_s), from_low(span.high, short_m, short_s)) != (low, high):
        return False
    at = span.low
    for k in range(low + 1, high + 1):
        first, last = at, span.high  # the least x with exact(x) >= k
        while first < last:
            middle = (first + last) // 2
            if exact(middle, m, s, -128) >= k:
                last = middle
            else:
                first = middle + 1
        if from_low(first, short_m, short_s) < k or from_low(first - 1, short_m, short_s) >= k:
            return False
        at = first
    return True
