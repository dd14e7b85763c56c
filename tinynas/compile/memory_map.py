"""A program's arena over time, in the model's own names: what pictures, tables and explanations are made from."""

from __future__ import annotations

from dataclasses import dataclass

from tinynas.compile.program import Program
from tinynas.graph import Shape
from tinynas.memory.occupancy import Moment, Occupancy, Sharing, occupancy
from tinynas.memory.problem import Problem


@dataclass(frozen=True)
class MapBuffer:
    """A tensor in the arena during the steps `first`..`last` (positions in execution order, both included).
    `role`: "input", "output", "state" or "inner"."""

    tensor: int
    name: str
    shape: Shape
    role: str
    offset_bytes: int
    size_bytes: int
    first: int
    last: int

    @property
    def end_bytes(self) -> int:
        return self.offset_bytes + self.size_bytes


@dataclass(frozen=True)
class MapStep:
    """One step as it executes. `op_indices`: the operators it runs (several when they are fused). Buffers are
    named by their tensor. `need_bytes`: the fewest bytes any plan has while it runs; `apart_bytes`: what it
    would take with nothing shared; `used_bytes`: the highest byte in use, plus one."""

    op_indices: tuple[int, ...]
    kind: str
    name: str
    path: str
    live: tuple[int, ...]
    born: tuple[int, ...]
    dying: tuple[int, ...]
    scratch_offset_bytes: int
    scratch_bytes: int
    need_bytes: int
    apart_bytes: int
    used_bytes: int
    sharing: tuple[Sharing, ...]

    @property
    def numbers(self) -> str:
        """`3`, or `3-5` for a fused run."""
        return "-".join(map(str, dict.fromkeys((self.op_indices[0], self.op_indices[-1]))))


@dataclass(frozen=True)
class MemoryMap:
    """`bottlenecks`: positions of the steps with the largest need; none when the model's inputs or outputs
    alone need more (`ends_need_bytes`)."""

    model: str
    board: str
    arena_bytes: int
    bound_bytes: int
    proof: str
    buffers: tuple[MapBuffer, ...]
    steps: tuple[MapStep, ...]
    bottlenecks: tuple[int, ...]
    ends_need_bytes: int

    def buffer(self, tensor: int) -> MapBuffer:
        return next(b for b in self.buffers if b.tensor == tensor)

    @property
    def most_needed_bytes(self) -> int:
        """The largest need of any step."""
        return max((step.need_bytes for step in self.steps), default=0)


def memory_map(program: Program) -> MemoryMap:
    """The arena of a compiled program over time. ValueError when the program was made without a problem."""
    problem = program.problem
    if problem is None:
        raise ValueError(f"program '{program.graph.name}' carries no memory problem")
    told = occupancy(problem, program.plan)
    return MemoryMap(
        model=program.graph.name, board=program.board.name,
        arena_bytes=program.plan.arena_bytes, bound_bytes=program.plan.bound_bytes, proof=program.plan.proof,
        buffers=_buffers(program, problem, told),
        steps=tuple(_step(program, k, moment) for k, moment in enumerate(told.moments)),
        bottlenecks=told.bottlenecks, ends_need_bytes=told.ends_need_bytes,
    )


def _buffers(program: Program, problem: Problem, told: Occupancy) -> tuple[MapBuffer, ...]:
    roles = {
        **{b: "state" for b in problem.resident}, **{b: "output" for b in problem.outputs},
        **{b: "input" for b in problem.inputs},
    }
    found = []
    for r in sorted(told.residents, key=lambda r: (r.first, r.offset_bytes)):
        tensor = program.graph.tensors[r.buffer]
        found.append(MapBuffer(
            r.buffer, tensor.name, tensor.shape, roles.get(r.buffer, "inner"),
            r.offset_bytes, r.size_bytes, r.first, r.last))
    return tuple(found)


def _step(program: Program, position: int, moment: Moment) -> MapStep:
    step = program.steps[position]
    ops = step.ops or (step.op,)
    return MapStep(
        op_indices=tuple(k for k, op in enumerate(program.graph.ops) if any(op is part for part in ops)),
        kind=step.kind, name=step.name, path=step.path.name,
        live=moment.live, born=moment.born, dying=moment.dying,
        scratch_offset_bytes=moment.scratch_offset_bytes, scratch_bytes=moment.scratch_bytes,
        need_bytes=moment.need_bytes, apart_bytes=moment.apart_bytes, used_bytes=moment.used_bytes,
        sharing=moment.sharing,
    )
