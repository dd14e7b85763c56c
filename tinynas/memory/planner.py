"""The planner: order first, then a placement at the proved lower bound, then whatever is left.

Nearly every network is done after the second stage in a few milliseconds: the largest need over
the best order is a bound that no plan can beat, and a placement of exactly that size exists. The
rest is handed to a constraint solver when one is installed.
"""

from __future__ import annotations

from tinynas.memory.greedy import fit
from tinynas.memory.model import prepare
from tinynas.memory.order import best_order
from tinynas.memory.place import Placement, extent, place, to_plan
from tinynas.memory.plan import Plan
from tinynas.memory.problem import Problem
from tinynas.memory.timeline import Timeline, timeline

BISECTION_CHECKS = 20_000


def plan_memory(problem: Problem, solver: bool = True) -> Plan:
    """Order the steps and place every buffer and scratch area in the smallest arena found.

    Deterministic. `Plan.proof` says how it is known that no smaller arena exists for these kernel
    paths, or is empty. `solver=False` leaves the constraint solver out, as does its absence.
    Raises ValueError when the problem contradicts itself."""
    model = prepare(problem)
    ordering = best_order(model)
    line = timeline(model, ordering.order)
    found = place(line, ordering.need_bytes) or fit(line, ordering.need_bytes)
    if found is None:
        found = _smallest(line, ordering.need_bytes)
    if solver and extent(line, found) > ordering.bound_bytes:
        from tinynas.memory.exact import improve

        return improve(line, found, ordering)
    return to_plan(line, found, ordering.bound_bytes, "")


def _smallest(line: Timeline, low: int) -> Placement:
    """The best placement that bisection over the arena's size finds; `low` bytes were too few."""
    apart = sum(line.model.sizes) + sum(line.scratch(t) + line.model.align for t in range(line.moments))
    best = fit(line, apart, checks=1)
    assert best is not None, "first fit never leaves more than everything side by side"
    high = extent(line, best)
    while low + 1 < high:
        middle = (low + high) // 2
        found = fit(line, middle, BISECTION_CHECKS)
        if found is None:
            low = middle
        else:
            best, high = found, extent(line, found)
    return best
