"""The memory problem prepared for planning: who may follow whom, who lives when, in aligned bytes.

Alignment is dealt with once, here. Offsets are multiples of `align`, so two buffers are disjoint
exactly when the upper starts at or above the lower's start plus its size rounded up, and a
distance binds exactly as if it were rounded up. Only the topmost buffer of an arena ends at its
true size; the difference between the rounded and the true size is called slack.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from tinynas.kernels.path import Overlap
from tinynas.memory.problem import Problem

FORWARD = 1
BACKWARD = 2


class Distances(NamedTuple):
    """An `Overlap` with its distances rounded up to the alignment."""

    forward: int | None = None
    backward: int | None = None
    in_place: bool = False

    def relaxed(self) -> Distances:
        """Distances alone, none above the true ones: for bounds."""
        if not self.in_place:
            return self
        forward = 0 if self.forward is None else min(self.forward, 0)
        return Distances(forward, 0 if self.backward is None else min(self.backward, 0))


def round_up(value: int, align: int) -> int:
    """The smallest multiple of `align` not below `value` (which may be negative)."""
    return -(-value // align) * align


@dataclass(frozen=True)
class Model:
    """A `Problem` with everything the searches ask for, computed once.

    Buffers are renumbered 0..n-1 (`names` gives the caller's integers back); sets of buffers and
    of steps are bit masks.
    """

    names: tuple[int, ...]
    true_sizes: tuple[int, ...]
    sizes: tuple[int, ...]  # rounded up
    touched_by: tuple[int, ...]  # per buffer: mask of the steps that read or write it
    initial: int  # mask: holds a value before the first step
    permanent: int  # mask: must survive the last step
    touches: tuple[int, ...]  # per step: mask of its inputs and outputs
    reads: tuple[tuple[int, ...], ...]
    writes: tuple[tuple[int, ...], ...]
    needs_before: tuple[int, ...]  # per step: mask of the steps that must precede it
    scratch: tuple[int, ...]  # true size
    overlaps: tuple[Mapping[tuple[int, int], Distances], ...]  # per step: (input, output) -> distances
    align: int

    @property
    def steps(self) -> int:
        return len(self.touches)

    @cached_property
    def slack_masks(self) -> tuple[tuple[int, int], ...]:
        """(slack, mask of the buffers with at least that slack), most slack first."""
        slacks = [size - true for size, true in zip(self.sizes, self.true_sizes, strict=True)]
        return tuple(
            (level, sum(1 << b for b, slack in enumerate(slacks) if slack >= level))
            for level in sorted(set(slacks) - {0}, reverse=True)
        )

    def total(self, mask: int) -> int:
        """Sum of the rounded sizes of a set of buffers."""
        return sum(self.sizes[b] for b in bits(mask))

    def slack(self, mask: int) -> int:
        """The most that the topmost buffer of a set can save by ending at its true size."""
        return next((level for level, having in self.slack_masks if mask & having), 0)

    def dying(self, step: int, done: int) -> int:
        """Buffers that nobody needs after `step`, when the steps in `done` went before."""
        left = ~(done | 1 << step)
        candidates = bits(self.touches[step] & ~self.permanent)
        return sum(1 << b for b in candidates if not self.touched_by[b] & left)

    def born(self, step: int, done: int) -> int:
        """Buffers that come to life in `step`, when the steps in `done` went before."""
        candidates = bits(self.touches[step] & ~self.initial)
        return sum(1 << b for b in candidates if not self.touched_by[b] & done)

    def pairs(self, step: int, dying: int, born: int) -> dict[tuple[int, int], Distances]:
        """The overlaps usable at `step`: the input dies there and the output is born there."""
        return {
            (x, y): distances for (x, y), distances in self.overlaps[step].items()
            if dying >> x & 1 and born >> y & 1
        }


def bits(mask: int) -> list[int]:
    """The members of a bit mask, ascending."""
    found = []
    while mask:
        low = mask & -mask
        found.append(low.bit_length() - 1)
        mask ^= low
    return found


def prepare(problem: Problem) -> Model:
    """Check a problem and bring it into the searches' form.

    Raises ValueError when a buffer has no size, a size is negative, or a buffer is read before
    anything wrote it."""
    if problem.align < 1:
        raise ValueError(f"alignment {problem.align} is not positive")
    mentioned = [b for step in problem.steps for b in (*step.inputs, *step.outputs)]
    names = tuple(dict.fromkeys([*problem.inputs, *problem.resident, *mentioned, *problem.outputs]))
    index = {name: i for i, name in enumerate(names)}
    for name in names:
        if problem.sizes.get(name, -1) < 0:
            raise ValueError(f"buffer {name} has no size, or a negative one")
    initial = _mask(index, (*problem.inputs, *problem.resident))
    true_sizes = tuple(problem.sizes[name] for name in names)
    reads = tuple(tuple(dict.fromkeys(index[b] for b in step.inputs)) for step in problem.steps)
    writes = tuple(tuple(dict.fromkeys(index[b] for b in step.outputs)) for step in problem.steps)
    touched_by = [0] * len(names)
    for k in range(len(problem.steps)):
        for b in {*reads[k], *writes[k]}:
            touched_by[b] |= 1 << k
    return Model(
        names=names, true_sizes=true_sizes,
        sizes=tuple(round_up(size, problem.align) for size in true_sizes),
        touched_by=tuple(touched_by), initial=initial,
        permanent=_mask(index, (*problem.outputs, *problem.resident)),
        touches=tuple(sum(1 << b for b in {*r, *w}) for r, w in zip(reads, writes, strict=True)),
        reads=reads, writes=writes, needs_before=_dependencies(problem, index, initial, reads, writes),
        scratch=tuple(step.scratch_bytes for step in problem.steps),
        overlaps=tuple(_overlaps(problem, k, index) for k in range(len(problem.steps))),
        align=problem.align,
    )


def _mask(index: Mapping[int, int], names: tuple[int, ...]) -> int:
    mask = 0
    for name in names:
        mask |= 1 << index[name]
    return mask


def _overlaps(problem: Problem, k: int, index: Mapping[int, int]) -> dict[tuple[int, int], Distances]:
    step, align = problem.steps[k], problem.align
    found: dict[tuple[int, int], Distances] = {}
    for (x, y), overlap in step.overlaps.items():
        one_way = x in step.inputs and x not in step.outputs and y in step.outputs and y not in step.inputs
        if one_way and overlap != Overlap():
            found[index[x], index[y]] = Distances(
                None if overlap.forward is None else round_up(overlap.forward, align),
                None if overlap.backward is None else round_up(overlap.backward, align),
                overlap.in_place,
            )
    return found


def _dependencies(
    problem: Problem, index: Mapping[int, int], initial: int,
    reads: tuple[tuple[int, ...], ...], writes: tuple[tuple[int, ...], ...],
) -> tuple[int, ...]:
    """Per step the steps it must follow: a read its write, a write earlier reads and writes."""
    writers = [0] * len(index)
    readers = [0] * len(index)
    before = []
    for k in range(len(reads)):
        mask = 0
        for b in reads[k]:
            if not writers[b] and not initial >> b & 1:
                name = next(n for n, i in index.items() if i == b)
                step = problem.steps[k].name
                raise ValueError(f"step {k} '{step}' reads buffer {name} before anything wrote it")
            mask |= writers[b]
        for b in writes[k]:
            mask |= writers[b] | readers[b]
        for b in reads[k]:
            readers[b] |= 1 << k
        for b in writes[k]:
            writers[b] |= 1 << k
        before.append(mask & ~(1 << k))
    return tuple(before)
