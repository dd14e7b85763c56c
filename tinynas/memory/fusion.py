"""Which runs of steps to execute row by row: a dynamic programme over contiguous segments.

Fusing steps i..j does away with the tensors between them and costs their rings instead. The need of a
segment depends only on itself and on what lives around it, so the smallest largest need over all
ways to cut the order into segments is found exactly; among those, the cheapest by `price`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from tinynas.memory.model import prepare
from tinynas.memory.need import edge_need, step_needs
from tinynas.memory.problem import Problem, Step
from tinynas.memory.rows import RowStep, run_step

Price = Callable[[int, int], float]


@dataclass(frozen=True)
class Fusion:
    """`problem` has one step per segment; `segments[k]` are the original steps that step k executes.
    `need_bytes`: the largest need in this order."""

    problem: Problem
    segments: tuple[tuple[int, ...], ...]
    need_bytes: int


def fuse(
    problem: Problem, rows: Mapping[int, int], entries: Mapping[int, RowStep], longest: int,
    price: Price = lambda first, last: last - first,
) -> Fusion:
    """Cut the order into segments of at most `longest` steps, for the least arena, then the least price.

    `rows`: buffer -> number of rows. `entries`: step -> row entry point, for steps that have one.
    `price(i, j)`: what executing steps i..j as one segment costs, 0 for a single step (default: the number
    of steps fused to another)."""
    n = len(problem.steps)
    steps: dict[tuple[int, int], Step] = {}
    needs: dict[tuple[int, int], int] = {}
    model = prepare(problem)
    alone = step_needs(model)
    for i in range(n):
        steps[i, i], needs[i, i] = problem.steps[i], alone[i]
        for j in range(i + 1, min(n, i + longest)):
            if any(k not in entries for k in (i, j)):
                break
            if _closed(problem, i, j):
                steps[i, j] = run_step(problem, range(i, j + 1), rows, entries)
                needs[i, j] = step_needs(prepare(_merged(problem, [(i, j)], steps)))[i]
    limit = max(_least(n, needs), edge_need(model))
    cuts = _cheapest(n, {cut for cut, need in needs.items() if need <= limit}, price)
    segments = tuple(tuple(range(i, j + 1)) for i, j in cuts)
    return Fusion(_merged(problem, cuts, steps), segments, limit)


def can_lower(
    problem: Problem, rows: Mapping[int, int], entries: Mapping[int, RowStep], longest: int, step: int,
) -> bool:
    """Whether some run of at most `longest` steps needs less than its step `step` alone: if not for the neediest
    step, fusing cannot lower the need of this order. Looks at few runs, where `fuse` looks at all."""
    alone = step_needs(prepare(problem))[step]
    for i in range(max(0, step - longest + 1), step + 1):
        for j in range(max(step, i + 1), min(len(problem.steps), i + longest)):
            if any(k not in entries for k in range(i, j + 1)):
                break
            if _closed(problem, i, j):
                steps = {(i, j): run_step(problem, range(i, j + 1), rows, entries)}
                if step_needs(prepare(_merged(problem, [(i, j)], steps)))[i] < alone:
                    return True
    return False


def _closed(problem: Problem, i: int, j: int) -> bool:
    """Whether all that steps i..j-1 write is read by steps up to j only, and nothing else comes out."""
    inner = {b for step in problem.steps[i:j] for b in step.outputs}
    read = {b for step in problem.steps[i:j + 1] for b in step.inputs}
    others = (*problem.steps[:i], *problem.steps[j + 1:])
    outside = {b for step in others for b in (*step.inputs, *step.outputs)}
    single = all(len(step.outputs) == 1 for step in problem.steps[i:j + 1])
    return single and inner <= read and not inner & outside.union(problem.outputs, problem.resident)


def _merged(problem: Problem, cuts: list[tuple[int, int]], steps: Mapping[tuple[int, int], Step]) -> Problem:
    """The problem with the given segments made one step each; steps outside them stay as they are."""
    merged, k = [], 0
    starts = dict(cuts)
    while k < len(problem.steps):
        end = starts.get(k, k)
        merged.append(steps[k, end] if (k, end) in steps else problem.steps[k])
        k = end + 1
    return replace(problem, steps=tuple(merged))


def _least(n: int, needs: Mapping[tuple[int, int], int]) -> int:
    """The smallest possible largest need of a cover of 0..n-1 by segments."""
    best = [0] + [0] * n
    for j in range(n):
        best[j + 1] = min(max(best[i], needs[i, j]) for i in range(j + 1) if (i, j) in needs)
    return best[n]


def _cheapest(n: int, allowed: set[tuple[int, int]], price: Price) -> list[tuple[int, int]]:
    """The cover by allowed segments with the least total price; ties go to the shorter last segment."""
    best: list[tuple[float, int]] = [(0.0, -1)]
    for j in range(n):
        options = [
            (best[i][0] + price(i, j), i) for i in range(j + 1)
            if (i, j) in allowed and best[i][0] < float("inf")
        ]
        best.append(min(options, default=(float("inf"), -1), key=lambda option: (option[0], -option[1])))
    cuts = []
    j = n
    while j:
        i = best[j][1]
        cuts.append((i, j - 1))
        j = i
    return cuts[::-1]
