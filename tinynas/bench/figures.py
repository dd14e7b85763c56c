"""From ticks to figures: pure arithmetic on what was measured.

Exact instructions: QEMU's -icount lets every instruction take 2**shift ns, so the emulated timer advances a
fixed number of ticks an instruction (3.2 at 25 MHz). A reading is truncated to whole ticks, so the
difference of two readings is off by less than one tick, which is less than half an instruction: rounding
each difference gives the exact count (see Emulation.instructions). Every difference is converted before
overheads are taken off.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from tinynas.bench.cycles import Cycles
from tinynas.bench.measure import Measured, Task
from tinynas.bench.result import BenchResult, Clock, Counter, Layer, Predicted, Spread
from tinynas.bench.session import Inference
from tinynas.boards import Board
from tinynas.compile.fit import energy_mj, estimated_latency_ms, milliseconds
from tinynas.errors import MeasureError
from tinynas.target.elf import footprint
from tinynas.target.toolchain import find_toolchain, read_manifest


@dataclass(frozen=True)
class Comparison:
    """Inferences compared with the reference, and how many differed in any byte."""

    compared: int
    different: int
    first: str | None  # where and how, in words


def instructions(board: Board, run: Inference) -> list[int]:
    """Of every timed run, exact: the call, the model, the return."""
    assert board.emulate is not None
    overhead = board.emulate.instructions(run.overhead_ticks)
    return [board.emulate.instructions(ticks) - overhead for ticks in run.ticks]


def layers(task: Task, measured: Measured) -> tuple[Layer, ...]:
    """In execution order; counted where there is a profile."""
    program, profile = task.program, measured.profile
    cycles = profile.cycles.layers if profile and profile.cycles else {}
    return tuple(
        Layer(index=step.op_index, op=step.kind, name=step.name,
              path="+".join(path.name for path in step.paths),
              macs=step.macs(program.graph), instructions=profile.layers[k] if profile else None,
              cycles=None, cycles_estimated=cycles.get(k), predicted_instructions=step.instructions,
              predicted_cycles=step.cycles, extrapolated=step.extrapolated)
        for k, step in enumerate(program.steps)
    )


def spread(values: Iterable[int]) -> Spread:
    ordered = sorted(values)
    return Spread(ordered[0], statistics.median_low(ordered), ordered[-1])


def result(
    task: Task, measured: Measured, compared: Comparison, name: str, judge: str, seed: int, final: Path
) -> BenchResult:
    """Everything in one value. `final`: what the folder that was built in will be called."""
    program, board, about, runs = task.program, task.board, measured.about, measured.inferences
    identity, typical = about.identity, measured.inferences[measured.typical]
    executed = counted = None
    if measured.executed is not None:
        executed = spread(measured.executed)
    elif task.on == "qemu":
        executed = spread(count for run in runs for count in instructions(board, run))
    elif identity.ticks_hz == identity.clock_hz:
        counted = spread(ticks for run in runs for ticks in timed_ticks(run))
    flash, sram = footprint(measured.elf)
    cycles = measured.profile.cycles if measured.profile else None
    return BenchResult(
        model=name, model_hash=about.texts["model_hash"], board=board.name, core=board.core.name, on=task.on,
        emulator=measured.emulator,
        instructions=executed.median if executed else None, instructions_spread=executed,
        instructions_outside_layers=_outside(task, measured),
        cycles=counted.median if counted else None, cycles_spread=counted,
        cycles_estimated=cycles.total if cycles else None,
        cycles_band=(cycles.low, cycles.high) if cycles else None,
        cycles_source=cycles.source if cycles else None,
        latency_ms=_latency_ms(identity.ticks_hz, runs) if task.on == "board" else None,
        latency_ms_estimated=_estimated_ms(board, cycles, executed),
        energy_mj_estimated=energy_mj(_estimated_ms(board, cycles, executed), board),
        macs=program.graph.macs, layers=layers(task, measured),
        sram=replace(sram, stack_bytes=max(run.stack_bytes for run in runs)), flash=flash,
        predicted=Predicted(program.sram, program.flash, program.instructions, program.cycles,
                            estimated_latency_ms(program), program.extrapolated,
                            energy_mj(estimated_latency_ms(program), board)),
        arena_high_water_bytes=measured.high_water_bytes,
        outputs_compared=compared.compared, outputs_different=compared.different,
        first_difference=compared.first, reference=judge,
        clock=Clock(identity.clock_hz, identity.clock_status, about.texts["clock"]),
        counter=Counter(about.texts["counter"], identity.ticks_hz, bool(identity.counter_fallback),
                        typical.overhead_ticks, typical.mark_ticks),
        compiler=find_toolchain().version, flags=tuple(read_manifest(measured.project)["flags"]),
        firmware=about.texts["firmware"], image_crc=f"{about.image_crc:08x}",
        warmup=task.warmup, repeats=task.repeats, inputs=len(task.inputs), seed=seed,
        fuse=program.options.fuse,
        elf=final / measured.elf.relative_to(measured.project.parent),
    )


def timed_ticks(run: Inference) -> list[int]:
    """Of every timed run, without what reading the counter costs."""
    return [ticks - run.overhead_ticks for ticks in run.ticks]


def _latency_ms(ticks_hz: int, runs: Iterable[Inference]) -> float:
    return spread(ticks for run in runs for ticks in timed_ticks(run)).median / ticks_hz * 1e3


def _outside(task: Task, measured: Measured) -> int | None:
    """Instructions of the typical inference that no layer has: entry and exit of the invoke function.

    MeasureError when they are too many to be that: a wrapped counter, or marks that changed the code."""
    if measured.profile is None:
        return None
    if measured.executed is not None:
        total = statistics.median_low(measured.executed)
    else:
        total = statistics.median_low(instructions(task.board, measured.inferences[measured.typical]))
    inside = sum(measured.profile.layers)
    if abs(total - inside) > 200 + total // 100:
        raise MeasureError(f"{inside} instructions in the layers, but {total} in the whole inference: "
                           "the counter cannot be trusted")
    return total - inside


def _estimated_ms(board: Board, cycles: Cycles | None, executed: Spread | None) -> float | None:
    """At the board's clock: estimated cycles times its flash factor, or one a cycle where no model knows the core."""
    if cycles is not None:
        return milliseconds(cycles.total, board)
    return executed.median / board.clock_hz * 1e3 if executed else None
