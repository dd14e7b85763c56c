"""`tinynas plan --runtime tflm`: the arena TFLite Micro needs, and what to paste into a project that uses it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from tinynas.boards import Board
from tinynas.cli.output import print_json, print_table
from tinynas.compile import Budgets, Program
from tinynas.errors import BudgetError, ModelError, UsageError
from tinynas.tflm import TflmArena, arena_lines, resolver_lines, tflm_arena


def plan_tflm(
    model: Path, board: Board, limits: Budgets, ours: Callable[[], Program], as_json: bool,
) -> None:
    """Print TFLite Micro's arena beside ours (`ours()` compiles the model; a model we cannot run has none).

    BudgetError when the arena needed breaks the SRAM budget or is more than the board has; UsageError for
    budgets that say nothing about TFLite Micro."""
    if any(limit is not None for limit in (limits.flash_bytes, limits.latency_ms, limits.energy_mj)):
        raise UsageError("--runtime tflm knows only the arena: of the budgets it can check --sram alone")
    arena = tflm_arena(model.read_bytes(), model.name)
    arena = replace(arena, exact=arena.exact and not _other_core(board))
    try:
        program, refused = ours(), ""
    except ModelError as error:
        program, refused = None, str(error)
    told = to_json(model, board, arena, program, refused)
    if as_json:
        print_json(told)
    else:
        _print(told)
    for limit, whose in ((limits.sram_bytes, "the budget"), (board.sram_bytes, board.name)):
        if limit is not None and arena.arena_needed_bytes > limit:
            raise BudgetError(f"{model.name}: TFLite Micro needs an arena of {arena.arena_needed_bytes:,} bytes, "
                              f"{whose} has {limit:,}")


def to_json(
    model: Path, board: Board, arena: TflmArena, program: Program | None, refused: str,
) -> dict[str, Any]:
    """`tflm`: its arena. `exact` is true only where every operator's sizes and the core are ones the formula was
    checked on; `guessed`: operators whose sizes are not known. `tinynas`: our arena, `less_bytes` below theirs."""
    return {
        "model": model.stem,
        "board": board.name,
        "runtime": "tflm",
        "tflm": {
            "arena_used_bytes": arena.arena_used_bytes,
            "arena_needed_bytes": arena.arena_needed_bytes,
            "operators": list(arena.operators),
            "exact": arena.exact,
            "guessed": list(arena.guessed),
            "note": _note(arena, board),
            "resolver_lines": list(resolver_lines(arena)),
            "arena_lines": list(arena_lines(arena)),
        },
        "tinynas": {"refused": refused} if program is None else {
            "arena_bytes": program.plan.arena_bytes,
            "state_bytes": program.sram.state_bytes,
            "static_bytes": program.sram.static_bytes,
            "bound_bytes": program.plan.bound_bytes,
            "proof": program.plan.proof,
            "less_bytes": arena.arena_needed_bytes - _ours(program),
        },
    }


def _ours(program: Program) -> int:
    """What our code keeps in SRAM in place of their arena: nothing moved out of it to look small."""
    return program.plan.arena_bytes + program.sram.state_bytes + program.sram.static_bytes


def _other_core(board: Board) -> bool:
    return board.core.mve or not board.core.dsp


def _note(arena: TflmArena, board: Board) -> str:
    notes = []
    if arena.guessed:
        notes.append(f"the sizes of {', '.join(arena.guessed)} are a guess")
    if _other_core(board):
        notes.append(f"scratch is that of cores with DSP instructions, {board.core.name} may need another")
    return f"estimate: {'; '.join(notes)}" if notes else "exact with CMSIS-NN and GCC, one model per arena"


def _print(told: dict[str, Any]) -> None:
    theirs, ours = told["tflm"], told["tinynas"]
    used, needed = f"{theirs['arena_used_bytes']:,}", f"{theirs['arena_needed_bytes']:,}"
    rows = [("TFLite Micro", used, needed, theirs["note"])]
    if "refused" in ours:
        rows.append(("tinynas", "-", "-", ours["refused"]))
    else:
        less = ours["less_bytes"]
        share = f", {100 * less / theirs['arena_needed_bytes']:.0f} %" if less > 0 else ""
        proof = f"; proved the smallest for its kernels ({ours['proof']})" if ours["proof"] else ""
        mine = f"{ours['arena_bytes'] + ours['state_bytes'] + ours['static_bytes']:,}"
        rows.append(("tinynas", mine, mine, f"{abs(less):,} bytes {'less' if less >= 0 else 'more'}{share}{proof}"))
    title = f"arena of {told['model']} on {told['board']}"
    print_table(title, ("runtime", ">used bytes", ">needed bytes", "how sure"), rows)
    print("\n// for your TFLite Micro project")
    for line in (*theirs["arena_lines"], *theirs["resolver_lines"]):
        print(line)
