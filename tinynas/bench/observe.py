"""Layers of one kernel path, run in the emulator: what the cost model is fitted to, and what it is judged by.

One firmware holds many layers side by side, so one run gives every layer's exact instructions and estimated
cycles, the path's stack, and its code bytes from the link map."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tinynas.bench.layers import MAKERS, random_weights, sample_layer, weight_bytes
from tinynas.bench.run import bench
from tinynas.boards import Board
from tinynas.compile import compile_graph
from tinynas.cost import uncalibrated
from tinynas.graph import Graph
from tinynas.graph.builder import GraphBuilder
from tinynas.graph.merge import merge
from tinynas.kernels import PATHS, KernelPath
from tinynas.target.elf import library_bytes
from tinynas.target.linkmap import bytes_by_object

GROUP_BYTES = 100_000  # of activations in one firmware
GROUP_WEIGHT_BYTES = 300_000
GROUP_LAYERS = 8
MODEL = "tinynas_model"  # the generated file's stem


@dataclass(frozen=True)
class Observation:
    """One firmware. Per layer: its features, instructions, cycles. `code`: object stem -> bytes."""

    features: tuple[Mapping[str, float], ...]
    instructions: tuple[int, ...]
    cycles: tuple[int, ...]
    stack_bytes: int
    library_bytes: int  # of memcpy and the like, where the kernel calls them
    code: Mapping[str, int]
    compiler: str


def layers_for(path: KernelPath, board: Board, count: int, first_seed: int = 0) -> list[Graph]:
    """Up to `count` random layers the path can run, taken in turn from every kind of layer it knows."""
    kinds = [k for k in MAKERS if any(_runs(path, sample_layer(k, seed), board) for seed in range(12))]
    found: list[Graph] = []
    for seed in range(first_seed, first_seed + 40 * count):
        if len(found) >= count or not kinds:
            break
        graph = sample_layer(kinds[seed % len(kinds)], seed)
        if _runs(path, graph, board):
            found.append(graph)
    return found


def observe(path: KernelPath, graphs: Sequence[Graph], board: Board) -> list[Observation]:
    """Run all graphs (one operator each) with this kernel path, a handful a firmware. Errors as `bench`."""
    return [_observe(path, group, board) for group in _groups(graphs)]


def observe_invoke(board: Board, blocks: int) -> tuple[int, int]:
    """(steps, code bytes) of the generated invoke function of a chain of separable blocks."""
    builder = GraphBuilder("chain")
    x = builder.input((1, 12, 8, 8))
    for _ in range(blocks):
        x = builder.conv2d(builder.depthwise_conv2d(x, 3, activation="RELU"), 8, 1, activation="RELU")
    graph = random_weights(builder.build(x), np.random.default_rng(blocks))
    free = uncalibrated(board.core, [path.name for path in PATHS])
    program = compile_graph(graph, board, coefficients=free)
    with tempfile.TemporaryDirectory(prefix="tinynas-calibrate-") as folder:
        result = bench(program, board, inputs=1, reference="numpy", directory=Path(folder) / "bench")
        code = bytes_by_object(result.elf.parent / "firmware.map", ".tinynas_code")
    return len(program.steps), code[MODEL]


def _observe(path: KernelPath, group: Sequence[Graph], board: Board) -> Observation:
    merged = merge(path.name, group)
    free = uncalibrated(board.core, [path.name])
    program = compile_graph(merged, board, paths={k: path for k in range(len(merged.ops))}, coefficients=free)
    with tempfile.TemporaryDirectory(prefix="tinynas-calibrate-") as folder:
        result = bench(program, board, inputs=1, reference="numpy", directory=Path(folder) / "bench")
        code = bytes_by_object(result.elf.parent / "firmware.map", ".tinynas_code")
        library = library_bytes(result.elf)
    flags = " ".join(f for f in result.flags if f.startswith("-O"))
    return Observation(
        features=tuple(path.features(step.op, program.graph) for step in program.steps),
        instructions=tuple(layer.instructions or 0 for layer in result.layers),
        cycles=tuple(layer.cycles_estimated or 0 for layer in result.layers),
        stack_bytes=result.sram.stack_bytes, library_bytes=library, code=code, compiler=f"{result.compiler}, {flags}",
    )


def _runs(path: KernelPath, graph: Graph, board: Board) -> bool:
    return path.refuses(graph.ops[0], graph, board.core) is None


def _groups(graphs: Sequence[Graph]) -> Iterator[list[Graph]]:
    group: list[Graph] = []
    size = weights = 0
    for graph in graphs:
        need, constant = sum(t.size_bytes for t in graph.tensors if not t.constant), weight_bytes(graph)
        full = size + need > GROUP_BYTES or weights + constant > GROUP_WEIGHT_BYTES or len(group) >= GROUP_LAYERS
        if group and full:
            yield group
            group, size, weights = [], 0, 0
        group.append(graph)
        size, weights = size + need, weights + constant
    if group:
        yield group
