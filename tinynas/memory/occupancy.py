"""A plan read back as a story: who lies where during each step, what shares bytes, and where it is tight.

A step's *need* is the fewest bytes any plan can do with while it runs; the steps with the largest need are the
bottlenecks: nothing but changing them makes the arena smaller.
"""

from __future__ import annotations

from dataclasses import dataclass

from tinynas.memory.model import Model, prepare
from tinynas.memory.need import edge_need, step_needs
from tinynas.memory.plan import Plan
from tinynas.memory.problem import Problem
from tinynas.memory.timeline import Timeline, timeline

IN_PLACE = "in place"
FORWARD = "forward"
BACKWARD = "backward"


@dataclass(frozen=True)
class Resident:
    """A buffer in the arena from step `first` to step `last` of the execution order, both included."""

    buffer: int
    offset_bytes: int
    size_bytes: int
    first: int
    last: int

    @property
    def end_bytes(self) -> int:
        return self.offset_bytes + self.size_bytes


@dataclass(frozen=True)
class Sharing:
    """An output that may lie on an input dying at its step. `shared_bytes`: how many bytes both use; 0 when
    the plan keeps them apart. `direction`: in place, forward, backward, or "" when nothing is shared.
    `distance_bytes`: how far apart their starts must be in that direction (rounded to the alignment);
    None when nothing is shared or both start at the same byte."""

    input: int
    output: int
    shared_bytes: int
    direction: str
    distance_bytes: int | None


@dataclass(frozen=True)
class Moment:
    """One step: `step` indexes Problem.steps. `live` holds every buffer alive while it runs. `apart_bytes`:
    what all of them and the scratch take side by side. `used_bytes`: the highest byte in use, plus one."""

    step: int
    live: tuple[int, ...]
    born: tuple[int, ...]
    dying: tuple[int, ...]
    scratch_offset_bytes: int
    scratch_bytes: int
    need_bytes: int
    apart_bytes: int
    used_bytes: int
    sharing: tuple[Sharing, ...]


@dataclass(frozen=True)
class Occupancy:
    """`moments` in execution order. `ends_need_bytes`: what the inputs alone, or the outputs alone, take."""

    residents: tuple[Resident, ...]
    moments: tuple[Moment, ...]
    ends_need_bytes: int

    @property
    def most_needed_bytes(self) -> int:
        """The largest need of any step."""
        return max((m.need_bytes for m in self.moments), default=0)

    @property
    def bottlenecks(self) -> tuple[int, ...]:
        """Positions of the steps with the largest need; none when inputs or outputs alone take more."""
        most = self.most_needed_bytes
        if self.ends_need_bytes > most:
            return ()
        return tuple(k for k, moment in enumerate(self.moments) if moment.need_bytes == most)


def occupancy(problem: Problem, plan: Plan) -> Occupancy:
    """Who is where at each step of `plan`, an answer to `problem`."""
    model = prepare(problem)
    line = timeline(model, plan.order)
    needs = step_needs(model, plan.order)
    last = max(0, line.moments - 1)
    residents = {
        b: Resident(name, plan.offsets[name], model.true_sizes[b],
                    min(max(line.birth[b], 0), last), min(max(line.death[b], 0), last))
        for b, name in enumerate(model.names)
    }
    moments = tuple(_moment(line, plan, residents, k, needs[k]) for k in range(line.moments))
    return Occupancy(tuple(residents.values()), moments, edge_need(model))


def _moment(line: Timeline, plan: Plan, residents: dict[int, Resident], k: int, need: int) -> Moment:
    model, step = line.model, line.order[k]
    live, names = line.live(k), model.names
    scratch = model.scratch[step]
    at = plan.scratch.get(step, 0) if scratch else 0
    ends = [residents[b].end_bytes for b in live] + ([at + scratch] if scratch else [])
    return Moment(
        step=step,
        live=tuple(names[b] for b in live),
        born=tuple(names[b] for b in live if line.birth[b] == k),
        dying=tuple(names[b] for b in live if line.death[b] == k),
        scratch_offset_bytes=at, scratch_bytes=scratch,
        need_bytes=need, apart_bytes=sum(model.true_sizes[b] for b in live) + scratch,
        used_bytes=max(ends, default=0),
        sharing=tuple(_sharing(model, residents, plan, step, x, y) for x, y in line.overlaps[k]),
    )


def _sharing(
    model: Model, residents: dict[int, Resident], plan: Plan, step: int, x: int, y: int,
) -> Sharing:
    a, b = residents[x], residents[y]
    shared = max(0, min(a.end_bytes, b.end_bytes) - max(a.offset_bytes, b.offset_bytes))
    direction, distance = "", None
    if shared:
        forward, backward, in_place = model.overlaps[step][x, y]
        if in_place and a.offset_bytes == b.offset_bytes:
            direction = IN_PLACE
        elif step in plan.backward:
            direction, distance = BACKWARD, backward
        else:
            direction, distance = FORWARD, forward
    return Sharing(model.names[x], model.names[y], shared, direction, distance)
