"""The one place that chooses: which kernel path runs an operator, and what the whole then costs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from tinynas.boards import Board
from tinynas.compile.fold import fold_pads
from tinynas.compile.footprint import flash_of, sram_of
from tinynas.compile.fuse import Fused, Unfused, cost_of_run, fuse_runs
from tinynas.compile.options import CompileOptions
from tinynas.compile.program import Program, Step
from tinynas.compile.views import view_roots
from tinynas.cost import Coefficients, load_coefficients, predict
from tinynas.graph import Graph
from tinynas.kernels import KernelPath, Overlap, default_path
from tinynas.memory import Plan, Problem
from tinynas.memory import Step as MemoryStep


def compile_graph(
    graph: Graph, board: Board, *, paths: Mapping[int, KernelPath] | None = None,
    coefficients: Coefficients | None = None, options: CompileOptions | None = None,
) -> Program:
    """Choose a kernel path per operator, plan the arena, foot up flash, SRAM and instructions.

    Works with and without weights: a candidate costs exactly what its export will cost. `paths` fixes the
    kernel path of some operators (by index); `coefficients` replaces the shipped calibration of the core.
    `options`: what to fuse (see CompileOptions). Raises ModelError naming the operator when no kernel path can
    run it on the board's core.
    """
    source, folded = graph, fold_pads(graph)
    graph = folded.graph
    roots = view_roots(graph)
    coefficients = coefficients or load_coefficients(board.core)
    chosen = [
        None if op.outputs[0] in roots or k in folded.gone
        else (paths or {}).get(k) or default_path(op, graph, board.core)
        for k, op in enumerate(graph.ops)
    ]
    executed = [k for k, path in enumerate(chosen) if path is not None]
    problem = memory_problem(graph, chosen, roots)
    unfused = Unfused(graph, board.core, chosen, roots, executed, problem, coefficients)
    options = options or CompileOptions()
    fused = fuse_runs(unfused, options)
    problem, plan = fused.problem, fused.plan
    steps = _steps(unfused, fused)
    return Program(
        graph=graph,
        board=board,
        steps=steps,
        plan=plan,
        offsets=_offsets(graph, plan, roots),
        scratch=_scratch(plan, problem),
        flash=flash_of(graph, steps, coefficients),
        sram=sram_of(plan.arena_bytes, steps, coefficients),
        options=options,
        source=source,
        problem=problem,
    )


def memory_problem(graph: Graph, paths: Sequence[KernelPath | None], roots: Mapping[int, int]) -> Problem:
    """The planner's question: one step per operator that executes, buffers named by their root tensor."""
    def root(t: int) -> int:
        return roots.get(t, t)

    steps = []
    for op, path in zip(graph.ops, paths, strict=True):
        if path is None:
            continue
        overlaps = _by_root(path.overlaps(op, graph), graph.activations(op), root)
        steps.append(MemoryStep(
            name=op.name or op.kind,
            inputs=tuple(dict.fromkeys(root(t) for t in graph.activations(op))),
            outputs=tuple(root(t) for t in op.outputs),
            scratch_bytes=path.scratch_bytes(op, graph),
            overlaps=overlaps,
        ))
    buffers = {t for s in steps for t in (*s.inputs, *s.outputs)} | {root(t) for t in graph.inputs}
    return Problem(
        steps=tuple(steps),
        sizes={t: graph.tensors[t].size_bytes for t in sorted(buffers)},
        inputs=tuple(root(t) for t in graph.inputs),
        outputs=tuple(dict.fromkeys(root(t) for t in graph.outputs)),
    )


def _by_root(
    overlaps: Mapping[tuple[int, int], Overlap], inputs: Sequence[int], root: Callable[[int], int]
) -> dict[tuple[int, int], Overlap]:
    """Overlaps between buffers. Two inputs that are views of one buffer may be overlapped only as far as both
    allow; an input with no entry allows nothing."""
    found: dict[tuple[int, int], Overlap] = {}
    for output in {o for _, o in overlaps}:
        for buffer in {root(t) for t in inputs}:
            claims = [overlaps.get((t, output)) for t in inputs if root(t) == buffer]
            if all(claims):
                found[buffer, root(output)] = _narrowest([c for c in claims if c is not None])
    return found


def _narrowest(claims: Sequence[Overlap]) -> Overlap:
    if len(claims) == 1:
        return claims[0]

    def largest(distances: list[int | None]) -> int | None:
        known = [d for d in distances if d is not None]
        return max(known) if len(known) == len(distances) else None

    return Overlap(largest([c.forward for c in claims]), largest([c.backward for c in claims]),
                   all(c.in_place for c in claims))


def _steps(program: Unfused, fused: Fused) -> tuple[Step, ...]:
    """Steps in the plan's order. Views take no part: their bytes are already where they should be."""
    steps = []
    for position in fused.plan.order:
        indices = [program.executed[s] for s in fused.segments[position]]
        last, ops = indices[-1], tuple(program.graph.ops[k] for k in indices)
        if position in fused.paths:
            run = fused.paths[position]
            cost = cost_of_run(run, program.coefficients, program.graph)
            steps.append(Step(last, ops[-1], run, False, cost.instructions, cost.cycles, ops, cost.extrapolated))
            continue
        path = program.paths[last]
        assert path is not None
        cost = predict(path, ops[-1], program.graph, program.coefficients)
        steps.append(Step(last, ops[-1], path, position in fused.plan.backward, cost.instructions, cost.cycles,
                          extrapolated=cost.extrapolated))
    return tuple(steps)


def _offsets(graph: Graph, plan: Plan, roots: Mapping[int, int]) -> dict[int, int]:
    offsets = dict(plan.offsets)
    for view, root in roots.items():
        if root in offsets:
            offsets[view] = offsets[root]
    return {t: offsets[t] for t in sorted(offsets)}


def _scratch(plan: Plan, problem: Problem) -> dict[int, int]:
    """Position in execution order -> scratch offset, for the steps that need any."""
    return {
        at: plan.scratch[position] for at, position in enumerate(plan.order)
        if problem.steps[position].scratch_bytes
    }
