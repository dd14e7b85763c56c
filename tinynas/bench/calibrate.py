"""Calibrating a core: layers of every kernel path run in the emulator, and the cost model fitted to them.

One firmware per kernel path holds all its layers side by side, so one run gives every layer's exact
instructions, the path's stack, and its code bytes from the link map."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tinynas.bench.layers import MAKERS, sample_layer
from tinynas.bench.result import BenchResult
from tinynas.bench.run import bench
from tinynas.boards import Board
from tinynas.compile import Program, compile_graph
from tinynas.cost import PathCost, uncalibrated
from tinynas.cost.fit import fit_instructions
from tinynas.graph import Graph
from tinynas.graph.merge import merge
from tinynas.kernels import PATHS, KernelPath
from tinynas.target.linkmap import bytes_by_object

LAYERS = 24  # per kernel path
GROUP_BYTES = 100_000  # of activations in one firmware
GROUP_LAYERS = 8
Progress = Callable[[str, int, int], None]  # kernel path, how many are done, of how many


@dataclass(frozen=True)
class Observation:
    """One firmware: the layers of one path, and what they took."""

    features: Sequence[Mapping[str, float]]
    instructions: Sequence[int]
    stack_bytes: int
    code: Mapping[str, int]  # object stem -> bytes


def calibrate(board: Board, layers: int = LAYERS, progress: Progress | None = None) -> dict[str, Any]:
    """The core's coefficients as JSON data for boards/calibration/CORE.json. Errors as `bench`."""
    usable = {path.name: _layers_for(path, board, layers) for path in PATHS}
    paths = [path for path in PATHS if usable[path.name]]
    costs: dict[str, PathCost] = {}
    code: dict[str, int] = {}
    model_code: list[tuple[int, int]] = []  # steps, bytes of the generated file
    compiler = ""
    for done, path in enumerate(paths):
        if progress:
            progress(path.name, done, len(paths))
        features: list[Mapping[str, float]] = []
        counts: list[int] = []
        stack = 0
        for group in _groups(usable[path.name]):
            result, program, sizes = _run(path, group, board)
            compiler = f"{result.compiler}, {' '.join(f for f in result.flags if f.startswith('-O'))}"
            features += [path.features(s.op, program.graph) for s in program.steps]
            counts += [layer.instructions or 0 for layer in result.layers]
            stack = max(stack, result.sram.stack_bytes)
            model_code.append((len(group), sizes.get("tinynas_model", 0)))
            for stem, size in sizes.items():
                if stem != "tinynas_model":
                    code[f"{stem}.c"] = max(code.get(f"{stem}.c", 0), size)
        fit = fit_instructions(features, counts)
        costs[path.name] = PathCost(
            {k: float(f"{v:.6g}") for k, v in fit.coefficients.items()}, stack,
            round(fit.median_error, 5), round(fit.p90_error, 5), fit.layers)
    base, call = _line(model_code)
    return {
        "core": board.core.name,
        "source": f"tinynas calibrate --board {board.name} --on qemu; {compiler}",
        "code_base_bytes": base,
        "code_call_bytes": call,
        "stack_base_bytes": 0,
        "code": dict(sorted(code.items())),
        "paths": {name: asdict(cost) for name, cost in sorted(costs.items())},
    }


def _layers_for(path: KernelPath, board: Board, count: int) -> list[Graph]:
    """Up to `count` random layers the path can run, taken in turn from every kind of layer it knows."""
    kinds = [k for k in MAKERS if any(_runs(path, sample_layer(k, seed), board) for seed in range(12))]
    found: list[Graph] = []
    for seed in range(40 * count):
        if len(found) >= count or not kinds:
            break
        graph = sample_layer(kinds[seed % len(kinds)], seed)
        if _runs(path, graph, board):
            found.append(graph)
    return found


def _runs(path: KernelPath, graph: Graph, board: Board) -> bool:
    return path.refuses(graph.ops[0], graph, board.core) is None


def _groups(graphs: Sequence[Graph]) -> Iterator[list[Graph]]:
    group: list[Graph] = []
    size = 0
    for graph in graphs:
        need = sum(t.size_bytes for t in graph.tensors if not t.constant)
        if group and (size + need > GROUP_BYTES or len(group) >= GROUP_LAYERS):
            yield group
            group, size = [], 0
        group.append(graph)
        size += need
    if group:
        yield group


def _run(path: KernelPath, group: Sequence[Graph], board: Board) -> tuple[BenchResult, Program, Mapping[str, int]]:
    merged = merge(path.name, group)
    free = uncalibrated(board.core, [path.name])
    program = compile_graph(merged, board, paths={k: path for k in range(len(merged.ops))}, coefficients=free)
    with tempfile.TemporaryDirectory(prefix="tinynas-calibrate-") as folder:
        result = bench(program, board, inputs=1, reference="numpy", directory=Path(folder) / "bench")
        sizes = bytes_by_object(Path(result.elf).parent / "firmware.map", ".tinynas_code")
    return result, program, sizes


def _line(points: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """(intercept, slope) of bytes over steps."""
    x, y = np.array(points, dtype=float).T
    if len(set(x)) < 2:
        return 0, int(round(float(np.mean(y / x))))
    slope, intercept = np.polyfit(x, y, 1)
    return max(0, int(round(intercept))), int(round(slope))
