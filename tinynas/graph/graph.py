"""The one type of the project: a candidate without weights and an int8 model read from a file
are both a `Graph`; everything else makes one, costs one, or compiles one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tinynas.graph.op import ABSENT, Op
from tinynas.graph.tensor import Shape, Tensor


@dataclass(frozen=True, eq=False)
class Graph:
    """Operators in a valid execution order over one list of tensors."""

    name: str
    tensors: tuple[Tensor, ...]
    ops: tuple[Op, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]

    def input_tensors(self, op: Op) -> tuple[Tensor | None, ...]:
        """The op's inputs; None where an optional one is absent."""
        return tuple(None if i == ABSENT else self.tensors[i] for i in op.inputs)

    def output_tensors(self, op: Op) -> tuple[Tensor, ...]:
        return tuple(self.tensors[i] for i in op.outputs)

    def activations(self, op: Op) -> tuple[int, ...]:
        """Indices of the op's inputs that are computed (not constant, not absent)."""
        return tuple(i for i in op.inputs if i != ABSENT and not self.tensors[i].constant)

    def producers(self) -> dict[int, int]:
        """Tensor index -> index of the op that writes it."""
        return {t: k for k, op in enumerate(self.ops) for t in op.outputs}

    def consumers(self) -> dict[int, list[int]]:
        """Tensor index -> indices of the ops that read it, in order."""
        readers: dict[int, list[int]] = {}
        for k, op in enumerate(self.ops):
            for t in dict.fromkeys(op.inputs):
                if t != ABSENT:
                    readers.setdefault(t, []).append(k)
        return readers

    def op_macs(self, op: Op) -> int:
        shapes: list[Shape | None] = [t.shape if t else None for t in self.input_tensors(op)]
        return op.macs(shapes, [t.shape for t in self.output_tensors(op)])

    @property
    def macs(self) -> int:
        """Multiply-accumulates of one inference."""
        return sum(self.op_macs(op) for op in self.ops)

    @property
    def has_weights(self) -> bool:
        """False for a candidate that has not been trained."""
        return all(t.data is not None for t in self.tensors if t.constant)

    def label(self, index: int) -> str:
        """How messages name an operator: `operator 7 CONV_2D 'block3/pw'`."""
        op = self.ops[index]
        return f"operator {index} {op.kind} '{op.name}'"

    def __iter__(self) -> Iterator[Op]:
        return iter(self.ops)
