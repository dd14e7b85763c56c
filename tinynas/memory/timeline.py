"""When each buffer lives under a given order, and which pairs may overlap at which moment.

Moments: -1 before the first step, k while the k-th step of the order runs, n after the last.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from tinynas.memory.model import Distances, Model, bits


@dataclass(frozen=True)
class Timeline:
    """`birth[b]`..`death[b]`, both included, in moments. `overlaps[k]`: usable at moment k."""

    model: Model
    order: tuple[int, ...]
    birth: tuple[int, ...]
    death: tuple[int, ...]
    overlaps: tuple[Mapping[tuple[int, int], Distances], ...]

    @property
    def moments(self) -> int:
        """The number of steps."""
        return len(self.order)

    def scratch(self, moment: int) -> int:
        """Scratch bytes of the step at a moment; none before the first and after the last."""
        return self.model.scratch[self.order[moment]] if 0 <= moment < self.moments else 0

    @cached_property
    def births(self) -> dict[int, list[int]]:
        """Moment -> the buffers born then, largest first."""
        found: dict[int, list[int]] = {}
        for b, t in enumerate(self.birth):
            found.setdefault(t, []).append(b)
        for born in found.values():
            born.sort(key=lambda b: (-self.model.sizes[b], b))
        return found

    def live(self, moment: int) -> list[int]:
        """The buffers that hold something at a moment."""
        return [b for b in range(len(self.birth)) if self.birth[b] <= moment <= self.death[b]]


def timeline(model: Model, order: tuple[int, ...]) -> Timeline:
    """Lifetimes under `order`, a permutation of the steps that keeps their dependencies."""
    when = {step: k for k, step in enumerate(order)}
    birth, death = [], []
    for b, mask in enumerate(model.touched_by):
        touched = [when[k] for k in bits(mask)]
        birth.append(-1 if model.initial >> b & 1 else min(touched, default=len(order)))
        death.append(len(order) if model.permanent >> b & 1 else max(touched, default=-1))
    overlaps = tuple(
        {(x, y): d for (x, y), d in model.overlaps[step].items() if death[x] == k and birth[y] == k}
        for k, step in enumerate(order)
    )
    return Timeline(model, order, tuple(birth), tuple(death), overlaps)
