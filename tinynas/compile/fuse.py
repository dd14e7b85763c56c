"""Which operators to execute together, row by row, and at what price.

The dynamic programme of tinynas.memory.fusion finds the cut into runs with the least arena; the price of a
run is what making rows costs beyond making whole tensors: kernels called once a row instead of once, the
driver, and rows moved within rings. A fusion is taken only when the planned arena gets smaller.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from tinynas.boards import Core
from tinynas.compile.fused_path import IN_PLACE, READERS, FusedPath, RowTensor, Stage, params_fields, ring_layout
from tinynas.compile.options import FUSIONS, CompileOptions
from tinynas.compile.rows import RowForm, row_form
from tinynas.cost import Coefficients, Prediction, predict
from tinynas.graph import Graph
from tinynas.kernels.average_pool_rows import HELD
from tinynas.kernels.path import KernelPath
from tinynas.memory import Plan, Problem, Step, plan_memory
from tinynas.memory.fusion import Fusion, can_lower, fuse
from tinynas.memory.model import prepare
from tinynas.memory.need import step_needs
from tinynas.memory.rows import RowStep, simulate

SHORT_PRICE = 0.05  # of the program's instructions
# Instructions (and cycles) of the driver: estimates, from its loops; never fitted.
ROW_COST = Prediction(110.0, 100.0)
MOVED_BYTE_COST = Prediction(0.7, 0.6)


@dataclass(frozen=True, eq=False)
class Unfused:
    """A chosen program before fusion: `executed` names the operators (by index) that are the problem's steps."""

    graph: Graph
    core: Core
    paths: Sequence[KernelPath | None]
    roots: Mapping[int, int]
    executed: Sequence[int]
    problem: Problem
    coefficients: Coefficients


@dataclass(frozen=True, eq=False)
class Fused:
    """`plan` answers `problem`, whose step k executes the original steps `segments[k]`; `paths[k]` where there
    are several."""

    problem: Problem
    plan: Plan
    segments: tuple[tuple[int, ...], ...]
    paths: Mapping[int, FusedPath]


def fuse_runs(program: Unfused, options: CompileOptions) -> Fused:
    """The smallest arena the options allow; nothing is fused where that would not make it smaller."""
    alone = Fused(program.problem, plan_memory(program.problem),
                  tuple((k,) for k in range(len(program.problem.steps))), {})
    longest = FUSIONS[options.fuse]
    if longest == 1 or not _promising(program, longest):
        return alone
    forms = _forms(program, range(len(program.executed)))
    limit = SHORT_PRICE * sum(_whole(program, k).instructions for k in range(len(program.executed)))
    for length in [longest] if options.fuse == "long" else range(longest, 1, -1):
        found = _needed(program, _fuse(program, forms, length))
        price = sum(_price(program, forms, s[0], s[-1]) for s in found.segments if len(s) > 1)
        if options.fuse == "short" and price > limit:
            continue
        if found.plan.arena_bytes < alone.plan.arena_bytes:
            return found
    return alone


def _needed(program: Unfused, found: Fused) -> Fused:
    """Without the runs that do not make the plan smaller: in another order their operators may need no more
    by themselves, which the dynamic programme, whose order is given, does not see."""
    for run in [s for s in found.segments if len(s) > 1]:
        fewer = _apart(program, found, run)
        if fewer.plan.arena_bytes <= found.plan.arena_bytes:
            found = fewer
    return found


def _apart(program: Unfused, found: Fused, run: tuple[int, ...]) -> Fused:
    """The same with the operators of one run by themselves."""
    steps: list[Step] = []
    segments: list[tuple[int, ...]] = []
    paths: dict[int, FusedPath] = {}
    for at, segment in enumerate(found.segments):
        if segment == run:
            steps += [program.problem.steps[s] for s in segment]
            segments += [(s,) for s in segment]
            continue
        if at in found.paths:
            paths[len(segments)] = found.paths[at]
        steps.append(found.problem.steps[at])
        segments.append(segment)
    problem = replace(program.problem, steps=tuple(steps))
    return Fused(problem, plan_memory(problem), tuple(segments), paths)


def _promising(program: Unfused, longest: int) -> bool:
    """Whether the neediest step can be made to need less: a quick look that settles most programs."""
    needs = step_needs(prepare(program.problem))
    neediest = max(range(len(needs)), key=needs.__getitem__)
    forms = _forms(program, range(max(0, neediest - longest + 1), min(len(needs), neediest + longest)))
    return neediest in forms and can_lower(
        program.problem, _rows(program), _entries(forms), longest, neediest)


def _forms(program: Unfused, positions: Iterable[int]) -> dict[int, RowForm]:
    """Row forms by step, of operators that read and write tensors in their own shape (not through views)."""
    forms, readers = {}, program.graph.consumers()
    for position in positions:
        k = program.executed[position]
        op, path = program.graph.ops[k], program.paths[k]
        assert path is not None
        if any(t in program.roots for t in program.graph.activations(op)):
            continue
        if len(readers.get(op.outputs[0], [])) > READERS:
            continue
        form = row_form(op, program.graph, path, program.core)
        if form is not None and params_fields(form.path) is not None:
            forms[position] = form
    read = {t for k in program.executed for t in program.graph.activations(program.graph.ops[k])
            if k in {program.executed[position] for position in forms}}
    return {position: form for position, form in forms.items() if not (
        form.sums and program.graph.ops[program.executed[position]].outputs[0] in read)}


def _fuse(program: Unfused, forms: Mapping[int, RowForm], longest: int) -> Fused:
    rows = _rows(program)
    found = fuse(program.problem, rows, _entries(forms), longest,
                 lambda i, j: _price(program, forms, i, j))
    paths = {at: fused_path(program, forms, found, at, rows)
             for at, segment in enumerate(found.segments) if len(segment) > 1}
    return Fused(found.problem, plan_memory(found.problem), found.segments, paths)


def _rows(program: Unfused) -> dict[int, int]:
    tensors = program.graph.tensors
    return {t: shape[1] if len(shape := tensors[t].shape) == 4 else 1 for t in program.problem.sizes}


def _entries(forms: Mapping[int, RowForm]) -> dict[int, RowStep]:
    return {position: form.step() for position, form in forms.items()}


def fused_path(
    program: Unfused, forms: Mapping[int, RowForm], found: Fusion, at: int, rows: Mapping[int, int],
) -> FusedPath:
    """The kernel path of one run."""
    problem, segment = program.problem, found.segments[at]
    maker = {problem.steps[s].outputs[0]: k for k, s in enumerate(segment[:-1])}
    stages = []
    for s in segment:
        op, path = program.graph.ops[program.executed[s]], program.paths[program.executed[s]]
        assert path is not None
        inputs = tuple((t, maker.get(t, -1)) for t in program.graph.activations(op))
        if forms[s].sums:
            inputs = (*inputs, (HELD, -1))
        stages.append(Stage(program.executed[s], op, path, forms[s], inputs, problem.steps[s].outputs[0]))
    run = simulate(problem, segment, rows, {s: forms[s].step() for s in segment})
    held = {HELD: forms[segment[-1]].held_bytes}  # only a last step holds anything
    starts, kernel_scratch_at = ring_layout({**run.ring_bytes, **held}, problem.align)
    tensors = []
    for t in dict.fromkeys(t for stage in stages for t in (*(i for i, _ in stage.inputs), stage.output)):
        if t == HELD:
            tensors.append(RowTensor(t, 0, 0, starts[t]))
            continue
        row_bytes = problem.sizes[t] // rows[t]
        if t in maker:
            readers = tuple((k, n) for k, stage in enumerate(stages)
                            for n, (i, _) in enumerate(stage.inputs) if i == t)
            kept, start = run.ring_bytes[t] // row_bytes or IN_PLACE, starts[t]
            if t in run.passing:
                kept, start = 1, kernel_scratch_at + run.passing[t]
            tensors.append(RowTensor(t, row_bytes, kept, start, readers))
        else:  # what sums yield is one row, however many rows are taken for it
            summed = stages[-1].form.sums and t == stages[-1].output
            tensors.append(RowTensor(t, 0 if summed else row_bytes))
    return FusedPath(tuple(stages), tuple(tensors), kernel_scratch_at, _moved_bytes(stages, tensors),
                     found.problem.steps[at].scratch_bytes)


def _moved_bytes(stages: Sequence[Stage], tensors: Sequence[RowTensor]) -> int:
    """At most: every row made once the ring is full moves the others (those of one reader's window)."""
    moved = 0
    for tensor in tensors:
        if tensor.kept > 1:
            stage, which = tensor.readers[0]
            window = list(stages[stage].form.windows.values())[which]
            advances = stages[stage].form.rows - 1
            moved += advances * max(0, tensor.kept - window.stride) * tensor.row_bytes
    return moved


def cost_of_run(path: FusedPath, coefficients: Coefficients, graph: Graph) -> Prediction:
    """Kernels, row by row, and the driver."""
    instructions = path.made_rows * ROW_COST.instructions + path.moved_bytes * MOVED_BYTE_COST.instructions
    cycles = path.made_rows * ROW_COST.cycles + path.moved_bytes * MOVED_BYTE_COST.cycles
    extrapolated = False
    for stage in path.stages:
        rows = cost_of_rows(stage.path, stage.form, coefficients, graph)
        instructions, cycles = instructions + rows.instructions, cycles + rows.cycles
        extrapolated = extrapolated or rows.extrapolated
    return Prediction(instructions, cycles, extrapolated)


def cost_of_rows(path: KernelPath, form: RowForm, coefficients: Coefficients, graph: Graph) -> Prediction:
    """`path`: the one chosen for whole tensors, which sums are priced by."""
    if form.sums:
        whole = replace(form.variants[0].op, pads=None)  # type: ignore[call-arg]
        return predict(path, whole, graph, coefficients)
    instructions, cycles, extrapolated = 0.0, 0.0, False
    for row in form.variants:
        one = predict(path, row.op, row.graph, coefficients)
        instructions, cycles = instructions + row.count * one.instructions, cycles + row.count * one.cycles
        extrapolated = extrapolated or one.extrapolated
    return Prediction(instructions, cycles, extrapolated)


def _price(program: Unfused, forms: Mapping[int, RowForm], first: int, last: int) -> float:
    """Instructions that steps first..last cost more as one run than each by itself."""
    if first == last:
        return 0.0
    more = 0.0
    for position in range(first, last + 1):
        path = program.paths[program.executed[position]]
        assert path is not None
        form = forms[position]
        by_rows = cost_of_rows(path, form, program.coefficients, program.graph).instructions
        more += by_rows - _whole(program, position).instructions + form.rows * ROW_COST.instructions
    return max(more, 1.0)


def _whole(program: Unfused, position: int) -> Prediction:
    k = program.executed[position]
    path = program.paths[k]
    assert path is not None
    return predict(path, program.graph.ops[k], program.graph, program.coefficients)
