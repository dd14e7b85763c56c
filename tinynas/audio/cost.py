"""What a front end costs on a core: instructions per hop, memory, flash.

State, scratch and tables are computed exactly. Instructions were counted in QEMU (tools/measure_frontend.py)
for some thirty front ends a core and are stored in instructions.json: those front ends' counts are
"measured", all others "estimated" from a linear model on the loops' trip counts, fitted to the measured ones,
whose worst error on them is stored beside it. Code size is the linked size of the functions a front end
needs, from the same runs.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any

from tinynas.audio.frontend import FrontEnd
from tinynas.audio.generate import scratch_bytes, state_bytes
from tinynas.audio.tables import make_tables
from tinynas.errors import UsageError

_FIXED_TABLE_BYTES = 4 * (65 + 32)  # tinynas_root_lines, tinynas_log_lines
_CONFIG_STRUCT_BYTES = 44  # tinynas_frontend on a 32-bit core
_QUANTIZER_BYTES = 12


@dataclass(frozen=True)
class FrontEndCost:
    """Cost of one front end on one core.

    instructions_per_hop: one hop to one int8 column. measured: whether it was counted for exactly this front
    end; otherwise it is estimated and error is the model's worst relative error. scratch is free between
    hops, so it may lie in the network's arena. ring: the last columns, as the network's input needs them.
    """

    instructions_per_hop: int
    measured: bool
    error: float
    state_bytes: int
    scratch_bytes: int
    ring_bytes: int
    code_bytes: int
    tables_bytes: int

    @property
    def sram_bytes(self) -> int:
        """All of it, nothing shared."""
        return self.state_bytes + self.scratch_bytes + self.ring_bytes

    @property
    def flash_bytes(self) -> int:
        return self.code_bytes + self.tables_bytes


def frontend_cost(front_end: FrontEnd, core: str, columns: int) -> FrontEndCost:
    """The cost on a core ("cortex-m7", ...) of a front end feeding a network that sees `columns` columns.

    Raises UsageError for a core nothing was measured on.
    """
    table = measurements()["cores"].get(core)
    if table is None:
        known = ", ".join(sorted(measurements()["cores"]))
        raise UsageError(
            f"the front end's cost is not known on '{core}'; known: {known} (tools/measure_frontend.py)"
        )
    counted = table["measured"].get(front_end_key(front_end))
    estimate = sum(table["coefficients"][name] * count for name, count in trip_counts(front_end).items())
    tables = make_tables(front_end)
    return FrontEndCost(
        instructions_per_hop=round(estimate if counted is None else counted),
        measured=counted is not None,
        error=0.0 if counted is not None else float(table["worst_error"]),
        state_bytes=state_bytes(front_end),
        scratch_bytes=scratch_bytes(front_end),
        ring_bytes=columns * front_end.width,
        code_bytes=int(table["code_bytes"][code_key(front_end)]),
        tables_bytes=tables.flash_bytes + _FIXED_TABLE_BYTES + _CONFIG_STRUCT_BYTES + _QUANTIZER_BYTES,
    )


def trip_counts(front_end: FrontEnd) -> dict[str, float]:
    """How often each loop of the C code runs in one hop: the features of the linear model."""
    tables = make_tables(front_end)
    half = tables.points // 2
    kind = "power" if front_end.power == 2 else "magnitude"
    both = max(0, half - max(tables.points - tables.last_bin, 0)) if tables.last_bin > half else 0
    alone = min(half, tables.last_bin + 1, tables.points - tables.last_bin) - tables.first_bin
    counts: dict[str, float] = {
        f"fft_{front_end.fft}": 1,
        "copied_words": front_end.frame / 2,
        f"{kind}_bands": front_end.bands,
        "quantized": front_end.width,
    }
    if front_end.power == 2:
        counts["power_pairs"] = half - 1
        counts["power_bins"] = int(tables.segments["bins"].sum())
    else:
        counts["magnitude_single"] = max(0, alone)
        counts["magnitude_pairs"] = both
    if front_end.kind == "mfcc":
        counts["dct_rows"] = front_end.coefficients
        counts["dct_words"] = front_end.coefficients * ((front_end.bands + 1) // 2)
    return counts


def code_key(front_end: FrontEnd) -> str:
    """Which of the code variants a front end needs."""
    radix = 4 if front_end.fft == 512 else 8
    return f"radix{radix}-power{front_end.power}-{front_end.kind}"


def front_end_key(front_end: FrontEnd) -> str:
    """The fields that decide the instructions, as text."""
    f = front_end
    return (
        f"{f.frame}/{f.hop}/{f.fft}-{f.bands}x{f.low_hz}-{f.high_hz}@{f.sample_rate_hz}"
        f"-{f.kind}{f.coefficients}-p{f.power}"
    )


@lru_cache(maxsize=1)
def measurements() -> dict[str, Any]:
    """The stored counts: {"command", "compiler", "cores": {core: {...}}}."""
    text = resources.files("tinynas.audio").joinpath("instructions.json").read_text(encoding="utf-8")
    table: dict[str, Any] = json.loads(text)
    return table
