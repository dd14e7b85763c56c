"""Runs executed row by row with rings no larger than promised and the output over the input as promised
give the same bytes as whole tensors do."""

from __future__ import annotations

from dataclasses import dataclass
from zlib import crc32

from hypothesis import assume, given, settings

from tests.memory.problems import Draw, draws
from tinynas.kernels.path import Overlap
from tinynas.memory import Problem, Step
from tinynas.memory.rows import RowStep, RowWindow, Run, simulate

CHUNK = 2


@dataclass(frozen=True)
class Net:
    problem: Problem
    rows: dict[int, int]
    entries: dict[int, RowStep]

    @property
    def run(self) -> Run:
        return simulate(self.problem, range(len(self.problem.steps)), self.rows, self.entries)

    def width(self, b: int) -> int:
        return self.problem.sizes[b] // self.rows[b]


def pipeline(draw: Draw) -> Net:
    """Windows one after the other; additions with any earlier tensor of the same shape; perhaps a pool."""
    rows, sizes = {0: draw(2, 9)}, {}
    sizes[0] = rows[0] * draw(1, 5)
    steps: list[Step] = []
    entries: dict[int, RowStep] = {}
    for k in range(draw(1, 5)):
        x, y = k, k + 1
        twins = [b for b in range(k) if rows[b] == rows[x] and sizes[b] == sizes[x]]
        if twins and draw(0, 2) == 0:
            twin = twins[draw(0, len(twins) - 1)]
            rows[y], sizes[y] = rows[x], sizes[x]
            window = RowWindow(chunk_bytes=CHUNK if draw(0, 1) else 0)
            both = {(b, y): Overlap(0, 0) for b in (x, twin)} if draw(0, 1) else {}
            entries[k] = RowStep({b: window for b in (x, twin)})
            steps.append(Step(f"add{k}", (x, twin), (y,), 0, both))
            continue
        if draw(0, 6) == 0:
            window, rows[y] = RowWindow(rows[x], 1, 0, accumulates=True), 1
        else:
            kernel, stride, dilation = draw(1, 4), draw(1, 2), draw(1, 2)
            same = draw(0, 1)
            rows[y] = rows[x] if same else draw(1, rows[x])
            stride = 1 if same else stride
            window = RowWindow(kernel, stride, (kernel - 1) * dilation // 2, dilation)
        sizes[y] = rows[y] * (sizes[x] // rows[x] if draw(0, 1) else draw(1, 5))
        entries[k] = RowStep({x: window})
        steps.append(Step(f"window{k}", (x,), (y,)))
    return Net(Problem(tuple(steps), sizes, (0,), (len(steps),), (), 1), rows, entries)


def value(k: int, row: int, c: int, seen: bytes) -> int:
    return crc32(bytes((k, row, c)) + seen) & 255


def elementwise(net: Net, k: int) -> bool:
    return net.problem.steps[k].name.startswith("add")


def wanted(net: Net, k: int, b: int, row: int) -> list[int]:
    """The rows of b that row `row` of step k needs, from the definition of a window."""
    window = net.entries[k].windows[b]
    taps = [row * window.stride - window.pad_top + t * window.dilation for t in range(window.kernel)]
    return [r for r in taps if 0 <= r < net.rows[b]]


def whole(net: Net, data: bytes) -> bytes:
    """The same computation on whole tensors."""
    tensors = {0: data}
    for k, step in enumerate(net.problem.steps):
        y = step.outputs[0]
        out = bytearray()
        for row in range(net.rows[y]):
            parts = [
                tensors[b][r * net.width(b):(r + 1) * net.width(b)]
                for b in step.inputs for r in wanted(net, k, b, row)
            ]
            for c in range(net.width(y)):
                seen = bytes(p[c] for p in parts) if elementwise(net, k) else b"".join(parts)
                out.append(value(k, row, c, seen))
        tensors[y] = bytes(out)
    return tensors[len(net.problem.steps)]


class Machine:
    """Rings and one arena holding input and output; every byte is read where it is said to lie."""

    def __init__(self, net: Net, run: Run, data: bytes, output_at: int, rings: dict[int, int]) -> None:
        self.net, self.run = net, run
        self.last = len(net.problem.steps) - 1
        room = net.problem.sizes[0] + net.problem.sizes[self.last + 1]
        self.arena = bytearray(3 * room)
        self.input_at, self.output_at = room, room + output_at
        self.arena[room:room + len(data)] = data
        self.rings = {b: bytearray(size) for b, size in rings.items()}
        self.taken: dict[int, bytes] = {}
        self.made = dict.fromkeys(range(self.last + 1), 0)

    def output(self) -> bytes:
        for _ in range(self.net.rows[self.last + 1]):
            self.produce(self.last)
        return bytes(self.arena[self.output_at:self.output_at + self.net.problem.sizes[self.last + 1]])

    def cell(self, b: int, row: int, c: int) -> tuple[bytearray, int]:
        at = row * self.net.width(b) + c
        if b in self.rings:
            return self.rings[b], at % len(self.rings[b])
        return self.arena, at + (self.input_at if b == 0 else self.output_at)

    def read(self, b: int, row: int, first: int, end: int) -> bytes:
        return bytes(memory[at] for memory, at in (self.cell(b, row, c) for c in range(first, end)))

    def follows(self, k: int) -> list[int]:
        """Inputs of step k that are produced along with it, chunk by chunk."""
        return list(self.run.followed[k])

    def produce(self, k: int) -> None:
        self.prepare(k)
        chunk = CHUNK if self.follows(k) else self.net.width(k + 1)
        for first in range(0, self.net.width(k + 1), chunk):
            self.write(k, first, min(first + chunk, self.net.width(k + 1)))
        self.finish(k)

    def prepare(self, k: int) -> None:
        """All rows that row `made[k]` needs, but those that come along; an accumulator takes them in."""
        row, self.taken[k] = self.made[k], b""
        for b in self.net.problem.steps[k].inputs:
            if b in self.follows(k):
                continue
            for r in wanted(self.net, k, b, row):
                while b and self.made[b - 1] <= r:
                    self.produce(b - 1)
                if self.net.entries[k].windows[b].accumulates:
                    self.taken[k] += self.read(b, r, 0, self.net.width(b))
        for b in self.follows(k):
            self.prepare(b - 1)

    def write(self, k: int, first: int, end: int) -> None:
        row, step = self.made[k], self.net.problem.steps[k]
        for b in self.follows(k):
            self.write(b - 1, first, end)
        rows = [(b, r) for b in step.inputs for r in wanted(self.net, k, b, row)]
        if elementwise(self.net, k):
            seen = [bytes(self.read(b, r, c, c + 1)[0] for b, r in rows) for c in range(first, end)]
        elif any(w.accumulates for w in self.net.entries[k].windows.values()):
            seen = [self.taken[k]] * (end - first)
        else:
            seen = [b"".join(self.read(b, r, 0, self.net.width(b)) for b, r in rows)] * (end - first)
        for c in range(first, end):
            if elementwise(self.net, k):  # read again: nothing but this element may have been needed
                seen[c - first] = bytes(self.read(b, r, c, c + 1)[0] for b, r in rows)
            memory, at = self.cell(k + 1, row, c)
            memory[at] = value(k, row, c, seen[c - first])

    def finish(self, k: int) -> None:
        for b in self.follows(k):
            self.finish(b - 1)
        self.made[k] += 1


def outcome(net: Net, output_at: int, rings: dict[int, int], seed: int = 1) -> bool:
    rings = {b: size or net.width(b) for b, size in rings.items()}  # rows that pass through scratch lie there
    data = bytes(crc32(bytes((seed, i))) & 255 for i in range(net.problem.sizes[0]))
    return Machine(net, net.run, data, output_at, rings).output() == whole(net, data)


@settings(max_examples=200)
@given(draws())
def test_rings_and_distance_are_enough(draw: Draw) -> None:
    net = pipeline(draw)
    forward = net.run.overlaps[0, len(net.problem.steps)].forward if net.run.overlaps else 0
    assert forward is not None
    assert outcome(net, -forward, dict(net.run.ring_bytes))


@settings(max_examples=100)
@given(draws())
def test_rings_cannot_be_a_row_smaller(draw: Draw) -> None:
    """Where a ring holds several rows, one less loses a row that is still needed. (Dilated windows and
    strides wider than the kernel skip rows, so that a ring of consecutive ones may by luck do with less.)"""
    net = pipeline(draw)
    windows = [w for entry in net.entries.values() for w in entry.windows.values()]
    assume(all(w.dilation == 1 and w.stride <= w.kernel for w in windows))
    last = len(net.problem.steps)
    apart = -(net.problem.sizes[0] + net.problem.sizes[last])
    for b, size in net.run.ring_bytes.items():
        if size >= 2 * net.width(b):
            smaller = {**net.run.ring_bytes, b: size - net.width(b)}
            assert not outcome(net, apart, smaller)


def test_distance_of_two_windows_is_exact() -> None:
    """Two 3-row windows: row r of the output is written after row r + 2 was read and before r + 1's window
    is read again, from row r on; the first window still needs row r + 1, the output reached row r + 1."""
    steps = (Step("a", (0,), (1,)), Step("b", (1,), (2,)))
    entries = {0: RowStep({0: RowWindow(3, 1, 1)}), 1: RowStep({1: RowWindow(3, 1, 1)})}
    net = Net(Problem(steps, {0: 24, 1: 24, 2: 24}, (0,), (2,), (), 1), dict.fromkeys(range(3), 8), entries)
    assert net.run.ring_bytes == {1: 9}
    forward = net.run.overlaps[0, 2].forward
    assert forward is not None
    assert outcome(net, -forward, {1: 9})
    assert not outcome(net, -forward + 1, {1: 9})
