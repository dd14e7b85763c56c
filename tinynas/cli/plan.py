"""`tinynas plan`: what a model costs on a board, step by step, without building anything."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from tinynas.boards import load_board
from tinynas.cli.options import (
    BoardOption,
    EnergyOption,
    FlashOption,
    FuseOption,
    JsonOption,
    LatencyOption,
    ModelArgument,
    SramOption,
    budgets,
    compile_options,
)
from tinynas.cli.output import print_json, print_table, say_note
from tinynas.cli.plan_memory import Story, check_picture, stronger
from tinynas.cli.plan_tflm import plan_tflm
from tinynas.cli.units import format_size
from tinynas.compile import Budgets, CompileOptions, Program, check_fit, compile_graph
from tinynas.compile.fit import estimated_energy_mj, estimated_latency_ms, misses
from tinynas.errors import UsageError
from tinynas.graph.read_tflite import read_tflite

RUNTIMES = ("tinynas", "tflm")


def plan(
    model: ModelArgument,
    board: BoardOption,
    sram: SramOption = None,
    flash: FlashOption = None,
    latency: LatencyOption = None,
    energy: EnergyOption = None,
    fuse: FuseOption = None,
    runtime: Annotated[
        str,
        typer.Option("--runtime", metavar="NAME", help="tinynas, or tflm for the arena TFLite Micro needs."),
    ] = "tinynas",
    why: Annotated[
        str | None,
        typer.Option("--why", metavar="OP", help="Explain an operator's memory: its index, name, or 'bottleneck'."),
    ] = None,
    picture: Annotated[
        Path | None,
        typer.Option("--picture", metavar="FILE", help="Write the memory map over time: FILE.svg or FILE.html."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Show what a model costs on a board: kernels, arena, flash, SRAM, instructions. Needs no compiler.

    The arena is shown over time, with what limits it and what would lower it.

    With budgets (or a board that is too small) the status is 2 and the numbers say what is over.

    Examples:

        tinynas plan model.tflite --board stm32f746g-disco

        tinynas plan model.tflite --board nrf52840dk --sram 64k --flash 200KB --latency 5ms --json

        tinynas plan model.tflite --board nrf52840dk --why bottleneck --picture memory.html

        tinynas plan model.tflite --board nrf52840dk --runtime tflm
    """
    limits = budgets(sram, flash, latency, energy)
    options = compile_options(fuse)
    check_picture(picture)
    target = load_board(board)
    if runtime == "tflm":
        if why is not None or picture is not None:
            raise UsageError("--why and --picture are about tinynas' own arena: leave --runtime tflm away")
        ours = partial(compile_graph, board=target, options=options)
        plan_tflm(model, target, limits, lambda: ours(read_tflite(model)), as_json)
        return
    if runtime not in RUNTIMES:
        raise UsageError(f"no runtime '{runtime}': choose {' or '.join(RUNTIMES)}")
    graph = read_tflite(model)
    program = compile_graph(graph, target, options=options)
    story = Story(
        program,
        lambda graph, paths: compile_graph(graph, target, paths=paths, options=options),
        {f"--fuse {how}": partial(compile_graph, graph, target, options=CompileOptions(fuse=how))
         for how in stronger(options)},
    )
    told = None if why is None else story.why(why)
    if picture is not None:
        story.write(picture)
        say_note(f"memory map written to {picture}")
    if as_json:
        explained = {} if told is None else {"why": {"positions": told[0], "text": told[1]}}
        print_json(to_json(program, limits) | {"memory_map": story.to_json()} | explained)
    elif told is not None:
        print("\n".join(told[1]))
    else:
        _print(program, limits)
        print()
        story.print()
    check_fit(program, limits)


def to_json(program: Program, limits: Budgets) -> dict[str, Any]:
    """The plan as plain data; sizes in bytes, instructions predicted."""
    return {
        "model": program.graph.name,
        "board": program.board.name,
        "macs": program.graph.macs,
        "instructions": round(program.instructions),
        "cycles": round(program.cycles),
        "extrapolated": program.extrapolated,
        "latency_ms_estimated": estimated_latency_ms(program),
        "energy_mj_estimated": estimated_energy_mj(program),
        "clock_hz": program.board.clock_hz,
        "sram": memory_json(program.sram, ("arena", "state", "stack", "static", "harness", "total")),
        "flash": memory_json(program.flash, ("code", "weights", "tables", "harness", "total")),
        "arena": {
            "arena_bytes": program.plan.arena_bytes,
            "bound_bytes": program.plan.bound_bytes,
            "proof": program.plan.proof,
        },
        "budgets": {
            "sram_bytes": limits.sram_bytes,
            "flash_bytes": limits.flash_bytes,
            "latency_ms": limits.latency_ms,
            "energy_mj": limits.energy_mj,
        },
        "misses": misses(program, limits),
        "layers": [_step_json(program, at) for at in range(len(program.steps))],
    }


def memory_json(part: object, names: tuple[str, ...]) -> dict[str, int]:
    return {f"{name}_bytes": getattr(part, f"{name}_bytes") for name in names}


def _step_json(program: Program, at: int) -> dict[str, Any]:
    step = program.steps[at]
    return {
        "index": step.op_index,
        "op": step.kind,
        "name": step.name,
        "path": "+".join(path.name for path in step.paths),
        "backward": step.backward,
        "macs": step.macs(program.graph),
        "instructions": round(step.instructions),
        "extrapolated": step.extrapolated,
        "outputs": [
            {"offset_bytes": program.offsets[t], "size_bytes": program.graph.tensors[t].size_bytes}
            for t in step.op.outputs
        ],
        "scratch_offset_bytes": program.scratch.get(at),
    }


def _print(program: Program, limits: Budgets) -> None:
    rows = []
    for at in range(len(program.steps)):
        step = _step_json(program, at)
        outputs = step["outputs"]
        rows.append(
            (
                step["index"],
                step["op"],
                step["path"],
                f"{step['macs']:,}",
                f"{step['instructions']:,}",
                " ".join(f"{o['offset_bytes']:,}" for o in outputs),
                " ".join(f"{o['size_bytes']:,}" for o in outputs),
            )
        )
    title = f"{program.graph.name} on {program.board.name}"
    print_table(
        title, (">op", "operator", "kernel path", ">MACs", ">instructions", ">offset", ">bytes"), rows
    )
    print()
    print_table(
        "footprint", ("what", ">needs", ">budget", ">board has", "parts"), _footprint_rows(program, limits)
    )
    print(_plan_line(program))
    for line in _estimate_lines(program):
        print(line)


def _estimate_lines(program: Program) -> list[str]:
    """Energy where the board's power is known; layers whose prediction is outside what was calibrated."""
    lines = []
    energy, power = estimated_energy_mj(program), program.board.power
    if energy is not None and power is not None:
        lines.append(f"energy {energy:.3g} mJ an inference, an estimate: {power.milliwatts:g} mW ({power.at}) over the "
                     "latency")
    beyond = [str(step.op_index) for step in program.steps if step.extrapolated]
    if beyond:
        lines.append(f"instructions of op {', '.join(beyond)} are extrapolated: beyond what was calibrated")
    return lines


def _footprint_rows(program: Program, limits: Budgets) -> list[tuple[str, ...]]:
    sram, flash, board = program.sram, program.flash, program.board
    latency = f"{estimated_latency_ms(program):.2f} ms"
    return [
        (
            "SRAM",
            format_size(sram.total_bytes),
            _limit(limits.sram_bytes),
            format_size(board.sram_bytes),
            f"arena {sram.arena_bytes:,}, state {sram.state_bytes:,}, stack {sram.stack_bytes:,}, "
            f"static {sram.static_bytes:,}",
        ),
        (
            "flash",
            format_size(flash.total_bytes),
            _limit(limits.flash_bytes),
            format_size(board.flash_bytes),
            f"code {flash.code_bytes:,}, weights {flash.weights_bytes:,}, tables {flash.tables_bytes:,}",
        ),
        (
            "latency",
            latency,
            "-" if limits.latency_ms is None else f"{limits.latency_ms:g} ms",
            "",
            f"estimate: {program.cycles:,.0f} predicted cycles ({program.instructions:,.0f} instructions) at "
            f"{board.clock_hz / 1e6:g} MHz",
        ),
    ]


def _limit(size_bytes: int | None) -> str:
    return "-" if size_bytes is None else format_size(size_bytes)


def _plan_line(program: Program) -> str:
    arena = program.plan
    if arena.optimal:
        return f"arena {arena.arena_bytes:,} bytes, proved the smallest for these kernels ({arena.proof})"
    return (
        f"arena {arena.arena_bytes:,} bytes, not proved the smallest "
        f"(no plan needs less than {arena.bound_bytes:,})"
    )
