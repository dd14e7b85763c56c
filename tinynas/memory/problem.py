"""The memory problem, free of operators and prices: buffers, steps, and what may overlap."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tinynas.kernels.path import Overlap


@dataclass(frozen=True)
class Step:
    """One execution step. Buffers are named by the caller's integers (tensor indices).

    `overlaps` maps (input, output) to how they may overlap if the input dies here."""

    name: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    scratch_bytes: int = 0
    overlaps: Mapping[tuple[int, int], Overlap] = field(default_factory=dict)


@dataclass(frozen=True)
class Problem:
    """Steps in a valid order; the planner may reorder them within data dependencies.

    `sizes`: bytes per buffer. `resident`: buffers that live throughout (state, a kept input).
    Graph inputs live from the start; graph outputs to the end. Offsets are multiples of `align`.
    """

    steps: tuple[Step, ...]
    sizes: Mapping[int, int]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    resident: tuple[int, ...] = ()
    align: int = 4
