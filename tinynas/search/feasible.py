"""Proposals that keep the budgets: every candidate is costed by analysis, and only those that fit go on.

When a handful of random samples does not hit the budgets, the nearest of them is edited until it does: edits
that bring it closer are kept. So tight budgets cost little time, and yield candidates that use them fully.
Where even that finds nothing, every neighbour is tried, step by step, from the nearest candidate known and
from the smallest; if that ends short of the budgets, the error says how close the nearest came.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import numpy as np

from tinynas.compile import Budgets
from tinynas.errors import BudgetError, ModelError
from tinynas.search.cost import Cost, CostOf, distance, overruns_in_words
from tinynas.space import Arch

SAMPLES = 40  # random candidates tried before one is edited into the budgets
EDITS = 80  # tried on it
MUTATIONS = 100  # tried on a parent
STEPS = 60  # of the exhaustive walk
NAMED = 3  # nearest candidates an error tells


class Space(Protocol):
    """What a search needs of a space (tinynas.space.KwsConv is one)."""

    @property
    def name(self) -> str: ...
    def random_arch(self, rng: np.random.Generator) -> Arch: ...
    def mutate(self, arch: Arch, rng: np.random.Generator) -> Arch: ...
    def neighbours(self, arch: Arch) -> Iterator[Arch]: ...
    def smallest(self) -> Arch: ...


class Feasible:
    """Draws candidates that keep the budgets. `costed` counts the distinct ones that were costed."""

    def __init__(self, space: Space, cost_of: CostOf, budgets: Budgets) -> None:
        self.space, self.budgets = space, budgets
        self._cost_of = cost_of
        self._costs: dict[str, Cost | None] = {}
        self._misses: dict[str, tuple[float, Arch]] = {}
        self._refuge: Arch | None = None  # where the walk found something that fits

    @property
    def costed(self) -> int:
        return len(self._costs)

    def cost(self, arch: Arch) -> Cost | None:
        """Its cost, remembered; None when the board cannot run it."""
        if arch.id not in self._costs:
            try:
                cost = self._cost_of(arch)
            except ModelError:
                self._costs[arch.id] = None
                return None
            self._costs[arch.id] = cost
            miss = distance(cost, self.budgets)
            if miss > 0:
                self._misses[arch.id] = (miss, arch)
        return self._costs[arch.id]

    def fits(self, arch: Arch) -> bool:
        cost = self.cost(arch)
        return cost is not None and distance(cost, self.budgets) == 0

    def random(self, rng: np.random.Generator) -> Arch:
        """A random candidate within the budgets. BudgetError when none can be found."""
        samples = []
        for _ in range(SAMPLES):
            samples.append(self.space.random_arch(rng))
            if self.fits(samples[-1]):
                return samples[-1]
        arch = self._edit_into(min(samples, key=self._miss), rng)
        if self.fits(arch):
            return arch
        if self._refuge is None:
            self._refuge = self._walk()
        arch = self._refuge
        for _ in range(int(rng.integers(1, 9))):
            arch = self.mutate(arch, rng)
        return arch

    def mutate(self, arch: Arch, rng: np.random.Generator) -> Arch:
        """One edit of `arch` that keeps the budgets; `arch` itself when no tried edit does."""
        for _ in range(MUTATIONS):
            changed = self.space.mutate(arch, rng)
            if self.fits(changed):
                return changed
        return arch

    def largest(self, draws: int, rng: np.random.Generator) -> Arch:
        """Of `draws` random candidates the one with the most multiply-accumulates: within one family and one
        budget, more of them mean more accuracy far more often than not (Spearman 0.8)."""
        def macs(arch: Arch) -> int:
            cost = self.cost(arch)
            return cost.macs if cost else 0

        return max((self.random(rng) for _ in range(draws)), key=macs)

    def _edit_into(self, arch: Arch, rng: np.random.Generator) -> Arch:
        """`arch` after random edits, each kept when it misses the budgets by less."""
        for _ in range(EDITS):
            changed = self.space.mutate(arch, rng)
            if self._miss(changed) < self._miss(arch):
                arch = changed
                if self.fits(arch):
                    break
        return arch

    def _walk(self) -> Arch:
        """Downhill from the nearest miss, and from the smallest net. BudgetError when both end short."""
        starts = [self.space.smallest()]
        if self._misses:
            starts.insert(0, min(self._misses.values(), key=lambda m: m[0])[1])
        for arch in starts:
            for _ in range(STEPS):
                if self.fits(arch):
                    return arch
                near = min(self.space.neighbours(arch), key=self._miss, default=arch)
                if self._miss(near) >= self._miss(arch):
                    break
                arch = near
        raise BudgetError(self._nothing_fits())

    def _miss(self, arch: Arch) -> float:
        cost = self.cost(arch)
        return float("inf") if cost is None else distance(cost, self.budgets)

    def _nothing_fits(self) -> str:
        nearest = sorted(self._misses.values(), key=lambda m: m[0])[:NAMED]
        if not nearest:
            return f"no candidate of space '{self.space.name}' has a kernel path for all its operators"
        told = []
        for _, arch in nearest:
            cost = self.cost(arch)
            assert cost is not None
            told.append(f"{arch.id} misses {overruns_in_words(cost, self.budgets)}")
        return (f"none of {self.costed} candidates of space '{self.space.name}' keeps the budgets; nearest: "
                f"{'; '.join(told)}")
