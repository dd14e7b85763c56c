"""What a bench run found, as one frozen value and as JSON (`result.schema.json` beside this file).

Measured and predicted figures have the same nesting. Instructions are exact and come from emulators; cycles
are measured and come from boards; what is neither is None, never a guess. An estimate says so in its name.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tinynas.compile import Flash, Sram

FORMAT = 1


@dataclass(frozen=True)
class Layer:
    """One executed operator. `index`: in the model's file. Measured figures None when nothing marked it."""

    index: int
    op: str
    name: str
    path: str
    macs: int
    instructions: int | None
    cycles: int | None
    cycles_estimated: int | None  # with zero-wait-state memory
    predicted_instructions: float
    predicted_cycles: float
    extrapolated: bool = False  # predicted beyond what was calibrated


@dataclass(frozen=True)
class Spread:
    """Of one figure over all timed runs."""

    low: int
    median: int
    high: int


@dataclass(frozen=True)
class Counter:
    """What time was read from."""

    name: str
    hz: int
    fallback: bool  # the board's own counter stood still, another was used
    overhead_ticks: int  # taken off every figure
    mark_ticks: int  # taken off every layer


@dataclass(frozen=True)
class Clock:
    """The core's clock while measuring. `status` 0: as the board file says."""

    hz: int
    status: int
    text: str


@dataclass(frozen=True)
class Predicted:
    sram: Sram
    flash: Flash
    instructions: float
    cycles: float  # with zero-wait-state memory
    latency_ms_estimated: float  # at the board's own clock
    extrapolated: bool = False  # some layer lies beyond what was calibrated: the error is not known
    energy_mj_estimated: float | None = None  # None: the board's power is not known


@dataclass(frozen=True)
class BenchResult:
    """See the fields' names; sizes in bytes. `instructions`, `cycles`: median of one inference without
    marks."""

    model: str
    model_hash: str
    board: str
    core: str
    on: str  # "qemu" | "renode" | "board"
    emulator: str | None
    instructions: int | None
    instructions_spread: Spread | None
    instructions_outside_layers: int | None  # entry and exit of the invoke function
    cycles: int | None
    cycles_spread: Spread | None
    cycles_estimated: int | None  # of the typical input, with zero-wait-state memory: see cycles_source
    cycles_band: tuple[int, int] | None
    cycles_source: str | None
    latency_ms: float | None  # measured on a board
    latency_ms_estimated: float | None  # estimated cycles x flash factor at the board's clock
    energy_mj_estimated: float | None  # the board's power while inferring times that; None: power not known
    macs: int
    layers: tuple[Layer, ...]
    sram: Sram
    flash: Flash
    predicted: Predicted
    arena_high_water_bytes: int  # how far the arena is really used, from its start
    outputs_compared: int
    outputs_different: int
    first_difference: str | None
    reference: str
    clock: Clock
    counter: Counter
    compiler: str
    flags: tuple[str, ...]
    firmware: str
    image_crc: str
    warmup: int
    repeats: int
    inputs: int
    seed: int
    fuse: str  # what the compiler was allowed to execute row by row: off, short, long
    elf: Path

    @property
    def correct(self) -> bool:
        return self.outputs_different == 0

    def to_json(self) -> dict[str, Any]:
        """Plain data that fits `result.schema.json`."""
        plain: dict[str, Any] = {"format": FORMAT, **asdict(self)}
        plain["elf"] = str(self.elf)
        plain["flags"] = list(self.flags)
        plain["cycles_band"] = list(self.cycles_band) if self.cycles_band else None
        plain["layers"] = [asdict(layer) for layer in self.layers]
        plain["sram"], plain["flash"] = memory_json(self.sram), memory_json(self.flash)
        plain["predicted"]["sram"] = memory_json(self.predicted.sram)
        plain["predicted"]["flash"] = memory_json(self.predicted.flash)
        for key in ("instructions", "cycles"):
            plain["predicted"][key] = round(plain["predicted"][key])
            for layer in plain["layers"]:
                layer[f"predicted_{key}"] = round(layer[f"predicted_{key}"])
        return plain


def memory_json(memory: Sram | Flash) -> dict[str, int]:
    """Its fields and the total."""
    return {**asdict(memory), "total_bytes": memory.total_bytes}


def schema() -> dict[str, Any]:
    """The JSON schema of `BenchResult.to_json()`."""
    loaded: dict[str, Any] = json.loads(Path(__file__).with_name("result.schema.json").read_text())
    return loaded
