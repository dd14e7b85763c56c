"""The tables of a fused run (firmware/kernels/tinynas_fused.h) as text for the template."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tinynas.compile import Program
from tinynas.compile.fused_path import FusedPath, RowTensor, Stage
from tinynas.kernels.path import Call


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
        windows = [form.windows[t] for t, _ in stage.inputs]
        inputs = tuple(
            f"{{{names[t]}, {maker}, {program.graph.tensors[t].shape[1]}, {w.kernel}, {w.stride}, {w.pad_top}}}"
            for (t, maker), w in zip(stage.inputs, windows, strict=True))
        stages.append(StageText(
            make=row_kernel(stage, calls[positions[0]]).name,
            params_symbol=f"{prefix}_s{k}_params",
            params=tuple(f"{prefix}_call{n}" for n in positions),
            inputs=inputs,
            numbers=f"{len(inputs)}, {names[stage.output]}, {form.rows}, {form.top}, {form.bottom}, 0",
        ))
    tensors = tuple(_tensor(program, scratch, tensor) for tensor in path.tensors)
    return FusedText(prefix, tuple(stages), tensors, scratch + path.kernel_scratch_at)


def _tensor(program: Program, scratch: int, tensor: RowTensor) -> str:
    offset = scratch + tensor.ring_at if tensor.kept else program.offsets[tensor.tensor]
    readers = ", ".join(f"{{{stage}, {which}}}" for stage, which in tensor.readers) or "{0, 0}"
    return f"{offset}, {tensor.row_bytes}, {tensor.kept}, {len(tensor.readers)}, {{{readers}}}"
