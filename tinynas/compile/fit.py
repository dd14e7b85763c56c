"""Budgets, and whether a program keeps them. Totals are without harness, as the user will ship it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tinynas.boards import Board
from tinynas.compile.program import Program
from tinynas.errors import BudgetError, UsageError


@dataclass(frozen=True)
class Budgets:
    """Upper limits; None is no limit beyond the board's own memory."""

    sram_bytes: int | None = None
    flash_bytes: int | None = None
    latency_ms: float | None = None
    energy_mj: float | None = None


def milliseconds(cycles: float, board: Board) -> float:
    """Zero-wait-state cycles as time on the board: times its flash factor (1 where none is known), by its clock."""
    factor = board.flash_factor.value if board.flash_factor else 1.0
    return cycles * factor / board.clock_hz * 1e3


def estimated_latency_ms(program: Program) -> float:
    """An estimate: predicted cycles and the board's clock."""
    return milliseconds(program.cycles, program.board)


def energy_mj(latency_ms: float | None, board: Board) -> float | None:
    """An estimate: the board's power while inferring, over that time. None when either is not known."""
    if latency_ms is None or board.power_milliwatts is None:
        return None
    return board.power_milliwatts * latency_ms / 1e3


def estimated_energy_mj(program: Program) -> float | None:
    """Of one inference; None when the board's power is not known."""
    return energy_mj(estimated_latency_ms(program), program.board)


def check_energy_budget(board: Board, budgets: Budgets) -> None:
    """UsageError for an energy budget on a board whose power nobody has a source for."""
    if budgets.energy_mj is not None and board.power_milliwatts is None:
        raise UsageError(f"board {board.name} has no figure for its power ([power] in its file): an energy budget "
                         "cannot be kept; choose a board that has one, or give a latency budget")


def energy_as_latency(budgets: Budgets, board: Board) -> Budgets:
    """The same budgets with energy as the latency it allows at the board's power. UsageError as
    `check_energy_budget`."""
    check_energy_budget(board, budgets)
    if budgets.energy_mj is None or board.power_milliwatts is None:
        return budgets
    allowed = budgets.energy_mj / board.power_milliwatts * 1e3
    latency = allowed if budgets.latency_ms is None else min(allowed, budgets.latency_ms)
    return replace(budgets, latency_ms=latency, energy_mj=None)


def misses(program: Program, budgets: Budgets) -> list[str]:
    """Each budget (and each memory of the board) that the program breaks, in words with the numbers."""
    board = program.board
    check_energy_budget(board, budgets)
    found = []
    for what, need, limit, whose in (
        ("SRAM", program.sram.total_bytes, budgets.sram_bytes, "the budget"),
        ("SRAM", program.sram.total_bytes, board.sram_bytes, board.name),
        ("flash", program.flash.total_bytes, budgets.flash_bytes, "the budget"),
        ("flash", program.flash.total_bytes, board.flash_bytes, board.name),
    ):
        if limit is not None and need > limit:
            found.append(f"needs {need:,} bytes of {what}, {whose} has {limit:,} ({need - limit:,} too many)")
    latency = estimated_latency_ms(program)
    if budgets.latency_ms is not None and latency > budgets.latency_ms:
        found.append(f"takes an estimated {latency:.2f} ms, the budget is {budgets.latency_ms:g} ms")
    energy = estimated_energy_mj(program)
    if budgets.energy_mj is not None and energy is not None and energy > budgets.energy_mj:
        found.append(f"takes an estimated {energy:.3g} mJ, the budget is {budgets.energy_mj:g} mJ")
    return found


def check_fit(program: Program, budgets: Budgets | None = None) -> None:
    """BudgetError with the numbers when the program breaks a budget or does not fit the board."""
    found = misses(program, budgets or Budgets())
    if found:
        raise BudgetError(f"model '{program.graph.name}' {'; '.join(found)}")
