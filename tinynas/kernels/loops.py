"""Turning shapes into few long loops: neighbouring dimensions that step alike become one.

C kernels loop over four or five dimensions at most; the fewer and longer, the less they spend on it."""

from __future__ import annotations

from collections.abc import Sequence


def row_major(shape: Sequence[int]) -> tuple[int, ...]:
    """Steps, in elements, of a dense tensor."""
    steps, step = [], 1
    for size in reversed(shape):
        steps.append(step)
        step *= size
    return tuple(reversed(steps))


def merge(
    dims: Sequence[int], steps: Sequence[Sequence[int]]
) -> tuple[tuple[int, ...], tuple[tuple[int, ...], ...]]:
    """The same iteration with as few dimensions as possible, at least one.

    `steps`: one sequence per operand, a step per dimension. Dimensions of size 1 vanish; an outer
    dimension joins the next inner one when, for every operand, its step is the inner extent."""
    kept: list[tuple[int, tuple[int, ...]]] = []
    for k, size in enumerate(dims):
        here = tuple(s[k] for s in steps)
        if size == 1:
            continue
        if kept:
            outer, before = kept[-1]
            if all(b == h * size for b, h in zip(before, here, strict=True)):
                kept[-1] = (outer * size, here)
                continue
        kept.append((size, here))
    if not kept:
        kept = [(1, tuple(0 for _ in steps))]
    sizes = tuple(size for size, _ in kept)
    return sizes, tuple(tuple(here[n] for _, here in kept) for n in range(len(steps)))


def leading(count: int, values: Sequence[int], fill: int) -> tuple[int, ...]:
    """`values` with `fill` in front, as `count` numbers."""
    missing = count - len(values)
    if missing < 0:
        raise ValueError(f"{len(values)} dimensions do not fit in {count} loops")
    return (fill,) * missing + tuple(values)


def named(prefix: str, values: Sequence[int]) -> dict[str, int]:
    """{prefix0: ..., prefix1: ...}"""
    return {f"{prefix}{k}": int(v) for k, v in enumerate(values)}
