"""Fixed-point arithmetic against exact rational arithmetic and the identities the kernels rely on."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinynas.errors import ModelError
from tinynas.graph.fixed_point import (
    INT32_MAX,
    INT32_MIN,
    activation_range,
    doubling_high_mul,
    multiply_by_quantized_multiplier,
    quantize_multiplier,
    quantize_multiplier_below_one,
    round_away,
    rounding_shift_right,
)
from tinynas.graph.transcendental import exp_on_negative_values, logistic, one_over_one_plus, reciprocal, tanh

INT32 = st.integers(INT32_MIN, INT32_MAX)


def nearest(x: Fraction, half_away: bool) -> int:
    """Nearest integer; halves away from zero, or towards plus infinity."""
    if half_away and x < 0:
        return -math.floor(-x + Fraction(1, 2))
    return math.floor(x + Fraction(1, 2))


@given(INT32, INT32)
def test_doubling_high_mul_rounds_the_exact_product(a: int, b: int) -> None:
    expected = min(nearest(Fraction(a * b, 2**31), half_away=False), INT32_MAX)
    assert int(doubling_high_mul(a, b)) == expected


def test_doubling_high_mul_saturates_its_one_overflow() -> None:
    assert int(doubling_high_mul(INT32_MIN, INT32_MIN)) == INT32_MAX


@given(INT32, st.integers(0, 31))
def test_rounding_shift_right_rounds_halves_away_from_zero(x: int, exponent: int) -> None:
    assert int(rounding_shift_right(x, exponent)) == nearest(Fraction(x, 2**exponent), half_away=True)


@given(
    st.integers(-(2**30), 2**30 - 1), st.integers(2**30, INT32_MAX), st.integers(1, 31),
    st.integers(-128, 127),
)
def test_one_add_replaces_the_sign_fix(x: int, multiplier: int, shift: int, zero_point: int) -> None:
    """The identity kernels use: (y + (y >> 31) + 2^(s-1) + (zp << s)) >> s."""
    y = int(doubling_high_mul(x, multiplier))
    quick = (y + (y >> 31) + (1 << (shift - 1)) + (zero_point << shift)) >> shift
    assert quick == int(multiply_by_quantized_multiplier(x, multiplier, -shift)) + zero_point


@given(st.floats(2.0**-31, 2.0**30 - 1, allow_nan=False))
def test_quantized_multiplier_is_close(real: float) -> None:
    multiplier, shift = quantize_multiplier(real)
    assert 2**30 <= multiplier <= INT32_MAX
    assert abs(multiplier * 2.0 ** (shift - 31) / real - 1) < 2.0**-30


def test_quantized_multiplier_at_the_ends() -> None:
    assert quantize_multiplier(0.0) == (0, 0)
    assert quantize_multiplier(2.0**-40) == (0, 0)
    assert quantize_multiplier(1.0) == (2**30, 1)
    assert quantize_multiplier(1.0 - 2.0**-40) == (2**30, 1)  # rounds up to 1
    for bad in (float("inf"), float("nan"), 2.0**31):
        with pytest.raises(ModelError):
            quantize_multiplier(bad)
    for bad in (0.0, 1.0, 1.0 - 2.0**-40, -0.5):
        with pytest.raises(ModelError):
            quantize_multiplier_below_one(bad)


@given(INT32, st.lists(st.tuples(st.integers(2**30, INT32_MAX), st.integers(-31, 0)), min_size=1, max_size=4))
def test_vectors_equal_scalars(x: int, pairs: list[tuple[int, int]]) -> None:
    together = multiply_by_quantized_multiplier(x, [m for m, _ in pairs], [s for _, s in pairs])
    assert together.tolist() == [int(multiply_by_quantized_multiplier(x, m, s)) for m, s in pairs]


@pytest.mark.parametrize(("x", "expected"), [(0.5, 1), (-0.5, -1), (1.5, 2), (2.5, 3), (-2.5, -3), (0.49, 0)])
def test_round_away(x: float, expected: int) -> None:
    assert round_away(x) == expected


def test_activation_ranges() -> None:
    assert activation_range("NONE", 0.1, 5) == (-128, 127)
    assert activation_range("RELU", 0.1, 5) == (5, 127)
    assert activation_range("RELU6", 0.1, 5) == (5, 65)
    assert activation_range("RELU_N1_TO_1", 0.1, 5) == (-5, 15)
    with pytest.raises(ModelError, match="activation TANH is not supported; supported: NONE, RELU"):
        activation_range("TANH", 0.1, 5)
    with pytest.raises(ModelError, match="does not fit 32 bits"):
        activation_range("RELU6", 1e-30, 5)


@pytest.mark.parametrize("bits", [4, 5])
def test_exponential_is_the_exponential(bits: int) -> None:
    raw = -np.arange(0, 2**31, 1_234_567, dtype=np.int64)
    real = raw / 2.0 ** (31 - bits)
    np.testing.assert_allclose(exp_on_negative_values(raw, bits) / 2.0**31, np.exp(real), atol=2e-7)


def test_logistic_tanh_and_reciprocal_are_what_they_say() -> None:
    raw = np.arange(-(2**31) + 1, 2**31, 9_876_543, dtype=np.int64)
    real = raw / 2.0**27
    np.testing.assert_allclose(logistic(raw, 4) / 2.0**31, 1 / (1 + np.exp(-real)), atol=2e-7)
    np.testing.assert_allclose(tanh(raw, 4) / 2.0**31, np.tanh(real), atol=5e-7)
    unit = np.arange(0, 2**31, 1_234_567, dtype=np.int64)
    np.testing.assert_allclose(one_over_one_plus(unit) / 2.0**31, 1 / (1 + unit / 2.0**31), atol=2e-8)
    values = np.array([1.0, 1.5, 2.0, 3.75, 1000.0, 4095.0])
    scale, shift = reciprocal((values * 2**19).astype(np.int64), 12)
    np.testing.assert_allclose(scale / 2.0**31 * 2.0 ** -shift, 1 / values, rtol=1e-7)
