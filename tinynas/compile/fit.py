"""Budgets, and whether a program keeps them. Totals are without harness, as the user will ship it."""

from __future__ import annotations

from dataclasses import dataclass

from tinynas.boards import Board
from tinynas.compile.program import Program
from tinynas.errors import BudgetError


@dataclass(frozen=True)
class Budgets:
    """Upper limits; None is no limit beyond the board's own memory."""

    sram_bytes: int | None = None
    flash_bytes: int | None = None
    latency_ms: float | None = None


def milliseconds(cycles: float, board: Board) -> float:
    """Zero-wait-state cycles as time on the board: times its flash factor (1 where none is known), by its clock."""
    factor = board.flash_factor.value if board.flash_factor else 1.0
    return cycles * factor / board.clock_hz * 1e3


def estimated_latency_ms(program: Program) -> float:
    """An estimate: predicted cycles and the board's clock."""
    return milliseconds(program.cycles, program.board)


def misses(program: Program, budgets: Budgets) -> list[str]:
    """Each budget (and each memory of the board) that the program breaks, in words with the numbers."""
    board = program.board
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
    return found


def check_fit(program: Program, budgets: Budgets | None = None) -> None:
    """BudgetError with the numbers when the program breaks a budget or does not fit the board."""
    found = misses(program, budgets or Budgets())
    if found:
        raise BudgetError(f"model '{program.graph.name}' {'; '.join(found)}")
