"""How the next candidate is chosen: ask for one, tell how good it was.

A strategy draws only from what it was told and from a generator made of the seed and the proposal's number,
so a run that was interrupted, or is replayed, proposes the same candidates again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from tinynas.errors import UsageError
from tinynas.search.feasible import Feasible
from tinynas.space import Arch


class Strategy(Protocol):
    """ask(n) proposes candidate n; tell(arch, score) reports one (None: its training failed)."""

    def ask(self, index: int) -> Arch: ...
    def tell(self, arch: Arch, score: float | None) -> None: ...


@dataclass
class RandomSearch:
    """Independent feasible samples, each the largest of `pool` draws: the baseline every other must beat."""

    candidates: Feasible
    seed: int
    pool: int = 4
    proposed: set[str] = field(default_factory=set)

    def ask(self, index: int) -> Arch:
        return _fresh(self, np.random.default_rng((self.seed, index)))

    def tell(self, arch: Arch, score: float | None) -> None:
        pass

    def draw(self, rng: np.random.Generator) -> Arch:
        return self.candidates.largest(self.pool, rng)


@dataclass
class AgingEvolution:
    """Regularized evolution (Real et al. 2019): the best of a few random members of a population has a child,
    a feasible mutation; the oldest member dies, however good. So lucky trainings do not rule for long."""

    candidates: Feasible
    seed: int
    pool: int = 4
    population: int = 8
    tournament: int = 3
    members: deque[tuple[float, Arch]] = field(default_factory=deque)
    proposed: set[str] = field(default_factory=set)

    def ask(self, index: int) -> Arch:
        rng = np.random.default_rng((self.seed, index))
        return _fresh(self, rng, random=index < self.population or not self.members)

    def tell(self, arch: Arch, score: float | None) -> None:
        if score is None:
            return
        self.members.append((score, arch))
        if len(self.members) > self.population:
            self.members.popleft()

    def draw(self, rng: np.random.Generator, random: bool = False) -> Arch:
        if random:
            return self.candidates.largest(self.pool, rng)
        picks = rng.choice(len(self.members), min(self.tournament, len(self.members)), replace=False)
        parent = max((self.members[int(i)] for i in picks), key=lambda m: m[0])[1]
        return self.candidates.mutate(parent, rng)


Maker = Callable[[Feasible, int, int], Strategy]
STRATEGIES: dict[str, Maker] = {"random": RandomSearch, "evolution": AgingEvolution}


def make_strategy(name: str, candidates: Feasible, seed: int, pool: int) -> Strategy:
    """UsageError for a name that is not in STRATEGIES."""
    if name not in STRATEGIES:
        raise UsageError(f"unknown strategy '{name}', known: {', '.join(STRATEGIES)}")
    return STRATEGIES[name](candidates, seed, pool)


def _fresh(strategy: RandomSearch | AgingEvolution, rng: np.random.Generator, **how: bool) -> Arch:
    """A draw that was not proposed before; in a space that is nearly used up, a repeated one."""
    arch = strategy.draw(rng, **how)
    for _ in range(50):
        if arch.id not in strategy.proposed:
            break
        arch = strategy.draw(rng, **how)
    strategy.proposed.add(arch.id)
    return arch
