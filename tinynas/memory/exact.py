"""The constraint solver (CP-SAT of OR-tools) for the few plans that the search leaves open.

One model serves twice: with the order fixed, and, for graphs small enough, with the order free,
which is what a proof needs when the dependencies allow more than one. Without OR-tools the plan
found so far is returned, unproved.
"""

from __future__ import annotations

import importlib.util
from typing import Any

from tinynas.memory.model import bits
from tinynas.memory.order import Ordering
from tinynas.memory.place import Placement, extent, to_plan
from tinynas.memory.plan import Plan
from tinynas.memory.timeline import Timeline, timeline

FREE_ORDER_STEPS = 30
EFFORT = 0.5  # the solver's deterministic seconds for each of the two runs; less for big graphs


def improve(line: Timeline, found: Placement, ordering: Ordering, effort: float = EFFORT) -> Plan:
    """Look for an arena between the proved bound and `found`'s; prove the best one if possible."""
    if importlib.util.find_spec("ortools") is None:
        return to_plan(line, found, ordering.bound_bytes, "")
    effort *= min(1.0, FREE_ORDER_STEPS / max(1, line.moments))
    proved = False
    for free in (False, True):
        if free and (ordering.unique or line.moments > FREE_ORDER_STEPS):
            break
        if extent(line, found) == (ordering.bound_bytes if free else ordering.need_bytes):
            continue  # nothing to be gained
        line, found, proved = prove(line, found, ordering, free, effort)
    return to_plan(line, found, ordering.bound_bytes, "cp-sat" if proved else "")


def prove(
    line: Timeline, found: Placement, ordering: Ordering, free: bool, effort: float,
) -> tuple[Timeline, Placement, bool]:
    """The best placement known after one run of the solver, for `line`'s order or for a free one,
    and whether no smaller arena exists, whatever the order."""
    from ortools.sat.python import cp_model

    return _Solver(cp_model, line, found, ordering, free).solve(effort)


class _Solver:
    """Offsets count in units of the alignment; the arena counts in bytes."""

    def __init__(
        self, cp_model: Any, line: Timeline, found: Placement, ordering: Ordering, free: bool,
    ) -> None:
        self.cp_model, self.line, self.found = cp_model, line, found
        self.ordering, self.free = ordering, free
        self.cp = cp_model.CpModel()
        problem, n = line.model, line.moments
        self.high = extent(line, found)
        self.arena = self.cp.new_int_var(ordering.bound_bytes, self.high, "arena")
        hint = {step: k for k, step in enumerate(line.order)}
        self.when: list[Any] = [
            self.cp.new_int_var(0, n - 1, f"when{k}") if free else hint[k] for k in range(n)]
        self.offsets = [
            self._offset(size, at) for size, at in zip(problem.true_sizes, found.offsets, strict=True)]
        self.scratch = {
            k: self._offset(size, found.scratch[hint[k]]) for k, size in enumerate(problem.scratch) if size}
        self.reverse = [self.cp.new_bool_var(f"reverse{k}") for k in range(n)]
        if free:
            self._order(hint)
        for k in range(n):
            self.cp.add_hint(self.reverse[k], hint[k] in found.backward)
        self._lifetimes()
        self._separate_buffers()
        self._separate_scratch()
        self.cp.minimize(self.arena)

    def solve(self, effort: float) -> tuple[Timeline, Placement, bool]:
        solver = self.cp_model.CpSolver()
        solver.parameters.num_workers = 1
        solver.parameters.random_seed = 0
        solver.parameters.max_deterministic_time = effort
        status = solver.solve(self.cp)
        proved = status == self.cp_model.OPTIMAL and (self.free or self.ordering.unique)
        solved = status in (self.cp_model.OPTIMAL, self.cp_model.FEASIBLE)
        if not solved or solver.value(self.arena) >= self.high:
            return self.line, self.found, proved
        model = self.line.model
        order = tuple(sorted(range(model.steps), key=lambda k: solver.value(self.when[k])))
        line = timeline(model, order)
        placement = Placement(
            tuple(solver.value(at) * model.align for at in self.offsets),
            {order.index(k): solver.value(at) * model.align for k, at in self.scratch.items()},
            frozenset(t for t, k in enumerate(order) if line.overlaps[t] and solver.value(self.reverse[k])),
        )
        return line, placement, proved

    def _offset(self, size: int, hint: int) -> Any:
        align = self.line.model.align
        at = self.cp.new_int_var(0, max(0, self.high - size) // align, "")
        self.cp.add(self.arena >= at * align + size)
        self.cp.add_hint(at, hint // align)
        return at

    def _order(self, hint: dict[int, int]) -> None:
        self.cp.add_all_different(self.when)
        for k, mask in enumerate(self.line.model.needs_before):
            self.cp.add_hint(self.when[k], hint[k])
            for before in bits(mask):
                self.cp.add(self.when[before] < self.when[k])

    def _lifetimes(self) -> None:
        """Birth and death of each buffer as constants or, with a free order, variables."""
        model, n = self.line.model, self.line.moments
        self.birth: list[Any] = list(self.line.birth)
        self.death: list[Any] = list(self.line.death)
        if not self.free:
            return
        for b, mask in enumerate(model.touched_by):
            steps = bits(mask)
            if not model.initial >> b & 1 and steps:
                # dependencies keep the first writer of the given order the first toucher of all
                self.birth[b] = self.when[steps[0]]
            if not model.permanent >> b & 1 and steps:
                last = self.cp.new_int_var(0, n - 1, "")
                self.cp.add_max_equality(last, [self.when[k] for k in steps])
                self.death[b] = last

    def _literal(self, condition: Any) -> Any:
        """A Boolean that may be true only where the condition holds."""
        literal = self.cp.new_bool_var("")
        self.cp.add(condition).only_enforce_if(literal)
        return literal

    def _before(self, b: int, c: int) -> Any:
        """A literal (or a constant) for "b is dead before c is born"."""
        first, second = self.death[b], self.birth[c]
        if isinstance(first, int) and isinstance(second, int):
            return first < second
        return self._literal(first < second)

    def _separate_buffers(self) -> None:
        sizes, align = self.line.model.sizes, self.line.model.align
        for b in range(len(sizes)):
            for c in range(b):
                ways = [self._before(b, c), self._before(c, b)]
                if not sizes[b] or not sizes[c] or any(way is True for way in ways):
                    continue
                ways = [way for way in ways if way is not False]
                ways.append(self._literal(self.offsets[b] + sizes[b] // align <= self.offsets[c]))
                ways.append(self._literal(self.offsets[c] + sizes[c] // align <= self.offsets[b]))
                ways += self._overlaps(b, c) + self._overlaps(c, b)
                self.cp.add_bool_or(ways)

    def _overlaps(self, x: int, y: int) -> list[Any]:
        """Literals for "output y overlaps input x, which dies there, forward or backward"."""
        model, ways = self.line.model, []
        for k, allowed in enumerate(model.overlaps):
            if (x, y) not in allowed or model.permanent >> x & 1 or model.initial >> y & 1:
                continue
            if bits(model.touched_by[y])[0] != k:
                continue
            fixed = isinstance(self.death[x], int) and isinstance(self.when[k], int)
            if fixed and self.death[x] != self.when[k]:
                continue
            forward, backward, in_place = allowed[x, y]
            here, there = self.offsets[y], self.offsets[x]
            literals = []
            if forward is not None:
                literals.append(self._literal(here + forward // model.align <= there))
                self.cp.add_implication(literals[-1], self.reverse[k].negated())
            if backward is not None:
                literals.append(self._literal(here >= there + backward // model.align))
                self.cp.add_implication(literals[-1], self.reverse[k])
            if in_place:
                literals.append(self._literal(here == there))
            if not fixed:
                for literal in literals:
                    self.cp.add(self.death[x] <= self.when[k]).only_enforce_if(literal)
            ways += literals
        return ways

    def _separate_scratch(self) -> None:
        model, align = self.line.model, self.line.model.align
        for k, at in self.scratch.items():
            size = -(-model.scratch[k] // align)
            for b in range(len(model.sizes)):
                ways: list[Any] = []
                for first, second in ((self.death[b], self.when[k]), (self.when[k], self.birth[b])):
                    if isinstance(first, int) and isinstance(second, int):
                        ways += [True] if first < second else []
                    else:
                        ways.append(self._literal(first < second))
                if not model.sizes[b] or any(way is True for way in ways):
                    continue
                ways.append(self._literal(at + size <= self.offsets[b]))
                ways.append(self._literal(self.offsets[b] + model.sizes[b] // align <= at))
                self.cp.add_bool_or(ways)
