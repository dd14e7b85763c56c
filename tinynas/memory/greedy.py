"""Offsets for a given order and arena size: first fit by priority, complaints move to the front.

The second string to the depth-first search, for graphs with many long-lived buffers. Every buffer
and scratch area takes the lowest corner that suits all neighbours placed so far; the first that
finds none is put at the head of the queue and everything starts over (squeaky wheel optimisation,
Joslin and Clements 1999). Finding a placement proves that the arena is large enough.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from tinynas.memory.model import FORWARD, Distances, round_up
from tinynas.memory.place import ANY, Placement, relation
from tinynas.memory.timeline import Timeline

CHECKS = 200_000  # neighbour checks a search may make in all, by default
ESCAPES = 10


@dataclass(frozen=True)
class _Item:
    """A buffer, or the scratch of one moment: its rounded size, highest offset and neighbours.

    `pairs`: neighbour -> (moment, this one is the output, distances) where they may overlap."""

    size: int
    ceiling: int
    neighbours: tuple[int, ...]
    pairs: dict[int, tuple[int, bool, Distances]]


def fit(line: Timeline, arena_bytes: int, checks: int = CHECKS) -> Placement | None:
    """A placement within `arena_bytes`, or None when none was found in about `checks` checks of one
    buffer against another (at least one attempt is made)."""
    model = line.model
    scratch = [t for t in range(line.moments) if line.scratch(t)]
    items = _items(line, scratch, arena_bytes)
    span = [end - start for start, end in zip(line.birth, line.death, strict=True)] + [0] * len(scratch)
    queue = sorted(range(len(items)), key=lambda i: (-items[i].size * (span[i] + 1), i))
    seen: set[tuple[int, ...]] = set()
    dice = Random(0)
    rounds = max(1, checks // (1 + sum(len(item.neighbours) for item in items)))
    for _ in range(rounds):
        at: dict[int, int] = {}
        ways: dict[int, int] = {}
        stuck = next((i for i in queue if not _settle(i, items, at, ways, model.align)), None)
        if stuck is None:
            return Placement(
                tuple(at[b] for b in range(len(line.birth))),
                {t: at[len(line.birth) + k] for k, t in enumerate(scratch)},
                frozenset(t for t, way in ways.items() if not way & FORWARD),
            )
        queue.remove(stuck)
        queue.insert(0, stuck)
        for _ in range(ESCAPES):
            if tuple(queue) not in seen:
                break
            # going in circles: a fixed sequence of random swaps leads out
            i, j = dice.randrange(len(queue)), dice.randrange(len(queue))
            queue[i], queue[j] = queue[j], queue[i]
        seen.add(tuple(queue))
    return None


def _items(line: Timeline, scratch: list[int], arena_bytes: int) -> list[_Item]:
    model = line.model
    lives = [*zip(line.birth, line.death, strict=True), *((t, t) for t in scratch)]
    true_sizes = [*model.true_sizes, *(line.scratch(t) for t in scratch)]
    pairs: list[dict[int, tuple[int, bool, Distances]]] = [{} for _ in lives]
    for t, overlaps in enumerate(line.overlaps):
        for (x, y), distances in overlaps.items():
            pairs[x][y] = (t, False, distances)
            pairs[y][x] = (t, True, distances)
    return [
        _Item(
            round_up(size, model.align), (arena_bytes - size) // model.align * model.align,
            tuple(
                j for j, (start, end) in enumerate(lives)
                if j != i and start <= death and birth <= end and true_sizes[j]),
            pairs[i],
        )
        for i, ((birth, death), size) in enumerate(zip(lives, true_sizes, strict=True))
    ]


def _settle(i: int, items: list[_Item], at: dict[int, int], ways: dict[int, int], align: int) -> bool:
    """Give item i the lowest corner that suits everything placed; False when there is none."""
    item = items[i]
    if not item.size:
        at[i] = 0
        return True
    placed = [(j, at[j], items[j].size, item.pairs.get(j)) for j in item.neighbours if j in at]
    corners = {0}
    for _, q, size, pair in placed:
        corners.add(q + size)
        if pair is not None:
            _, is_output, (forward, backward, in_place) = pair
            corners.update([q] if in_place else [])
            corners.update([] if forward is None else [0 if is_output else q + forward])
            corners.update([] if backward is None else [q + backward if is_output else 0])
    for p in sorted(corners):
        if p > item.ceiling:
            break
        chosen = _suits(p, item, placed, ways) if p >= 0 else None
        if chosen is not None:
            at[i] = p
            ways.update(chosen)
            return True
    return False


def _suits(
    p: int, item: _Item, placed: list[tuple[int, int, int, tuple[int, bool, Distances] | None]],
    ways: dict[int, int],
) -> dict[int, int] | None:
    """The directions left to the moments concerned when the item lies at p; None when it cannot."""
    chosen: dict[int, int] = {}
    for _, q, size, pair in placed:
        if p + item.size <= q or q + size <= p:
            continue
        if pair is None:
            return None
        t, is_output, distances = pair
        found = (
            relation(p, item.size, q, size, distances) if is_output
            else relation(q, size, p, item.size, distances))
        left = chosen.get(t, ways.get(t, ANY)) & found
        if not left:
            return None
        chosen[t] = left
    return chosen
