"""A run of steps executed row by row: how many rows of each tensor between them must be kept, and how far
the run's output may overlap its inputs.

The last step is asked for its rows in order; every step produces a row as soon as one is asked of it and no
earlier. That fixes the order of all reads and writes. A tensor inside the run never exists as a whole: it
is a ring of rows, from the oldest that some consumer still needs to the newest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tinynas.kernels.path import Overlap
from tinynas.memory.model import round_up
from tinynas.memory.problem import Problem, Step

_FAR = 1 << 60


@dataclass(frozen=True)
class RowWindow:
    """Which rows of an input one output row needs.

    `accumulates`: the step takes them one at a time and forgets each (a pool that sums), so that they need
    not be there together. `chunk_bytes`: the step follows its producer along the row (an addition), so that
    this much of the row is enough at a time; only with kernel and stride 1. 0: it needs whole rows. `in_place`: it
    takes one row for one and may write its own over it, so that the row can be made where its own will lie."""

    kernel: int = 1
    stride: int = 1
    pad_top: int = 0
    dilation: int = 1
    accumulates: bool = False
    chunk_bytes: int = 0
    in_place: bool = False

    def first(self, row: int) -> int:
        """The first input row within the tensor that output row `row` needs."""
        top = row * self.stride - self.pad_top
        return top if top >= 0 else top + -(top // self.dilation) * self.dilation

    def last(self, row: int, in_rows: int) -> int:
        """The last input row needed; below `first` when the window lies in the padding."""
        top = row * self.stride - self.pad_top
        taps = min(self.kernel - 1, (in_rows - 1 - top) // self.dilation)
        return top + taps * self.dilation


@dataclass(frozen=True)
class RowStep:
    """A kernel path's row entry point: what it reads per output row, its scratch, and what it holds from row
    to row (sums)."""

    windows: Mapping[int, RowWindow]
    scratch_bytes: int = 0
    held_bytes: int = 0


@dataclass(frozen=True)
class Run:
    """A simulated run. `ring_bytes`: what is kept of each inner buffer; 0 where its rows are made in the place
    of their reader's. `overlaps`: of the run's inputs with its output, forward only. `followed`: step ->
    inputs it follows along the row, chunk by chunk. `passing`: buffers whose rows are read as soon as they are
    made, before anything else is executed: they lie in the steps' scratch, there, and have no ring."""

    ring_bytes: Mapping[int, int]
    overlaps: Mapping[tuple[int, int], Overlap]
    followed: Mapping[int, tuple[int, ...]]
    passing: Mapping[int, int] = field(default_factory=dict)


def simulate(
    problem: Problem, steps: Sequence[int], rows: Mapping[int, int], entries: Mapping[int, RowStep],
) -> Run:
    """Execute `steps` (indices, in order; the last one's output leaves the run) by rows.

    `rows`: rows of every buffer. `entries`: step index -> row entry point. Following an input saves most
    of a row of it, but its producer's inputs must wait for the other inputs; so steps follow all the
    inputs they could, or only their last. Rows made early in the run's output save a ring, but are in the way
    of its input. Whichever keeps fewest bytes."""
    runs = []
    all_and_last = [_followed(problem, steps, entries, last_only) for last_only in (True, False)]
    for followed in all_and_last if all_and_last[0] != all_and_last[1] else all_and_last[:1]:
        for early in (True, False):
            pipeline = _Pipeline(problem, steps, rows, entries, followed, early)
            for _ in range(rows[problem.steps[steps[-1]].outputs[0]]):
                pipeline.produce(steps[-1])
            runs.append(pipeline.run())
            if not pipeline.early:
                break
    return min(runs, key=lambda run: _bytes(run, problem, steps, rows, entries))


def _bytes(
    run: Run, problem: Problem, steps: Sequence[int], rows: Mapping[int, int], entries: Mapping[int, RowStep],
) -> int:
    """Scratch, and the longest span of the output and an input that may die here."""
    output = problem.sizes[problem.steps[steps[-1]].outputs[0]]
    spans = [problem.sizes[x] + max(o.forward or 0, 0) for (x, _), o in run.overlaps.items()]
    return _scratch_bytes(run, problem, steps, rows, entries) + max([output, *spans])


def _scratch_bytes(
    run: Run, problem: Problem, steps: Sequence[int], rows: Mapping[int, int], entries: Mapping[int, RowStep],
) -> int:
    """Rings, what is held, and the largest scratch of a step, with the rows that pass through it."""
    rings = sum(round_up(size, problem.align) for size in run.ring_bytes.values())
    held = sum(round_up(entries[k].held_bytes, problem.align) for k in steps)
    passing = (start + problem.sizes[b] // rows[b] for b, start in run.passing.items())
    return rings + held + max([*(entries[k].scratch_bytes for k in steps), *passing])


def _followed(
    problem: Problem, steps: Sequence[int], entries: Mapping[int, RowStep], last_only: bool,
) -> dict[int, tuple[int, ...]]:
    """Per step the inputs that it may take chunk by chunk: made within the run, read by nobody else."""
    inner = {problem.steps[k].outputs[0] for k in steps[:-1]}
    read = [b for k in steps for b in entries[k].windows]
    found = {}
    for k in steps:
        windows = entries[k].windows
        able = [b for b in windows if windows[b].chunk_bytes and b in inner and read.count(b) == 1]
        found[k] = tuple(able[-1:] if last_only else able)
    return found


def run_step(
    problem: Problem, steps: Sequence[int], rows: Mapping[int, int], entries: Mapping[int, RowStep],
) -> Step:
    """The run as one step of a memory problem: its rings and the largest scratch of its steps as scratch."""
    run = simulate(problem, steps, rows, entries)
    inner = {problem.steps[k].outputs[0] for k in steps[:-1]}
    return Step(
        name="+".join(problem.steps[k].name for k in steps),
        inputs=tuple(dict.fromkeys(b for k in steps for b in problem.steps[k].inputs if b not in inner)),
        outputs=problem.steps[steps[-1]].outputs,
        scratch_bytes=_scratch_bytes(run, problem, steps, rows, entries),
        overlaps=run.overlaps,
    )


class _Pipeline:
    def __init__(
        self, problem: Problem, steps: Sequence[int], rows: Mapping[int, int], entries: Mapping[int, RowStep],
        followed: Mapping[int, tuple[int, ...]], early: bool = True,
    ) -> None:
        self.problem, self.rows, self.entries, self.last = problem, rows, entries, steps[-1]
        self.followed = followed
        self.made = {k: 0 for k in steps}  # rows produced so far
        self.taken: dict[tuple[int, int], int] = {}  # (step, input) of an accumulator -> rows taken
        self.maker = {problem.steps[k].outputs[0]: k for k in steps[:-1]}
        self.readers = {b: [k for k in steps if b in entries[k].windows] for b in self.maker}
        self.kept = {b: 0 for b in self.maker}
        self.reads: dict[int, list[tuple[int, int]]] = {}  # outer input -> (time, first byte)
        self.latest: dict[int, list[tuple[int, int]]] = {k: [] for k in steps}  # reads of its latest row
        self.own_reads: dict[int, list[tuple[int, int]]] = {}  # by the last step: (its row, first byte)
        self.writes: list[tuple[int, int]] = []  # (time, end byte), one per row
        self.early: list[tuple[int, int]] = []  # the same, of rows made in the place of the last step's
        self.over = self._made_in_place(early)
        self.sequence: list[int] = []  # steps, in the order of the rows they make
        self.time = 0

    def _made_in_place(self, early: bool) -> dict[int, int]:
        """Step -> its one reader, where its rows are made in the place of the reader's; one step a reader.
        In the run's output only if `early`, and not while its last step still reads an outer input: rows made
        early would be in its way."""
        over: dict[int, int] = {}
        outer = not early or any(b not in self.maker for b in self.entries[self.last].windows)
        for reader, b in [(k, b) for k in self.made for b in self.entries[k].windows]:
            if b not in self.maker or len(self.readers[b]) > 1 or b in self.followed[reader]:
                continue
            if reader in over.values():
                continue
            fits = self._row_bytes(b) <= self._row_bytes(self.problem.steps[reader].outputs[0])
            if fits and self.entries[reader].windows[b].in_place and not (reader == self.last and outer):
                over[self.maker[b]] = reader
        return over

    def _place(self, k: int) -> int:
        """The step in whose output the rows of step k are made."""
        while k in self.over:
            k = self.over[k]
        return k

    def produce(self, k: int) -> None:
        """One more row of step k, after whatever it needs."""
        self._prepare(k)
        self._make(k)

    def _prepare(self, k: int) -> None:
        """Have everything there that the next row of step k, and of the steps it follows, reads."""
        row = self.made[k]
        self.latest[k] = []
        for b, window in self.entries[k].windows.items():
            if b in self.followed[k]:
                continue
            for r in range(max(0, window.first(row)), window.last(row, self.rows[b]) + 1):
                while b in self.maker and self.made[self.maker[b]] <= r:
                    self.produce(self.maker[b])
                if window.accumulates:
                    self._read(k, b, r)
                    self.taken[k, b] = r + 1
        for b in self.followed[k]:
            self._prepare(self.maker[b])

    def _make(self, k: int) -> None:
        row = self.made[k]
        for b, window in self.entries[k].windows.items():
            if b in self.followed[k]:
                self._make(self.maker[b])
            if not window.accumulates and window.first(row) <= window.last(row, self.rows[b]):
                self._read(k, b, window.first(row))
        self._write(k, row)

    def _read(self, k: int, b: int, r: int) -> None:
        self.time += 1
        if b in self.maker:
            return
        if k == self.last:
            self.own_reads.setdefault(b, []).append((self.made[k], r * self._row_bytes(b)))
        else:
            self.reads.setdefault(b, []).append((self.time, r * self._row_bytes(b)))
            self.latest[k].append((b, r * self._row_bytes(b)))

    def _write(self, k: int, row: int) -> None:
        self.time += 1
        self.sequence.append(k)
        b = self.problem.steps[k].outputs[0]
        self.made[k] = row + 1
        if k == self.last:
            self.writes.append((self.time, (row + 1) * self._row_bytes(b)))
            for other in self._alongside(k):  # reads the rest of its row after the first chunk is written
                for x, start in self.latest[other]:
                    self.reads[x].append((self.time, start))
        elif k in self.over:
            place = self._place(k)
            if place == self.last:
                self.early.append((self.time, (row + 1) * self._row_bytes(self.problem.steps[place].outputs[0])))
                for x, start in self.latest[k]:  # it still reads while it writes there
                    self.reads[x].append((self.time, start))
        else:
            self.kept[b] = max(self.kept[b], row + 1 - min(self._oldest(c, b) for c in self.readers[b]))

    def _oldest(self, c: int, b: int) -> int:
        """The first row of b that step c has yet to see."""
        window = self.entries[c].windows[b]
        if window.accumulates:
            return self.taken.get((c, b), 0)
        # a dilated window near the top edge may skip a row that the next ones need
        end = min(self.made[c] + window.dilation, self.rows[self.problem.steps[c].outputs[0]])
        return min((window.first(row) for row in range(self.made[c], end)), default=_FAR)

    def _alongside(self, k: int) -> list[int]:
        """The steps that step k follows along the row, directly or through others."""
        found = []
        for b in self.followed[k]:
            found += [self.maker[b], *self._alongside(self.maker[b])]
        return found

    def ring_bytes(self) -> dict[int, int]:
        """Per inner buffer the bytes kept: rows, or a chunk when its one reader follows along the row."""
        found = {}
        for b, rows in self.kept.items():
            reader = self.readers[b][0]
            whole = rows * self._row_bytes(b)
            followed = b in self.followed[reader]
            found[b] = min(whole, self.entries[reader].windows[b].chunk_bytes) if followed else whole
        return found

    def run(self) -> Run:
        passing = self.passing()
        rings = {b: 0 if b in passing else size for b, size in self.ring_bytes().items()}
        return Run(rings, self.overlaps(), self.followed, passing)

    def passing(self) -> dict[int, int]:
        """Buffers that pass through scratch, with their place there: behind what their maker and reader need."""
        found: dict[int, int] = {}
        for k, step in ((k, self.problem.steps[k]) for k in self.made if k != self.last):
            b = step.outputs[0]
            reader = self.readers[b][0]
            after = {self.sequence[n + 1] for n, one in enumerate(self.sequence[:-1]) if one == k}
            alone = self.kept[b] == 1 and len(self.readers[b]) == 1 and b not in self.followed[reader]
            taken = k in self.over or k in self.over.values() or any(t in found for t in step.inputs)
            if alone and after == {reader} and not taken:
                need = max(self.entries[k].scratch_bytes, self.entries[reader].scratch_bytes)
                found[b] = round_up(need, self.problem.align)
        return found

    def _row_bytes(self, b: int) -> int:
        return self.problem.sizes[b] // self.rows[b]

    def overlaps(self) -> dict[tuple[int, int], Overlap]:
        """Distances between each outer input and the output. Where the last step itself reads the input,
        its own distance holds too; if it has none, its reads of a row count as following its write."""
        last = self.problem.steps[self.last]
        y = last.outputs[0]
        found = {}
        for x in {*self.reads, *self.own_reads}:
            later = list(self.reads.get(x, []))
            own = last.overlaps.get((x, y))
            forward = -self.problem.sizes[x]
            if own is not None and own.forward is not None:
                forward = max(forward, own.forward)
            else:
                later += [(self.writes[row][0], start) for row, start in self.own_reads.get(x, [])]
            forward = max(forward, _distance(sorted(self.writes + self.early), later))
            found[x, y] = Overlap(forward=forward)
        return found


def _distance(writes: list[tuple[int, int]], reads: list[tuple[int, int]]) -> int:
    """The largest write end less a read start that comes later."""
    most, least = -_FAR, _FAR
    pending = sorted(reads)
    for time, end in reversed(writes):
        while pending and pending[-1][0] >= time:
            least = min(least, pending.pop()[1])
        most = max(most, end - least)
    return most
