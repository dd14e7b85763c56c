"""From a finished search to what a person takes away: firmware for the board, a measured run of it in the
emulator, `summary.json` and `report.md`, all in the run folder.

The firmware is built twice. `firmware/` is for the board itself; `bench/` is the same model for the board's
stand-in in QEMU, which is the one that is run. Both hold the same model code, so what is measured on one is
the other's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tinynas.audio.cost import FrontEndCost, frontend_cost
from tinynas.audio.generate import frontend_c
from tinynas.bench.result import BenchResult, memory_json
from tinynas.bench.run import bench
from tinynas.boards import Board
from tinynas.compile import Budgets, Program, compile_graph
from tinynas.data import CLIP_SAMPLES
from tinynas.firmware import Firmware, build_firmware
from tinynas.graph.read_tflite import read_tflite
from tinynas.report import Measured, write_report
from tinynas.runs import atomic_write_json, atomic_write_text
from tinynas.search import Found
from tinynas.search.pricing import latency_ms

INPUTS = 20  # inferences compared


@dataclass(frozen=True)
class Delivered:
    """`misses`: budgets the measured firmware breaks, in words (the search keeps them as predicted)."""

    summary: dict[str, Any]
    firmware: Firmware
    result: BenchResult
    misses: tuple[str, ...]


@dataclass(frozen=True)
class Totals:
    """Of network and front end together, harness left out: what a budget limits."""

    sram_bytes: int
    flash_bytes: int
    latency_ms: float


def deliver(
    found: Found, board: Board, budgets: Budgets, folder: Path, commands: Sequence[str] = ()
) -> Delivered:
    """Build, run and write down the winner of a search whose run folder is `folder`.

    `commands`: what a reader types to get all this again. Errors as `build_firmware` and `bench`; outputs
    that differ from the reference are in the result."""
    program = compile_graph(read_tflite(found.model), board)
    ears = frontend_cost(found.front_end, board.core.name, found.front_end.frames(CLIP_SAMPLES))
    firmware = build_firmware(program, board, folder / "firmware")
    for name, text in frontend_c(found.front_end, found.quantizer).items():
        atomic_write_text(folder / "frontend" / name, text)
    result = bench(found.model, board, "qemu", inputs=INPUTS, directory=folder / "bench")
    totals = measured_totals(result, ears, board)
    misses = broken(totals, budgets)
    summary = summarize(found, program, ears, board, budgets, result, misses)
    summary["firmware"] = {
        "directory": "firmware",
        "elf": str(firmware.elf.relative_to(firmware.directory.parent)),
    }
    atomic_write_json(folder / "summary.json", summary)
    write_report(folder, comparison(program, ears, result, board), commands)
    return Delivered(summary, firmware, result, misses)


def measured_totals(result: BenchResult, ears: FrontEndCost, board: Board) -> Totals:
    """Network as measured; the front end as its cost table has it."""
    return Totals(
        result.sram.total_bytes - result.sram.harness_bytes + ears.sram_bytes,
        result.flash.total_bytes - result.flash.harness_bytes + ears.flash_bytes,
        measured_latency_ms(result, ears, board),
    )


def measured_latency_ms(result: BenchResult, ears: FrontEndCost, board: Board) -> float:
    """An estimate from exact instructions and the cycles they are estimated to take."""
    assert result.instructions is not None
    cycles = result.instructions if result.cycles_estimated is None else result.cycles_estimated
    return latency_ms(result.instructions, cycles, ears, board)


def broken(totals: Totals, budgets: Budgets) -> tuple[str, ...]:
    """Each budget that the totals break, with the numbers."""
    found = []
    for what, unit, need, limit in (
        ("SRAM", "bytes", totals.sram_bytes, budgets.sram_bytes),
        ("flash", "bytes", totals.flash_bytes, budgets.flash_bytes),
        ("latency", "ms", totals.latency_ms, budgets.latency_ms),
    ):
        if limit is not None and need > limit:
            found.append(f"{what}: {need:,.6g} {unit} of {limit:,.6g} allowed")
    return tuple(found)


def summarize(
    found: Found,
    program: Program,
    ears: FrontEndCost,
    board: Board,
    budgets: Budgets,
    result: BenchResult,
    misses: Sequence[str],
) -> dict[str, Any]:
    """`summary.json`. `sram` and `flash` are the network's; `totals`: front end too, harness not."""
    winner = found.winner
    predicted_latency = latency_ms(program.instructions, program.cycles, ears, board)
    assert result.instructions is not None
    totals = measured_totals(result, ears, board)
    return {
        "board": board.name,
        "budgets": asdict(budgets),
        "budgets_missed": list(misses),
        "dataset": found.dataset.source,
        "dataset_synthetic": found.dataset.synthetic,
        "architecture": winner.arch.describe(),
        "candidates_costed": winner.candidates_costed,
        "candidates_trained": winner.candidates_trained,
        "search_seconds": round(winner.seconds, 1),
        "val_accuracy_int8": winner.val.accuracy,
        "test_accuracy_int8": winner.test.accuracy,
        "macs": result.macs,
        "front_end": {
            **asdict(ears),
            "sram_bytes": ears.sram_bytes,
            "flash_bytes": ears.flash_bytes,
        },
        "predicted": {
            "sram": memory_json(program.sram),
            "flash": memory_json(program.flash),
            "instructions": round(program.instructions),
            "cycles": round(program.cycles),
            "latency_ms_estimated": predicted_latency,
            "totals": {
                "sram_bytes": program.sram.total_bytes + ears.sram_bytes,
                "flash_bytes": program.flash.total_bytes + ears.flash_bytes,
            },
        },
        "measured": {
            "on": result.emulator,
            "sram": memory_json(result.sram),
            "flash": memory_json(result.flash),
            "instructions": result.instructions,
            "cycles_estimated": result.cycles_estimated,
            "latency_ms_estimated": totals.latency_ms,
            "totals": {"sram_bytes": totals.sram_bytes, "flash_bytes": totals.flash_bytes},
        },
        "latency_ms_estimated": totals.latency_ms,
        "instructions": result.instructions,
        "outputs_compared": result.outputs_compared,
        "outputs_different": result.outputs_different,
        "model": "model.tflite",
    }


def comparison(program: Program, ears: FrontEndCost, result: BenchResult, board: Board) -> list[Measured]:
    """The report's table: predicted before building, measured after."""
    assert result.instructions is not None
    pairs = [
        Measured(
            f"{memory} {part}", "bytes", getattr(before, f"{part}_bytes"), getattr(after, f"{part}_bytes")
        )
        for memory, before, after, parts in (
            ("SRAM", program.sram, result.sram, ("arena", "state", "stack", "static")),
            ("flash", program.flash, result.flash, ("code", "weights", "tables")),
        )
        for part in parts
    ]
    return [
        *pairs,
        Measured("instructions per inference", "", program.instructions, result.instructions),
        Measured("cycles per inference, estimated", "", program.cycles, result.cycles_estimated),
        Measured("front end, instructions per hop", "", ears.instructions_per_hop, None),
        Measured(
            "latency, estimated",
            "ms",
            latency_ms(program.instructions, program.cycles, ears, board),
            measured_latency_ms(result, ears, board),
        ),
    ]
