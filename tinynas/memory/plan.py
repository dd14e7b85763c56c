"""The answer of the planner: who is where, and how good that is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Plan:
    """Offsets in bytes from the arena's start.

    `order`: indices into Problem.steps. `offsets`: buffer -> offset. `scratch`: step index ->
    offset. `backward`: steps that must execute in reverse. `bound_bytes`: a proved lower bound on
    the arena for these kernel paths. `proof`: "bound met", "cp-sat", or "" (not proved optimal).
    """

    order: tuple[int, ...]
    offsets: Mapping[int, int]
    scratch: Mapping[int, int]
    backward: frozenset[int]
    arena_bytes: int
    bound_bytes: int
    proof: str

    @property
    def optimal(self) -> bool:
        return bool(self.proof)
