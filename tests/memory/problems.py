"""Random memory problems for the tests: nets with the access patterns of real kernels, and wild ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

import numpy as np
from hypothesis import strategies as st

from tinynas.kernels.groups import Groups, group_distances, window_groups
from tinynas.kernels.path import Overlap
from tinynas.memory import Problem, Step
from tinynas.memory.replay import Group, Trace

Draw = Callable[[int, int], int]  # an integer between two bounds, both included
Shape = tuple[int, int, int]


def seeded(seed: int) -> Draw:
    return Random(seed).randint


@st.composite
def draws(draw: st.DrawFn) -> Draw:
    return lambda low, high: draw(st.integers(low, high))


@dataclass
class Net:
    """A problem under construction, with the trace of each step and the shape of each buffer."""

    shapes: dict[int, Shape] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    traces: list[Trace] = field(default_factory=list)

    def buffer(self, shape: Shape) -> int:
        self.shapes[len(self.shapes)] = shape
        return len(self.shapes) - 1

    def size(self, b: int) -> int:
        return int(np.prod(self.shapes[b]))

    def step(self, name: str, trace: Trace, scratch: int = 0) -> None:
        """Add a step; its overlaps are worked out from its trace."""
        inputs = tuple(dict.fromkeys(b for reads, _ in trace for b in reads))
        outputs = tuple(dict.fromkeys(b for _, writes in trace for b in writes))
        overlaps = {(x, y): self._overlap(trace, x, y) for x in inputs for y in outputs}
        self.steps.append(Step(name, inputs, outputs, scratch, overlaps))
        self.traces.append(trace)

    def _overlap(self, trace: Trace, x: int, y: int) -> Overlap:
        pairs = [(*reads[x], *writes[y]) for reads, writes in trace]
        columns = np.array(pairs, np.int64).T
        return group_distances(Groups(*columns), self.size(x), self.size(y))

    def conv(self, x: int, shape: Shape, kernel: int, stride: int, group: int, scratch: int) -> int:
        h, w, c = self.shapes[x]
        y = self.buffer(shape)
        groups = window_groups(
            h, w, c, *shape, kernel, kernel, stride, (kernel - 1) // 2, (kernel - 1) // 2, 1, group)
        trace: list[Group] = []
        for g in range(len(groups.read_start)):
            read = (int(groups.read_start[g]), int(groups.read_end[g]))
            trace.append(({x: read}, {y: (int(groups.write_start[g]), int(groups.write_end[g]))}))
        self.step("conv", trace, scratch)
        return y

    def pixelwise(self, name: str, xs: list[int], channels: list[int]) -> list[int]:
        """Pixel by pixel: read that pixel of all inputs, write it to all outputs (ADD, CONCAT, SPLIT)."""
        h, w, _ = self.shapes[xs[0]]
        ys = [self.buffer((h, w, c)) for c in channels]

        def parts(buffers: list[int], p: int) -> dict[int, tuple[int, int]]:
            return {b: (p * self.shapes[b][2], (p + 1) * self.shapes[b][2]) for b in buffers}

        self.step(name, [(parts(xs, p), parts(ys, p)) for p in range(h * w)])
        return ys


@dataclass(frozen=True)
class Case:
    problem: Problem
    traces: dict[int, Trace]


def network(draw: Draw, most_steps: int = 24) -> Case:
    """A net of convolutions, additions, concatenations and splits with exact distances."""
    net = Net()
    first = net.buffer((draw(1, 6), draw(1, 6), draw(1, 6)))
    alive = [first]
    inputs = [first]
    if draw(0, 4) == 0:
        inputs.append(net.buffer(net.shapes[first]))
        alive.append(inputs[1])
    for _ in range(draw(1, most_steps)):
        alive = alive[-5:]
        x = alive[-1] if draw(0, 2) else alive[draw(0, len(alive) - 1)]
        same = [b for b in alive if b != x and net.shapes[b] == net.shapes[x]]
        near = [
            b for b in alive
            if b != x and net.shapes[b][:2] == net.shapes[x][:2] and net.shapes[b][2] <= 8
        ]
        kind = draw(0, 6)
        if kind == 0 and same:
            alive += net.pixelwise("add", [x, same[draw(0, len(same) - 1)]], [net.shapes[x][2]])
        elif kind == 1 and near and net.shapes[x][2] <= 8:
            others = near[:draw(1, 2)]
            alive += net.pixelwise("concat", [x, *others], [sum(net.shapes[b][2] for b in (x, *others))])
        elif kind == 2 and net.shapes[x][2] > 1:
            left = draw(1, net.shapes[x][2] - 1)
            alive += net.pixelwise("split", [x], [left, net.shapes[x][2] - left])
        else:
            h, w, c = net.shapes[x]
            stride, kernel = draw(1, 2), draw(1, 3)
            shape = (-(-h // stride), -(-w // stride), c if draw(0, 1) else draw(1, 8))
            alive.append(net.conv(x, shape, kernel, stride, draw(1, 4), draw(0, 1) * draw(1, 60)))
    sizes = {b: net.size(b) for b in net.shapes}
    return Case(_finish(draw, net.steps, sizes, inputs), dict(enumerate(net.traces)))


def wild(draw: Draw, most_steps: int = 24) -> Problem:
    """Sizes, distances, forks and joins as they come; no kernel behaves like this."""
    sizes = {0: draw(0, 200)}
    inputs, alive = [0], [0]
    steps = []
    if draw(0, 3) == 0:
        sizes[1] = draw(1, 200)
        inputs.append(1)
        alive.append(1)
    for k in range(draw(1, most_steps)):
        alive = alive[-6:]
        reads = [alive[-1] if draw(0, 2) else alive[draw(0, len(alive) - 1)] for _ in range(draw(1, 3))]
        writes = []
        for _ in range(max(1, draw(-2, 3))):
            writes.append(len(sizes))
            sizes[writes[-1]] = draw(1, 200)
        overlaps = {
            (x, y): Overlap(*(draw(-40, 60) if draw(0, 3) else None for _ in "fb"), in_place=not draw(0, 5))
            for x in reads for y in writes if draw(0, 2)
        }
        steps.append(Step(f"step{k}", tuple(reads), tuple(writes), max(0, draw(-60, 60)), overlaps))
        alive += writes
    return _finish(draw, steps, sizes, inputs)


def _finish(draw: Draw, steps: list[Step], sizes: dict[int, int], inputs: list[int]) -> Problem:
    read = {b for step in steps for b in step.inputs}
    last = steps[-1].outputs[0]
    outputs = [b for b in sizes if b not in read and b not in inputs and (b == last or draw(0, 2))]
    if draw(0, 9) == 0:
        outputs.append(inputs[0])  # an input handed back untouched
    resident = tuple(b for b in inputs if draw(0, 9) == 0)
    align = (1, 4, 4, 16)[draw(0, 3)]
    return Problem(tuple(steps), sizes, tuple(inputs), tuple(dict.fromkeys(outputs)), resident, align)


def chain(*links: tuple[int, int, int, Overlap | None]) -> Problem:
    """A chain without alignment; a link is (input bytes, output bytes, scratch bytes, overlap)."""
    sizes = {0: links[0][0]} | {k + 1: link[1] for k, link in enumerate(links)}
    steps = tuple(
        Step(f"link{k}", (k,), (k + 1,), scratch, {} if overlap is None else {(k, k + 1): overlap})
        for k, (_, _, scratch, overlap) in enumerate(links)
    )
    return Problem(steps, sizes, (0,), (len(links),), (), 1)
