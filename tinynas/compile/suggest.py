"""What would lower the arena: each idea is tried by really planning the changed network.

Ideas: another kernel path at the tight steps (no retraining), fewer channels in what they hold, a stride taken
earlier. Several steps are often equally tight; when changing one alone gains little, all steps within reach are
changed together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from tinynas.compile.memory_map import MapStep, MemoryMap
from tinynas.compile.program import Program
from tinynas.compile.variants import restrided, thinner
from tinynas.compile.words import joined, operators
from tinynas.errors import TinynasError
from tinynas.graph import Graph
from tinynas.graph.ops import Conv2D, Dense, DepthwiseConv2D
from tinynas.graph.ops.pool import Pool2D
from tinynas.kernels import KernelPath, paths_for

Replan = Callable[[Graph, Mapping[int, KernelPath]], Program]

FRACTION = 3 / 4
WORTH_TELLING = 0.01  # of the arena
WITHIN_REACH = 0.75  # of the arena: steps that need more are changed too when changing the tightest is no help


@dataclass(frozen=True)
class Suggestion:
    """`kind`: "option", "kernel", "channels" or "stride". `arena_bytes`: after the change, planned. `cycles_ratio`:
    predicted cycles after it, by those before. `retrain`: whether it is another network."""

    kind: str
    change: str
    arena_bytes: int
    saves_bytes: int
    cycles_ratio: float
    retrain: bool


def suggestions(
    program: Program, told: MemoryMap, replan: Replan, positions: Sequence[int],
    options: Mapping[str, Callable[[], Program]] | None = None,
) -> tuple[Suggestion, ...]:
    """What would lower the arena of `program` (told as a map), changed at the steps at `positions`; most bytes
    saved first. `replan(graph, paths)` compiles as the user asked. `options`: what else could be asked of the
    compiler, in words, and the program then, the mildest first. Empty when nothing tried helps."""
    tight = [told.steps[k] for k in positions]
    wide = [step for step in told.steps if step.need_bytes > WITHIN_REACH * told.arena_bytes or step in tight]
    found: list[Suggestion | None] = []
    for words, after in (options or {}).items():
        option = _judged(program, told, "option", words, after(), False)
        if option and all(option.saves_bytes > other.saves_bytes for other in found if other):
            found.append(option)  # later options ask for more, so they must give more
    for ideas in (_kernels, _thinner, _strided):
        few = _best(program, told, replan, ideas(program, told, tight))
        many = None if wide == tight else _best(program, told, replan, ideas(program, told, wide))
        found.append(many if many and (few is None or many.saves_bytes >= 2 * few.saves_bytes) else few)
    return tuple(sorted((s for s in found if s), key=lambda s: -s.saves_bytes))


@dataclass(frozen=True, eq=False)
class _Idea:
    kind: str
    change: str
    graph: Graph
    paths: Mapping[int, KernelPath]


def _best(program: Program, told: MemoryMap, replan: Replan, ideas: Iterable[_Idea]) -> Suggestion | None:
    better = [s for idea in ideas if (s := _tried(program, told, replan, idea))]
    return max(better, key=lambda s: s.saves_bytes, default=None)


def _tried(program: Program, told: MemoryMap, replan: Replan, idea: _Idea) -> Suggestion | None:
    try:
        after = replan(idea.graph, idea.paths)
    except TinynasError:
        return None  # no kernel runs the changed operator on this core
    return _judged(program, told, idea.kind, idea.change, after, idea.kind != "kernel")


def _judged(
    program: Program, told: MemoryMap, kind: str, change: str, after: Program, retrain: bool,
) -> Suggestion | None:
    saves = told.arena_bytes - after.plan.arena_bytes
    if saves < WORTH_TELLING * told.arena_bytes:
        return None
    ratio = after.cycles / program.cycles if program.cycles else 1.0
    return Suggestion(kind, change, after.plan.arena_bytes, saves, ratio, retrain)


def _source(program: Program) -> Graph:
    return program.source if program.source is not None else program.graph


def _kernels(program: Program, told: MemoryMap, steps: Sequence[MapStep]) -> Iterator[_Idea]:
    """Every other kernel path, at all the steps that can use it."""
    options: dict[str, dict[int, KernelPath]] = {}
    for step in steps:
        for k in step.op_indices:
            for path in paths_for(program.graph.ops[k], program.graph, program.board.core):
                if path.name != step.path:
                    options.setdefault(path.name, {})[k] = path
    for name, paths in options.items():
        yield _Idea("kernel", f"kernel path {name} for {operators(paths)}", _source(program), paths)


def _thinner(program: Program, told: MemoryMap, steps: Sequence[MapStep]) -> Iterator[_Idea]:
    """Fewer channels in the largest tensor of each step; where that is one with fixed channels, in the others."""
    graph = _source(program)
    for rank in (0, 1):
        tensors = set()
        for step in steps:
            by_size = sorted(step.live, key=lambda t: (-told.buffer(t).size_bytes, t not in step.born))
            tensors |= set(by_size[rank:rank + 1])
        changed = thinner(graph, tensors, FRACTION) if tensors else None
        if changed is not None:
            yield _Idea("channels", _width_words(graph, changed), changed, {})


def _width_words(graph: Graph, changed: Graph) -> str:
    widths: dict[tuple[int, int], list[int]] = {}
    for k, op in enumerate(graph.ops):
        before, after = (g.tensors[op.outputs[0]].shape[-1] for g in (graph, changed))
        grows = isinstance(op, DepthwiseConv2D) and graph.tensors[op.inputs[0]].shape[-1] != before
        if before != after and (isinstance(op, (Conv2D, Dense)) or grows):
            widths.setdefault((before, after), []).append(k)
    return joined(f"{after} instead of {before} channels in {operators(ks)}" for (before, after), ks in widths.items())


def _strided(program: Program, told: MemoryMap, steps: Sequence[MapStep]) -> Iterator[_Idea]:
    """Twice the stride where the largest tensors are made; first with the next stride undone, so that the
    network is the same from there on."""
    graph = _source(program)
    tried = set()
    for step in steps:
        for t in sorted(step.live, key=lambda t: -told.buffer(t).size_bytes):
            k = _window_before(graph, t)
            if k is None or k in tried:
                continue
            tried.add(k)
            yield from _stride_at(graph, k)


def _stride_at(graph: Graph, k: int) -> Iterator[_Idea]:
    op = graph.ops[k]
    assert isinstance(op, (Conv2D, DepthwiseConv2D, Pool2D))
    size = graph.tensors[op.outputs[0]].shape[1:3]
    twice = (_doubled(op.stride[0], size[0]), _doubled(op.stride[1], size[1]))
    if twice == op.stride:
        return
    later = [
        j for j, other in enumerate(graph.ops) if j > k and isinstance(other, (Conv2D, DepthwiseConv2D, Pool2D))
        and max(other.stride) > 1 and graph.tensors[other.inputs[0]].shape[1:3] == size and min(size) > 1
        and other.stride == (twice[0] // op.stride[0], twice[1] // op.stride[1])
    ]
    here = f"stride {_by(twice)} instead of {_by(op.stride)} in operator {k} {op.kind}"
    if later:
        undone = restrided(graph, {k: twice, **dict.fromkeys(later, (1, 1))})
        if undone is not None:
            yield _Idea("stride", f"{here}, and 1 instead of {_by(twice)} in {operators(later)}", undone, {})
            return
    changed = restrided(graph, {k: twice})
    if changed is not None:
        yield _Idea("stride", f"{here} (smaller images from there on)", changed, {})


def _doubled(stride: int, size: int) -> int:
    return 2 * stride if size > 1 else stride


def _by(stride: tuple[int, int]) -> str:
    return str(stride[0]) if stride[0] == stride[1] else f"{stride[0]}x{stride[1]}"


def _window_before(graph: Graph, tensor: int) -> int | None:
    """The operator with a real window that made a tensor, or what the tensor was made from."""
    producers = graph.producers()
    while tensor in producers:
        op = graph.ops[producers[tensor]]
        if isinstance(op, Pool2D):
            kernel: tuple[int, ...] = op.kernel
        elif isinstance(op, (Conv2D, DepthwiseConv2D)):
            kernel = graph.tensors[op.inputs[1]].shape[1:3]
        else:
            kernel = (1, 1)
        if max(kernel) > 1:
            return producers[tensor]
        tensor = graph.activations(op)[0] if graph.activations(op) else -1
    return None
