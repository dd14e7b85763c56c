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

NODE_LIMIT = 400
ANY = FORWARD | BACKWARD


@dataclass(frozen=True)
class Placement:
    """Offsets by buffer, scratch offsets by moment, and the moments that run in reverse."""

    offsets: tuple[int, ...]
    scratch: dict[int, int]
    backward: frozenset[int]


def place(line: Timeline, arena_bytes: int, node_limit: int = NODE_LIMIT) -> Placement | None:
    """A placement within `arena_bytes`, or None when none was found after `node_limit` nodes
    more than there are decisions."""
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
    forward, backward, in_place = distances
    if in_place and p == q:
        return ANY
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


@dataclass(frozen=True)
class _Birth:
    """A buffer to be placed at a moment, among the rivals placed before it that live then.

    `overlaps`: distances to the rivals it may overlap. `first`: the moment's first decision, so that
    the rivals' offsets are all that the rest of the search depends on."""

    buffer: int
    moment: int
    rivals: tuple[int, ...]
    overlaps: dict[int, Distances]
    first: bool


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
        """Depth-first without recursion: one generator of choices per decision."""
        decisions = self._decisions()
        self.nodes_left += len(decisions)
        stack: list[Iterator[bool]] = []
        while len(stack) < len(decisions):
            stack.append(self._choices(decisions[len(stack)]))
            while next(stack[-1], None) is None:
                stack.pop()
                if not stack:
                    return None
            self.nodes_left -= 1
            if self.nodes_left < 0:
                return None
        return self._result()

    def _decisions(self) -> list[_Birth | int]:
        """In order: at each moment its new buffers, then its scratch (the moment's number)."""
        line = self.line
        decisions: list[_Birth | int] = []
        for t in range(-1, line.moments + 1):
            born = line.births.get(t, [])
            old = [c for c in range(len(line.birth)) if line.birth[c] < t <= line.death[c]]
            pairs = line.overlaps[t] if 0 <= t < line.moments else {}
            for i, b in enumerate(born):
                rivals = (*old, *(c for c in born[:i] if line.death[c] >= t))
                overlaps = {x: distances for (x, y), distances in pairs.items() if y == b}
                decisions.append(_Birth(b, t, rivals, overlaps, not i))
            if line.scratch(t):
                decisions.append(t)
        return decisions

    def _choices(self, decision: _Birth | int) -> Iterator[bool]:
        return self._scratch(decision) if isinstance(decision, int) else self._buffer(decision)

    def _buffer(self, born: _Birth) -> Iterator[bool]:
        """Try every corner, best first."""
        b, t = born.buffer, born.moment
        state = (b, *(self.offsets[c] for c in born.rivals))
        if born.first and state in self.failed:
            return
        before = self.directions.get(t, ANY)
        sizes = self.line.model.sizes
        for at in self._corners(born):
            ways = before
            for c in born.rivals:
                ways &= relation(at, sizes[b], self.offsets[c], sizes[c], born.overlaps.get(c))
                if not ways:
                    break
            if ways:
                self.offsets[b], self.directions[t] = at, ways
                yield True
                self.directions[t] = before
                del self.offsets[b]
        if born.first:
            self.failed.add(state)

    def _corners(self, born: _Birth) -> list[int]:
        model = self.line.model
        size = model.sizes[born.buffer]
        ceiling = (self.arena - model.true_sizes[born.buffer]) // model.align * model.align
        near: list[int] = []
        edges: list[int] = []
        for c in born.rivals:
            at, end = self.offsets[c], self.offsets[c] + model.sizes[c]
            if c in born.overlaps:
                forward, backward, in_place = born.overlaps[c]
                near += [at] if in_place else []
                near += [] if forward is None else [at - forward]
                near += [] if backward is None else [at + backward]
                edges += [at, end - size]
            edges += [end, at - size]
        return [at for at in dict.fromkeys((0, ceiling, *near, *edges)) if 0 <= at <= ceiling]

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
