"""A run of operators as one step: the kernel paths of its operators, each making rows, and the driver."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from tinynas.boards import Core
from tinynas.compile.rows import RowForm
from tinynas.graph import Graph, Op
from tinynas.kernels.path import Array, Call, Code, Constants, KernelPath, Overlap, up

# Bytes of firmware/kernels/tinynas_fused.h on a 32-bit target.
READERS = 2
IN_PLACE = -1
STAGE_BYTES, TENSOR_BYTES, PARAMS_BYTES, POINTER_BYTES, FIELD_BYTES = 44, 20, 16, 4, 4


@dataclass(frozen=True, eq=False)
class Stage:
    """One operator of a run. `inputs`: (root tensor, maker stage or -1) of each activation, in order."""

    op_index: int
    op: Op
    path: KernelPath
    form: RowForm
    inputs: tuple[tuple[int, int], ...]
    output: int


@dataclass(frozen=True)
class RowTensor:
    """A tensor that a run reads or writes, by rows. `kept`: rows of its ring; 0 when it is there as a whole;
    IN_PLACE when each row is made where its reader's row will lie.
    `ring_at`: where the ring begins within the step's scratch. `readers`: (stage, which of its inputs)."""

    tensor: int
    row_bytes: int
    kept: int = 0
    ring_at: int = 0
    readers: tuple[tuple[int, int], ...] = ()


class FusedPath(KernelPath):
    """`stages` in execution order. `tensors`: outer ones and rings. `moved_bytes`: by which rings advance, in all.
    `kernel_scratch_at`: within the step's scratch."""

    name = "fused"

    def __init__(
        self, stages: tuple[Stage, ...], tensors: tuple[RowTensor, ...], kernel_scratch_at: int,
        moved_bytes: int = 0, step_scratch_bytes: int = 0,
    ) -> None:
        self.stages, self.tensors = stages, tensors
        self.kernel_scratch_at, self.step_scratch_bytes = kernel_scratch_at, step_scratch_bytes
        self.moved_bytes = moved_bytes
        by_rows = {source for stage in stages for source in stage.form.path.sources}
        self.sources = ("tinynas_fused.c", *sorted(by_rows))  # type: ignore[misc]  # of this run

    @property
    def parts(self) -> tuple[KernelPath, ...]:
        return tuple(stage.path for stage in self.stages)

    @property
    def made_rows(self) -> int:
        return sum(stage.form.rows for stage in self.stages)

    def refuses(self, op: Op, graph: Graph, core: Core) -> str | None:
        return None

    def scratch_bytes(self, op: Op, graph: Graph) -> int:
        return self.step_scratch_bytes

    def overlaps(self, op: Op, graph: Graph) -> Mapping[tuple[int, int], Overlap]:
        return {}  # the compiler takes them from the simulation of the whole run

    def constants(self, op: Op, graph: Graph) -> Constants:
        weights, tables = 0, PARAMS_BYTES + TENSOR_BYTES * len(self.tensors)
        for stage in self.stages:
            parts = [stage.form.path.constants(row.op, row.graph) for row in stage.form.variants]
            weights += max(p.weights for p in parts)
            more = len(parts) - 1
            tables += max(p.tables for p in parts) + more * params_bytes(stage.form.path)
            tables += STAGE_BYTES + POINTER_BYTES * len(parts)
        return Constants(weights, tables)

    def features(self, op: Op, graph: Graph) -> Mapping[str, float]:
        """Of the driver alone: its stages' kernels have their own."""
        return {"rows": float(self.made_rows), "moved_bytes": float(self.moved_bytes)}

    def code(self, op: Op, graph: Graph, backward: bool = False) -> Code:
        """Arrays of all stages, and per stage one call for each kind of row: their params are what matters."""
        arrays: list[Array] = []
        calls: list[Call] = []
        for k, stage in enumerate(self.stages):
            known: dict[str, Array] = {}
            for row in stage.form.variants:
                code = stage.form.path.code(row.op, row.graph)
                for array in code.arrays:
                    if known.setdefault(array.name, array) is not array:
                        assert np.array_equal(known[array.name].data, array.data), array.name
                [call] = code.calls
                calls.append(replace(call, params={
                    name: f"s{k}_{value}" if isinstance(value, str) else value
                    for name, value in call.params.items()}))
            arrays += [replace(array, name=f"s{k}_{array.name}") for array in known.values()]
        return Code(tuple(arrays), tuple(calls))

    def calls_of(self, calls: tuple[Call, ...]) -> Iterator[tuple[Stage, range]]:
        """Each stage with the positions of its calls in `code().calls`."""
        at = 0
        for stage in self.stages:
            yield stage, range(at, at + len(stage.form.variants))
            at += len(stage.form.variants)
        assert at == len(calls)


def params_bytes(path: KernelPath) -> int:
    """Bytes of a call's params on the target: a kernel path's file says how many fields its struct has."""
    fields = params_fields(path)
    assert fields is not None, f"{path.name} is not executed by rows"
    return FIELD_BYTES * fields


def params_fields(path: KernelPath) -> int | None:
    """FIELDS of the kernel path's file; None where it does not say: such a path cannot be part of a run."""
    found = sys.modules[type(path).__module__].__dict__.get("FIELDS")
    return None if found is None else int(found)


def ring_layout(rings: Mapping[int, int], align: int) -> tuple[dict[int, int], int]:
    """(start of each ring, where the kernels' scratch begins) within a run's scratch; rings by their bytes."""
    starts, at = {}, 0
    for tensor, size in rings.items():
        starts[tensor] = at
        at += up(size, align)
    return starts, at
