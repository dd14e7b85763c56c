"""The tables of a fused run (firmware/kernels/tinynas_fused.h) as text for the template."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tinynas.compile import Program
from tinynas.compile.fused_path import FusedPath, RowTensor, Stage
from tinynas.compile.rows import RowForm
from tinynas.kernels.average_pool_rows import HELD
from tinynas.kernels.path import Call
from tinynas.memory.rows import RowWindow


@dataclass(frozen=True)
class RowKernel:
    """A function that gives a kernel's row the signature all of them share. `arguments` follow the params."""

    name: str
    function: str
    arguments: tuple[str, ...]


@dataclass(frozen=True)
class StageText:
    """One stage's initialiser. `params`: symbols of its calls' params."""

    make: str
    params_symbol: str
    params: tuple[str, ...]
    inputs: tuple[str, ...]
    numbers: str


@dataclass(frozen=True)
class FusedText:
    """A run. `symbol`: prefix of its tables."""

    symbol: str
    stages: tuple[StageText, ...]
    tensors: tuple[str, ...]
    scratch: int


def row_kernel(stage: Stage, call: Call) -> RowKernel:
    order = [stage_input[0] for stage_input in stage.inputs]
    inputs = tuple(f"in[{order.index(t)}]" for t in call.inputs)
    scratch = ("scratch",) if call.scratch else ()
    places = "".join(str(order.index(t)) for t in call.inputs)
    return RowKernel(f"{call.function}_row{places}", call.function, (*inputs, "out", *scratch))


def row_kernels(runs: Sequence[tuple[FusedPath, Sequence[Call]]]) -> list[RowKernel]:
    """Every row kernel that some run uses, once."""
    found = {}
    for path, calls in runs:
        for stage, at in path.calls_of(tuple(calls)):
            kernel = row_kernel(stage, calls[at[0]])
            found[kernel.name] = kernel
    return [found[name] for name in sorted(found)]


def fused_text(program: Program, at: int, prefix: str, path: FusedPath, calls: Sequence[Call]) -> FusedText:
    """`at`: the step's position. Calls' params are named `{prefix}_call{n}`."""
    scratch = program.scratch.get(at, 0)
    names = {tensor.tensor: n for n, tensor in enumerate(path.tensors)}
    stages = []
    for k, (stage, positions) in enumerate(path.calls_of(tuple(calls))):
        form = stage.form
        inputs = tuple(_input(program, names[t], t, maker, form) for t, maker in stage.inputs)
        stages.append(StageText(
            make=row_kernel(stage, calls[positions[0]]).name,
            params_symbol=f"{prefix}_s{k}_params",
            params=tuple(f"{prefix}_call{n}" for n in positions),
            inputs=inputs,
            numbers=f"{len(inputs)}, {names[stage.output]}, {form.rows}, {form.top}, {form.bottom}, 0",
        ))
    tensors = tuple(_tensor(program, scratch, tensor) for tensor in path.tensors)
    return FusedText(prefix, tuple(stages), tensors, scratch + path.kernel_scratch_at)


def _input(program: Program, name: int, tensor: int, maker: int, form: RowForm) -> str:
    if tensor == HELD:
        return f"{{{name}, -1, 1, 0, 0, 0}}"
    window = RowWindow() if form.sums else form.windows[tensor]
    rows = program.graph.tensors[tensor].shape[1]
    return f"{{{name}, {maker}, {rows}, {window.kernel}, {window.stride}, {window.pad_top}}}"


def _tensor(program: Program, scratch: int, tensor: RowTensor) -> str:
    offset = scratch + tensor.ring_at if tensor.kept or tensor.tensor == HELD else program.offsets[tensor.tensor]
    readers = ", ".join(f"{{{stage}, {which}}}" for stage, which in tensor.readers) or "{0, 0}"
    return f"{offset}, {tensor.row_bytes}, {tensor.kept}, {len(tensor.readers)}, {{{readers}}}"
