"""What one step needs at least, and so what a whole order needs at least.

While a step runs, its live buffers, its outputs and its scratch are pairwise disjoint, except
that an output may overlap an input that dies there, by the kernel path's distance. Buffers that
take part in no overlap simply add up. Those that do are packed as tightly as the distances allow;
the length of that pack is the step's *hull*. `need` is the sum of the two, and no plan can do
with less, so the largest need is a lower bound of the arena.

The hull of one output y and dying inputs x_i run forward, y at 0, is a one-machine schedule:
x_i may not start before its distance d_i (never more than y's size, where they are disjoint) and
the x_i exclude one another; earliest release first is optimal. Backward is its mirror image.
Several outputs (SPLIT) are few and are packed by exhaustive search.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import NamedTuple

from tinynas.memory.model import BACKWARD, FORWARD, Distances, Model, bits, prepare, round_up
from tinynas.memory.problem import Problem

EXHAUSTIVE_ITEMS = 7


def arena_bound(problem: Problem, order: Iterable[int] | None = None) -> int:
    """Bytes below which no plan of `problem` in this order (default: as given) can go.

    Microseconds per step. It never exceeds the planner's answer for the same order; for chains
    and residual nets of real kernels it equals it (the tests state how often and how far off).
    """
    model = prepare(problem)
    return order_bound(model, tuple(range(model.steps)) if order is None else tuple(order))


def order_bound(model: Model, order: tuple[int, ...]) -> int:
    """The largest need of any moment of an order, the moments before and after it included."""
    return max(edge_need(model), *step_needs(model, order), 0)


def step_needs(model: Model, order: tuple[int, ...] | None = None) -> list[int]:
    """The need of each step, in execution order (default: as given)."""
    done, live, needs = 0, live_at_start(model), []
    for step in range(model.steps) if order is None else order:
        bytes_needed, live = advance(model, step, done, live)
        needs.append(bytes_needed)
        done |= 1 << step
    return needs


def edge_need(model: Model) -> int:
    """Bytes to hold all initial buffers at once, or all permanent ones, whichever is more."""
    return max(model.total(m) - model.slack(m) for m in (model.initial, model.permanent))


class Live(NamedTuple):
    """A set of buffers (bit mask) and the sum of their rounded sizes."""

    mask: int
    bytes: int


def live_at_start(model: Model) -> Live:
    """What lives just before the first step (an input nobody reads does not)."""
    unread = sum(1 << b for b in bits(model.initial & ~model.permanent) if not model.touched_by[b])
    mask = model.initial & ~unread
    return Live(mask, model.total(mask))


def advance(model: Model, step: int, done: int, live: Live) -> tuple[int, Live]:
    """(need of `step` after the steps in `done`, what lives after it)."""
    dying, born = model.dying(step, done), model.born(step, done)
    here = Live(live.mask | born, live.bytes + model.total(born & ~live.mask))
    after = Live(here.mask & ~dying, here.bytes - model.total(here.mask & dying))
    return step_need(model, step, here, dying, born), after


def step_need(model: Model, step: int, here: Live, dying: int, born: int) -> int:
    """The fewest bytes any plan has at `step`, true to the byte.

    What is live packs no tighter than the sum of its parts, rounded; only the topmost part can end
    early: a buffer or the scratch by its slack, the overlapping ones by what their pack saves."""
    pairs = model.pairs(step, dying, born)
    scratch = round_up(model.scratch[step], model.align)
    packed = here.bytes + scratch
    slack = scratch - model.scratch[step]
    if not pairs:
        return packed - max(slack, model.slack(here.mask))
    members = {x for x, _ in pairs} | {y for _, y in pairs}
    mask = sum(1 << b for b in members)
    sizes = {b: model.sizes[b] for b in members}
    length = hull(sizes, pairs)
    packed += length - sum(sizes.values())
    if len(pairs) == 1:
        [((x, y), distances)] = pairs.items()
        on_top = length - _true_span(model, x, y, distances)
    else:
        on_top = model.slack(mask)
    return packed - max(slack, model.slack(here.mask & ~mask), on_top)


def _true_span(model: Model, x: int, y: int, distances: Distances) -> int:
    """Bytes from the start of the lower to the true end of the higher of two buffers that may overlap."""
    apart = min(model.sizes[y] + model.true_sizes[x], model.sizes[x] + model.true_sizes[y])
    forward, backward, _ = distances.relaxed()
    spans = [apart]
    if forward is not None:
        spans.append(max(max(forward, 0) + model.true_sizes[x], model.true_sizes[y]))
    if backward is not None:
        spans.append(max(max(backward, 0) + model.true_sizes[y], model.true_sizes[x]))
    return min(spans)


def hull(sizes: Mapping[int, int], pairs: Mapping[tuple[int, int], Distances]) -> int:
    """The shortest pack of the inputs and outputs in `pairs`, over both directions.

    Exact for one output, and for up to EXHAUSTIVE_ITEMS buffers; beyond that a lower bound."""
    relaxed = sorted((pair, distances.relaxed()) for pair, distances in pairs.items())
    return _hull(tuple(sorted(sizes.items())), tuple(relaxed))


@lru_cache(maxsize=100_000)
def _hull(items: tuple[tuple[int, int], ...], pairs: tuple[tuple[tuple[int, int], Distances], ...]) -> int:
    sizes = dict(items)
    xs = sorted({x for (x, _), _ in pairs})
    ys = sorted({y for (_, y), _ in pairs})
    if len(ys) == 1:
        return min(_one_output(sizes, xs, ys[0], dict(pairs), way) for way in (FORWARD, BACKWARD))
    if len(items) <= EXHAUSTIVE_ITEMS:
        return min(_pack(sizes, lags(sizes, dict(pairs), way)) for way in (FORWARD, BACKWARD))
    return max(sum(sizes[x] for x in xs), sum(sizes[y] for y in ys))


def _one_output(
    sizes: Mapping[int, int], xs: list[int], y: int, pairs: Mapping[tuple[int, int], Distances], way: int,
) -> int:
    releases = []
    for x in xs:
        forward, backward, _ = pairs[x, y]
        if way == FORWARD:
            release = forward
        else:
            release = None if backward is None else backward + sizes[y] - sizes[x]
        releases.append((sizes[y] if release is None else min(max(release, 0), sizes[y]), sizes[x]))
    end = 0
    for release, size in sorted(releases):
        end = max(end, release) + size
    return max(end, sizes[y])


def lags(
    sizes: Mapping[int, int], pairs: Mapping[tuple[int, int], Distances], way: int,
) -> dict[tuple[int, int], int]:
    """(a, b) -> the least offset[b] - offset[a] when b counts as coming after a.

    Of two buffers one comes after the other; normally that means at its end or above. An
    overlapping pair may come closer, in the direction `way`."""
    lag = {(a, b): sizes[a] for a in sizes for b in sizes if a != b}
    for (x, y), (forward, backward, _) in pairs.items():
        if way == FORWARD and forward is not None:
            lag[y, x] = min(forward, sizes[y])
        elif way == BACKWARD and backward is not None:
            lag[x, y] = min(backward, sizes[x])
    return lag


def _pack(sizes: Mapping[int, int], lag: Mapping[tuple[int, int], int]) -> int:
    """The shortest pack under `lag`, by branch and bound.

    In a tightest pack every buffer rests on 0 or on one already placed, at exactly their lag."""
    best = sum(sizes.values())
    seen: set[tuple[tuple[int, int], ...]] = set()

    def place(placed: dict[int, int], top: int) -> None:
        nonlocal best
        if top >= best:
            return
        state = tuple(sorted(placed.items()))
        if state in seen:
            return
        seen.add(state)
        if len(placed) == len(sizes):
            best = top
            return
        for b in sizes:
            if b in placed:
                continue
            for at in {0, *(p + lag[a, b] for a, p in placed.items())}:
                fits = at >= 0 and all(at - p >= lag[a, b] or p - at >= lag[b, a] for a, p in placed.items())
                if fits:
                    place({**placed, b: at}, max(top, at + sizes[b]))

    place({}, 0)
    return best
