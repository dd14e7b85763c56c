"""What the compiler hands to search (to be costed), codegen (to be printed) and bench (to be checked)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tinynas.boards import Board
from tinynas.compile.options import CompileOptions
from tinynas.graph import Graph, Op
from tinynas.kernels.path import KernelPath
from tinynas.memory.plan import Plan
from tinynas.memory.problem import Problem


@dataclass(frozen=True)
class Flash:
    code_bytes: int
    weights_bytes: int
    tables_bytes: int
    harness_bytes: int = 0

    @property
    def total_bytes(self) -> int:
        return self.code_bytes + self.weights_bytes + self.tables_bytes + self.harness_bytes


@dataclass(frozen=True)
class Sram:
    arena_bytes: int
    state_bytes: int = 0
    stack_bytes: int = 0
    static_bytes: int = 0
    harness_bytes: int = 0

    @property
    def total_bytes(self) -> int:
        return (self.arena_bytes + self.state_bytes + self.stack_bytes + self.static_bytes
                + self.harness_bytes)


@dataclass(frozen=True, eq=False)
class Step:
    """One operator of `Program.graph` as it will execute. Views (reshapes) are no steps: they cost nothing."""

    op_index: int
    op: Op
    path: KernelPath
    backward: bool
    instructions: float  # predicted
    cycles: float  # predicted, with zero-wait-state memory
    ops: tuple[Op, ...] = ()  # of a fused run: all of them, `op` being the last
    extrapolated: bool = False  # outside what its path was calibrated on

    @property
    def kind(self) -> str:
        return "+".join(op.kind for op in self.ops or (self.op,))

    @property
    def name(self) -> str:
        return "+".join(op.name for op in self.ops or (self.op,))

    @property
    def paths(self) -> tuple[KernelPath, ...]:
        """The kernel paths at work: its own, or those of a fused run's operators."""
        parts: tuple[KernelPath, ...] = getattr(self.path, "parts", ())
        return parts or (self.path,)

    def macs(self, graph: Graph) -> int:
        return sum(graph.op_macs(op) for op in self.ops or (self.op,))


@dataclass(frozen=True, eq=False)
class Program:
    """Steps in execution order; `offsets` gives every activation tensor its place in the arena
    (views share their source's); `scratch` gives each step that needs it an offset. `problem` is what the
    planner was asked: its buffers are named by their root tensor, and step k is its step `plan.order[k]`."""

    graph: Graph
    board: Board
    steps: tuple[Step, ...]
    plan: Plan
    offsets: Mapping[int, int]
    scratch: Mapping[int, int] = field(default_factory=dict)  # step position -> offset
    flash: Flash = field(default_factory=lambda: Flash(0, 0, 0))
    sram: Sram = field(default_factory=lambda: Sram(0))
    problem: Problem | None = None
    options: CompileOptions = field(default_factory=CompileOptions)
    source: Graph | None = None  # the model as it came, where `graph` has operators folded away

    @property
    def instructions(self) -> float:
        """Predicted instructions of one inference."""
        return sum(s.instructions for s in self.steps)

    @property
    def extrapolated(self) -> bool:
        """Whether any step's prediction lies outside what was calibrated."""
        return any(s.extrapolated for s in self.steps)

    @property
    def cycles(self) -> float:
        """Predicted cycles of one inference with zero-wait-state memory: an estimate."""
        return sum(s.cycles for s in self.steps)
