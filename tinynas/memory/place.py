"""Offsets for a given order and arena size: depth-first search over corner positions.

Buffers are placed in the order they are born, each at a corner: the arena's floor or ceiling, an
edge of a live buffer, or as close to an input that dies here as the distance allows. What comes
later depends only on where the live buffers lie, so failures are remembered by that. Finding a
placement proves that the arena is large enough; not finding one proves nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from tinynas.memory.model import BACKWARD, FORWARD, Distances
from tinynas.memory.plan import Plan
from tinynas.memory.timeline import Timeline

NODE_LIMIT = 20_000
ANY = FORWARD | BACKWARD


@dataclass(frozen=True)
class Placement:
    """Offsets by buffer, scratch offsets by moment, and the moments that run in reverse."""

    offsets: tuple[int, ...]
    scratch: dict[int, int]
    backward: frozenset[int]


def place(line: Timeline, arena_bytes: int, node_limit: int = NODE_LIMIT) -> Placement | None:
    """A placement within `arena_bytes`, or None when none was found in `node_limit` nodes."""
    return _Search(line, arena_bytes, node_limit).run()


def relation(
    p: int, p_size: int, q: int, q_size: int, distances: Distances | None,
) -> int:
    """In which directions an output of rounded size `p_size` at p may run when a buffer lies at q.

    `distances`: those of the pair when the buffer at q is an input that may be overlapped."""
    if p + p_size <= q or q + q_size <= p or not p_size or not q_size:
        return ANY
    if distances is None:
        return 0
    forward, backward = distances
    return (FORWARD if forward is not None and p <= q - forward else 0) | (
        BACKWARD if backward is not None and p >= q + backward else 0)


def gap(taken: list[tuple[int, int]], size: int, arena_bytes: int, align: int) -> int | None:
    """The lowest offset where `size` bytes fit between `taken` (start, rounded end), or None."""
    at = 0
    for start, end in sorted(taken):
        if start - at >= size:
            return at
        at = max(at, end)
    return at if at + size <= arena_bytes else None


@dataclass
class _Search:
    line: Timeline
    arena: int
    nodes_left: int
    offsets: dict[int, int] = field(default_factory=dict)
    directions: dict[int, int] = field(default_factory=dict)
    scratch: dict[int, int] = field(default_factory=dict)
    failed: set[tuple[int, ...]] = field(default_factory=set)

    def run(self) -> Placement | None:
        """Depth-first without recursion: one generator of choices per thing to be decided."""
        jobs = self._jobs()
        stack = [jobs[0](0)] if jobs else []
        while stack and self.nodes_left > 0:
            self.nodes_left -= 1
            if next(stack[-1], None) is None:
                stack.pop()
            elif len(stack) == len(jobs):
                return self._result()
            else:
                stack.append(jobs[len(stack)](len(stack)))
        return self._result() if not jobs else None

    def _jobs(self) -> list:  # type: ignore[type-arg]
        """What is to be decided, in order: at each moment its new buffers, then its scratch."""
        line, jobs = self.line, []
        for t in range(-1, line.moments + 1):
            born = line.births.get(t, [])
            for first, b in enumerate(born):
                rivals = [
                    c for c in range(len(line.birth))
                    if line.death[c] >= t and (line.birth[c] < t or c in born[:first])
                ]
                jobs.append(lambda depth, b=b, t=t, rivals=rivals, first=first: self._buffer(b, t, rivals, not first))
            if line.scratch(t):
                jobs.append(lambda depth, t=t: self._scratch(t))
        return jobs

    def _buffer(self, b: int, t: int, rivals: list[int], remember: bool) -> Iterator[bool]:
        """Try every corner for buffer b, best first."""
        state = (b, *(self.offsets[c] for c in rivals))
        if remember and state in self.failed:
            return
        before = self.directions.get(t, ANY)
        size = self.line.model.sizes[b]
        for at in self._corners(b, t, rivals):
            ways = before
            for c in rivals:
                ways &= relation(at, size, self.offsets[c], self.line.model.sizes[c], self._distances(t, c, b))
                if not ways:
                    break
            if ways:
                self.offsets[b], self.directions[t] = at, ways
                yield True
                self.directions[t] = before
                del self.offsets[b]
        if remember:
            self.failed.add(state)

    def _distances(self, t: int, x: int, y: int) -> Distances | None:
        return self.line.overlaps[t].get((x, y)) if 0 <= t < self.line.moments else None

    def _corners(self, b: int, t: int, rivals: list[int]) -> list[int]:
        model = self.line.model
        size, ceiling = model.sizes[b], (self.arena - model.true_sizes[b]) // model.align * model.align
        near: list[int] = []
        edges: list[int] = []
        for c in rivals:
            at, end = self.offsets[c], self.offsets[c] + model.sizes[c]
            distances = self._distances(t, c, b)
            if distances is not None:
                forward, backward = distances
                near += [] if forward is None else [at - forward]
                near += [] if backward is None else [at + backward]
                edges += [at, end - size]
            edges += [end, at - size]
        candidates = [0, ceiling, *near, *edges]
        return [at for at in dict.fromkeys(candidates) if 0 <= at <= ceiling]

    def _scratch(self, t: int) -> Iterator[bool]:
        line, sizes = self.line, self.line.model.sizes
        taken = [(self.offsets[c], self.offsets[c] + sizes[c]) for c in line.live(t) if sizes[c]]
        at = gap(taken, line.scratch(t), self.arena, line.model.align)
        if at is not None:
            self.scratch[t] = at
            yield True

    def _result(self) -> Placement:
        backward = frozenset(t for t, ways in self.directions.items() if not ways & FORWARD)
        return Placement(
            tuple(self.offsets[b] for b in range(len(self.line.birth))), dict(self.scratch), backward)


def extent(line: Timeline, placement: Placement) -> int:
    """Where the topmost buffer or scratch area ends."""
    ends = [at + size for at, size in zip(placement.offsets, line.model.true_sizes, strict=True)]
    ends += [at + line.scratch(t) for t, at in placement.scratch.items()]
    return max(ends, default=0)


def to_plan(line: Timeline, placement: Placement, bound_bytes: int, proof: str) -> Plan:
    """The placement in the caller's names. `proof` says why nothing smaller exists, "" when unknown;
    meeting the bound is the best reason and is noticed here."""
    arena = extent(line, placement)
    return Plan(
        order=line.order,
        offsets={name: placement.offsets[b] for b, name in enumerate(line.model.names)},
        scratch={line.order[t]: at for t, at in placement.scratch.items()},
        backward=frozenset(line.order[t] for t in placement.backward),
        arena_bytes=arena, bound_bytes=bound_bytes,
        proof="bound met" if arena == bound_bytes else proof,
    )
