"""Calibrating a core: the cost model of every kernel path, fitted to layers run in the emulator."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from tinynas.bench.observe import MODEL, Observation, layers_for, observe, observe_invoke
from tinynas.boards import Board
from tinynas.cost import PathCost
from tinynas.cost.fit import fit_instructions
from tinynas.errors import UsageError
from tinynas.kernels import PATHS, KernelPath

LAYERS = 32  # per kernel path
Progress = Callable[[str, int, int], None]  # kernel path, how many are done, of how many


def calibrate(
    board: Board, layers: int = LAYERS, progress: Progress | None = None, *, only: Collection[str] = (),
    known: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The core's coefficients as JSON data for boards/calibration/CORE.json. Errors as `bench`.

    `only`: calibrate these kernel paths and keep the rest of `known` (an earlier result). UsageError for a path
    that does not exist or cannot run on the board's core."""
    missing = set(only) - {path.name for path in PATHS}
    if missing:
        raise UsageError(f"no kernel path is called {', '.join(sorted(missing))}")
    samples = {path: layers_for(path, board, layers) for path in PATHS if not only or path.name in only}
    samples = {path: graphs for path, graphs in samples.items() if graphs}
    if not samples:
        raise UsageError(f"none of these kernel paths runs on {board.core.name}")
    seen: dict[KernelPath, list[Observation]] = {}
    for done, (path, graphs) in enumerate(samples.items()):
        if progress:
            progress(path.name, done, len(samples))
        seen[path] = observe(path, graphs, board)
    return _file(board, seen, known or {})


def _file(
    board: Board, seen: Mapping[KernelPath, Sequence[Observation]], known: Mapping[str, Any]
) -> dict[str, Any]:
    everything = [o for observations in seen.values() for o in observations]
    paths = {**known.get("paths", {}), **{p.name: asdict(path_cost(o)) for p, o in seen.items()}}
    base, call = known.get("code_base_bytes"), known.get("code_call_bytes")
    if base is None or call is None:
        base, call = _line([observe_invoke(board, blocks) for blocks in (1, 6)])
    return {
        "core": board.core.name,
        "source": f"tinynas calibrate --board {board.name} --on qemu; {everything[0].compiler}",
        "code_base_bytes": base,
        "code_call_bytes": call,
        "stack_base_bytes": 0,
        "code": dict(sorted({**known.get("code", {}), **_code(everything)}.items())),
        "paths": dict(sorted(paths.items())),
    }


def path_cost(observations: Sequence[Observation]) -> PathCost:
    """The fit of one path to all its layers."""
    features = [row for o in observations for row in o.features]
    instructions = fit_instructions(features, [n for o in observations for n in o.instructions])
    cycles = fit_instructions(features, [n for o in observations for n in o.cycles])
    return PathCost(
        instructions=_rounded(instructions.coefficients), cycles=_rounded(cycles.coefficients),
        stack_bytes=max(o.stack_bytes for o in observations),
        library_bytes=max(o.library_bytes for o in observations),
        median_error=round(instructions.median_error, 5), p90_error=round(instructions.p90_error, 5),
        cycles_median_error=round(cycles.median_error, 5), cycles_p90_error=round(cycles.p90_error, 5),
        layers=instructions.layers, ranges=ranges(features),
    )


def ranges(features: Sequence[Mapping[str, float]]) -> dict[str, tuple[float, float]]:
    """The least and the most of every feature among the layers; one that a layer lacks is 0 there."""
    names = sorted({name for row in features for name in row})
    values = {name: [row.get(name, 0.0) for row in features] for name in names}
    return {name: (min(seen), max(seen)) for name, seen in values.items()}


def _rounded(coefficients: Mapping[str, float]) -> dict[str, float]:
    return {name: float(f"{value:.6g}") for name, value in coefficients.items()}


def _code(observations: Sequence[Observation]) -> dict[str, int]:
    """Kernel source -> the most bytes any firmware linked of it."""
    code: dict[str, int] = {}
    for observation in observations:
        for stem, size in observation.code.items():
            if stem != MODEL:
                code[f"{stem}.c"] = max(code.get(f"{stem}.c", 0), size)
    return code


def _line(points: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """(intercept, slope) through two points of steps and bytes."""
    (x0, y0), (x1, y1) = points
    slope = (y1 - y0) / (x1 - x0)
    return round(y0 - slope * x0), round(slope)
