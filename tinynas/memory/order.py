"""The order of execution: best-first search over downsets for the smallest largest need.

A set of steps closed under dependencies (a downset) fixes which buffers are live, so what a step
needs depends only on the set that went before, not on its order. A path through the downsets
whose largest need is smallest is found like a shortest path with max in place of plus. The sets
popped so far only ever cost more, so even a search cut short gives a true lower bound; the order
then comes from a beam over the same sets.
"""

from __future__ import annotations

from dataclasses import dataclass
from heapq import heappop, heappush

from tinynas.memory.model import Model
from tinynas.memory.need import Live, advance, edge_need, live_at_start, order_bound

STATE_LIMIT = 4_000
BEAM = 24


@dataclass(frozen=True)
class Ordering:
    """An order, what it needs at least, and what any order needs at least.

    `unique`: the dependencies allow no other order."""

    order: tuple[int, ...]
    need_bytes: int
    bound_bytes: int
    unique: bool


def best_order(model: Model, state_limit: int = STATE_LIMIT) -> Ordering:
    """The order with the smallest largest need. When more than `state_limit` sets had to be looked
    at: the given order or a beam's, whichever needs less."""
    everything = (1 << model.steps) - 1
    start = edge_need(model)
    heap: list[tuple[int, int, int, int, Live]] = [(start, 0, 0, 0, live_at_start(model))]
    came_from: dict[int, int] = {}
    cost = {0: start}
    closed: set[int] = set()
    unique = True
    ticket = 0
    while heap:
        most, _, _, done, live = heappop(heap)
        if done in closed:
            continue
        if done == everything:
            order = _trace_back(came_from, done)
            return Ordering(order, most, most, unique)
        closed.add(done)
        if len(closed) > state_limit:
            needed, order = min((order_bound(model, o), o) for o in (_beam(model), tuple(range(model.steps))))
            return Ordering(order, needed, most, False)
        ready = _ready(model, everything & ~done, done)
        unique = unique and len(ready) == 1
        for step in ready:
            bytes_needed, after = advance(model, step, done, live)
            reached, total = done | 1 << step, max(most, bytes_needed)
            if total < cost.get(reached, total + 1):
                cost[reached] = total
                came_from[reached] = step
                ticket += 1
                heappush(heap, (total, -reached.bit_count(), ticket, reached, after))
    raise ValueError("the steps depend on one another in a circle")


def _beam(model: Model) -> tuple[int, ...]:
    """An order found step by step, keeping the best few sets of each size."""
    everything = (1 << model.steps) - 1
    level: dict[int, tuple[int, int, Live, tuple[int, ...]]] = {
        0: (edge_need(model), 0, live_at_start(model), ())}  # set -> largest need, bytes live, live, order
    for _ in range(model.steps):
        found: dict[int, tuple[int, int, Live, tuple[int, ...]]] = {}
        for done, (most, _, live, order) in level.items():
            for step in _ready(model, everything & ~done, done):
                needed, after = advance(model, step, done, live)
                entry = (max(most, needed), after.bytes, after, (*order, step))
                reached = done | 1 << step
                if reached not in found or entry[:2] < found[reached][:2]:
                    found[reached] = entry
        level = dict(sorted(found.items(), key=lambda item: item[1][:2])[:BEAM])
    [(_, _, _, order)] = level.values()
    return order


def _ready(model: Model, left: int, done: int) -> list[int]:
    ready = []
    while left:
        low = left & -left
        step = low.bit_length() - 1
        left ^= low
        if not model.needs_before[step] & ~done:
            ready.append(step)
    return ready


def _trace_back(came_from: dict[int, int], done: int) -> tuple[int, ...]:
    steps = []
    while done:
        steps.append(came_from[done])
        done &= ~(1 << steps[-1])
    return tuple(reversed(steps))
