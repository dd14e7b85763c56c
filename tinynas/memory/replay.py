"""Replay: run a plan byte by byte and find every read of a byte that something else has overwritten.

The checker shares nothing with the planner but the problem and the plan. Every byte of the arena
carries a tag: which buffer, which byte of it, which writing. A step's inputs and the finally read
graph outputs must find their own tags. Within a step, order matters: an access pattern (`Trace`)
gives the groups of reads and writes a kernel really makes. Without one the worst pattern that
agrees with the step's distances is assumed: forward, byte j of the output may be written before
byte i of the input is last read whenever i > j - dF; backward, whenever i < j + dB. A pair without
an `Overlap` may have all its writes before any read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tinynas.memory.plan import Plan
from tinynas.memory.problem import Problem, Step

Tags = NDArray[np.int64]
Interval = tuple[int, int]  # start, end in bytes of a buffer
Group = tuple[Mapping[int, Interval], Mapping[int, Interval]]  # reads and writes by buffer
Trace = Sequence[Group]  # in the order of execution: a backward step's trace is given reversed

EMPTY = -1
_BYTE_BITS = 32


@dataclass(frozen=True)
class Fault:
    """`step` (an index into Problem.steps; None: before or after all) found `bytes` wrong bytes,
    the first of them at `first`, in what it reads of `buffer` (None: its scratch)."""

    step: int | None
    buffer: int | None
    first: int
    bytes: int
    what: str


def replay(problem: Problem, plan: Plan, traces: Mapping[int, Trace] | None = None) -> list[Fault]:
    """Execute `plan` and return everything that would go wrong; an empty list is a sound plan.

    `traces`: step index -> its real access pattern. Misaligned or outlying offsets and an order
    that is not a permutation are faults, too."""
    faults = list(_misplaced(problem, plan))
    if faults:
        return faults
    arena = _Arena(problem, plan)
    for b in dict.fromkeys((*problem.inputs, *problem.resident)):
        arena.write(b)
    for k in plan.order:
        arena.run(k, (traces or {}).get(k))
    for b in dict.fromkeys((*problem.outputs, *problem.resident)):
        arena.read(None, b, "read after the last step")
    return arena.faults


def _misplaced(problem: Problem, plan: Plan) -> Iterator[Fault]:
    if sorted(plan.order) != list(range(len(problem.steps))):
        yield Fault(None, None, 0, 0, f"order {plan.order} is not a permutation of the steps")
        return
    mentioned = {b for step in problem.steps for b in (*step.inputs, *step.outputs)}
    for b in sorted(mentioned.union(problem.inputs, problem.outputs, problem.resident)):
        at = plan.offsets.get(b)
        if at is None or at % problem.align or at < 0 or at + problem.sizes[b] > plan.arena_bytes:
            yield Fault(None, b, 0, problem.sizes[b], f"offset {at} is missing, misaligned or outside")
    for k, step in enumerate(problem.steps):
        at = plan.scratch.get(k)
        if step.scratch_bytes and (
            at is None or at % problem.align or at < 0 or at + step.scratch_bytes > plan.arena_bytes
        ):
            yield Fault(k, None, 0, step.scratch_bytes, f"scratch at {at} is missing, misaligned or outside")


class _Arena:
    """The bytes' tags, and where each buffer's latest writing is expected."""

    def __init__(self, problem: Problem, plan: Plan) -> None:
        self.problem, self.plan = problem, plan
        self.tags: Tags = np.full(plan.arena_bytes, EMPTY, np.int64)
        self.expected: dict[int, Tags] = {}
        self.writings = 0
        self.faults: list[Fault] = []

    def fresh(self, size: int) -> Tags:
        self.writings += 1
        return (self.writings << _BYTE_BITS) + np.arange(size, dtype=np.int64)

    def where(self, b: int, part: Interval | None = None) -> slice:
        start, end = part or (0, self.problem.sizes[b])
        return slice(self.plan.offsets[b] + start, self.plan.offsets[b] + end)

    def write(self, b: int) -> None:
        self.expected[b] = self.fresh(self.problem.sizes[b])
        self.tags[self.where(b)] = self.expected[b]

    def read(self, step: int | None, b: int, what: str, part: Interval | None = None) -> None:
        """Compare what lies at the buffer's place with what its last writer left there."""
        start, end = part or (0, self.problem.sizes[b])
        if b not in self.expected:
            self.faults.append(Fault(step, b, start, end - start, f"{what}: never written"))
            return
        self.note(step, b, what, start, self.tags[self.where(b, part)] != self.expected[b][start:end])

    def note(self, step: int | None, b: int | None, what: str, start: int, wrong: NDArray[np.bool_]) -> None:
        if wrong.any():
            self.faults.append(Fault(step, b, start + int(wrong.argmax()), int(wrong.sum()), what))

    def run(self, k: int, trace: Trace | None) -> None:
        """One step: its scratch is filled first and must be unharmed at the end."""
        step = self.problem.steps[k]
        scratch = self.fresh(step.scratch_bytes)
        there = slice(0, 0)
        if step.scratch_bytes:
            there = slice(self.plan.scratch[k], self.plan.scratch[k] + step.scratch_bytes)
            self.tags[there] = scratch
        if trace is None:
            self._worst(k, step)
        else:
            self._traced(k, step, trace)
        self.note(k, None, "scratch overwritten by the step's own output", 0, self.tags[there] != scratch)

    def _worst(self, k: int, step: Step) -> None:
        """The step by its distances. An input byte is lost if it was bad before the step, or if an
        output byte that may be written before its last read lies on it."""
        inputs, outputs = dict.fromkeys(step.inputs), dict.fromkeys(step.outputs)
        for x in inputs:
            self.read(k, x, "input overwritten before the step")
            for y in outputs:
                if y != x:
                    lost = self._lost(k, step, x, y)
                    self.note(k, x, f"overwritten by output {y} before it was read", 0, lost)
        for y in outputs:
            self.write(y)
        for y in outputs:
            self.read(k, y, "output overwritten by another output")

    def _lost(self, k: int, step: Step, x: int, y: int) -> NDArray[np.bool_]:
        i = np.arange(self.problem.sizes[x])
        j = i + self.plan.offsets[x] - self.plan.offsets[y]  # the output byte at the same address
        shared = (j >= 0) & (j < self.problem.sizes[y])
        overlap = step.overlaps.get((x, y))
        distance = None
        if overlap is not None:
            if overlap.in_place and self.plan.offsets[x] == self.plan.offsets[y]:
                return np.zeros(len(i), bool)
            distance = overlap.backward if k in self.plan.backward else overlap.forward
        if distance is None:
            return shared
        return shared & ((i < j + distance) if k in self.plan.backward else (i > j - distance))

    def _traced(self, k: int, step: Step, trace: Trace) -> None:
        """The step by its real accesses, group after group."""
        new = {y: self.fresh(self.problem.sizes[y]) for y in step.outputs}
        written = {y: np.zeros(self.problem.sizes[y], bool) for y in step.outputs}
        for reads, writes in trace:
            for x, part in reads.items():
                if part[0] < part[1]:
                    self.read(k, x, "input overwritten before it was read", part)
            for y, (start, end) in writes.items():
                if start < end:
                    self.tags[self.where(y, (start, end))] = new[y][start:end]
                    written[y][start:end] = True
        for y in step.outputs:
            self.expected[y] = new[y]
            self.note(k, y, "output never written", 0, ~written[y])
            self.read(k, y, "output overwritten by another output")
