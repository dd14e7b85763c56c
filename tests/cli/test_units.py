"""Budgets as people write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinynas.cli.units import format_size, parse_latency_ms, parse_size
from tinynas.errors import UsageError


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("65536", 65536),
        ("64k", 65536),
        ("64K", 65536),
        ("64KB", 65536),
        ("64kb", 65536),
        ("64KiB", 65536),
        ("200KB", 204800),
        ("200 KB", 204800),
        ("1M", 1 << 20),
        ("1.5m", 3 << 19),
        (".5k", 512),
        ("12B", 12),
        ("1_000", 1000),
        (" 2g ", 2 << 30),
    ],
)
def test_sizes(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize(
    "text",
    [
        "",
        "k",
        "64x",
        "64 kilo",
        "-1k",
        "0",
        "0k",
        "1.3",
        "0.0001k",
        "64k5",
        "1e3",
        "nan",
        "inf",
        "6４k",
        "5ms",
        "1__0",
    ],
)
def test_no_sizes(text: str) -> None:
    with pytest.raises(UsageError, match="is no size"):
        parse_size(text)


@pytest.mark.parametrize(
    ("text", "ms"),
    [("5ms", 5.0), ("0.5s", 500.0), ("800us", 0.8), ("800µs", 0.8), ("5 MS", 5.0), (".5ms", 0.5)],
)
def test_latencies(text: str, ms: float) -> None:
    assert parse_latency_ms(text) == ms


@pytest.mark.parametrize("text", ["", "5", "ms", "0ms", "-5ms", "5m", "5k", "1e3ms", "5ms2"])
def test_no_latencies(text: str) -> None:
    with pytest.raises(UsageError, match="is no latency"):
        parse_latency_ms(text)


@given(st.integers(1, 1 << 40), st.sampled_from(["", "b", "k", "KB", "KiB", "m", "GiB"]))
def test_a_whole_number_of_any_unit_is_exact(number: int, unit: str) -> None:
    factor = {"": 1, "b": 1, "k": 1024, "m": 1 << 20, "g": 1 << 30}[unit.lower()[:1]]
    assert parse_size(f"{number}{unit}") == number * factor


@given(st.text(max_size=12))
def test_any_text_is_a_size_or_a_clear_error(text: str) -> None:
    for parse in (parse_size, parse_latency_ms):
        try:
            assert parse(text) > 0
        except UsageError as error:
            assert text in str(error)


@pytest.mark.parametrize(
    ("size", "text"), [(0, "0 B"), (1536, "1,536 B"), (65536, "64.0 KB"), (200 * 1024, "200.0 KB")]
)
def test_format(size: int, text: str) -> None:
    assert format_size(size) == text
