"""Writes firmware/frontend/tinynas_frontend_lines.c: square root and logarithm as straight lines.

python tools/make_frontend_lines.py            # rewrites the file
"""

from __future__ import annotations

import math
from pathlib import Path

TARGET = Path(__file__).resolve().parent.parent / "firmware" / "frontend" / "tinynas_frontend_lines.c"
_STEPS = 2**15  # positions within one piece


def root_lines() -> list[int]:
    """65 pieces: sqrt(q) 2^16 from q = i 2^25. Below i = 8 no normalized q exists except 0."""
    words = [0] * 8
    for i in range(8, 65):
        here, there = (math.sqrt(float(j) * 2**25) for j in (i, i + 1))
        words.append((int(here) << 16) | (0 if i == 64 else round((there - here) * 2**16 / _STEPS)))
    return words


def log_lines() -> list[int]:
    """32 pieces: log2(1 + i / 32) 2^32."""
    points = [math.log2(1 + i / 32) * 2**32 for i in range(33)]
    return [
        (int(here / 2**16) << 16) | int((there - here) / _STEPS)
        for here, there in zip(points, points[1:], strict=False)
    ]


def render() -> str:
    """The C text."""

    def rows(words: list[int]) -> str:
        lines = (" ".join(f"0x{word:08x}u," for word in words[i : i + 6]) for i in range(0, len(words), 6))
        return "\n".join("    " + line for line in lines)

    return f"""/* Square root and logarithm as straight lines: value in the upper half, rise per 2^-15 in
 * the lower. Written by tools/make_frontend_lines.py; do not edit. */
#include "tinynas_frontend_internal.h"

TINYNAS_FRONTEND_TABLE const tinynas_line tinynas_root_lines[65] = {{
{rows(root_lines())}
}};

TINYNAS_FRONTEND_TABLE const tinynas_line tinynas_log_lines[32] = {{
{rows(log_lines())}
}};
"""


if __name__ == "__main__":
    TARGET.write_text(render())
    print(f"wrote {TARGET.name}")
