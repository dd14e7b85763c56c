"""Budgets as people write them, in one place: sizes (`64k`, `200KB`) and times (`5ms`, `0.5s`).

K means 1,024 with or without B or iB, as everywhere in tinynas.
"""

from __future__ import annotations

import re
from fractions import Fraction

from tinynas.errors import UsageError

_SIZE_UNITS = {"": 1, "b": 1}
for _power, _letter in enumerate("kmg", start=1):
    _SIZE_UNITS |= {_letter + tail: 1024**_power for tail in ("", "b", "ib")}
_MJ_PER_UNIT = {"uj": Fraction(1, 1000), "µj": Fraction(1, 1000), "mj": Fraction(1), "j": Fraction(1000)}
_MS_PER_UNIT = {"us": Fraction(1, 1000), "µs": Fraction(1, 1000), "ms": Fraction(1), "s": Fraction(1000)}
_QUANTITY = re.compile(r"(\d+(?:_\d+)*(?:\.\d+)?|\.\d+)\s*([a-zµ]*)", re.ASCII | re.IGNORECASE)


def parse_size(text: str) -> int:
    """Bytes of `65536`, `64k`, `64KB`, `64KiB`, `1.5m`; UsageError unless positive and whole."""
    hint = f"'{text}' is no size: write bytes or a unit, like 65536, 64k, 200KB or 1M"
    number, unit = _split(text, hint)
    if unit not in _SIZE_UNITS:
        raise UsageError(hint)
    size = number * _SIZE_UNITS[unit]
    if size.denominator != 1 or size <= 0:
        raise UsageError(hint)
    return int(size)


def parse_latency_ms(text: str) -> float:
    """Milliseconds of `5ms`, `0.5s`, `800us`; UsageError without a unit (5 what?) or when not positive."""
    hint = f"'{text}' is no latency: write a number with its unit, like 5ms, 0.5s or 800us"
    number, unit = _split(text, hint)
    if unit not in _MS_PER_UNIT or number <= 0:
        raise UsageError(hint)
    return float(number * _MS_PER_UNIT[unit])


def parse_energy_mj(text: str) -> float:
    """Millijoules of `1.5mJ`, `300uJ`, `0.01J`; UsageError without a unit or when not positive."""
    hint = f"'{text}' is no energy: write a number with its unit, like 1.5mJ, 300uJ or 0.01J"
    number, unit = _split(text, hint)
    if unit not in _MJ_PER_UNIT or number <= 0:
        raise UsageError(hint)
    return float(number * _MJ_PER_UNIT[unit])


def format_size(size_bytes: int) -> str:
    """`1,536 B`, `64.0 KB`: bytes below 10 KB exactly, then KB (1,024 bytes) with one decimal."""
    if abs(size_bytes) < 10 * 1024:
        return f"{size_bytes:,} B"
    return f"{size_bytes / 1024:,.1f} KB"


def _split(text: str, hint: str) -> tuple[Fraction, str]:
    match = _QUANTITY.fullmatch(text.strip())
    if match is None:
        raise UsageError(hint)
    return Fraction(match[1].replace("_", "")), match[2].lower()
