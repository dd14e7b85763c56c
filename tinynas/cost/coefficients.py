"""The calibration of a core: fitted by `tinynas calibrate`, one JSON file per core, shipped with the package.

A core's file holds, per kernel path, the instruction coefficients and the stack it needs; per kernel source
its code bytes; and what made it (compiler, flags, layers, error)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field
from functools import cache

from tinynas.boards import Core
from tinynas.errors import ModelError
from tinynas.resources import resource_dir


@dataclass(frozen=True)
class PathCost:
    """Coefficients of one kernel path, per feature. Errors are cross-validated fractions. Cycles: estimated, with
    zero-wait-state memory. `ranges`: the least and the most of each feature among the layers it was fitted to."""

    instructions: Mapping[str, float]
    cycles: Mapping[str, float]
    stack_bytes: int = 0
    library_bytes: int = 0  # code of memcpy and the like, shared with other paths
    median_error: float = 0.0
    p90_error: float = 0.0
    cycles_median_error: float = 0.0
    cycles_p90_error: float = 0.0
    layers: int = 0
    ranges: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    def extrapolates(self, features: Mapping[str, float]) -> bool:
        """Whether a feature lies outside what was calibrated (never, where no ranges were stored)."""
        return bool(self.ranges) and any(not _within(value, self.ranges.get(name, (0.0, 0.0)))
                                         for name, value in features.items())


def _within(value: float, limits: tuple[float, float]) -> bool:
    return limits[0] <= value <= limits[1]


@dataclass(frozen=True)
class Coefficients:
    core: str
    source: str  # what measured it, with which compiler and flags
    paths: Mapping[str, PathCost]
    code: Mapping[str, int] = field(default_factory=dict)  # kernel source file -> code bytes
    code_base_bytes: int = 0  # the invoke function without its calls
    code_call_bytes: int = 0  # per step in the invoke function
    stack_base_bytes: int = 0  # the invoke function's own frame

    def path(self, name: str) -> PathCost:
        if name not in self.paths:
            raise ModelError(
                f"kernel path '{name}' has no calibration for {self.core}; run `tinynas calibrate` for a "
                f"board with this core")
        return self.paths[name]

    def code_bytes(self, paths: Set[str], sources: Set[str], steps: int) -> int:
        """Code of the kernels used, once each, of the library functions they call, and of the invoke function."""
        kernels = sum(self.code.get(source, 0) for source in sources)
        library = max((self.path(p).library_bytes for p in paths), default=0)
        return self.code_base_bytes + kernels + library + self.code_call_bytes * steps

    def stack_bytes(self, paths: Set[str]) -> int:
        return self.stack_base_bytes + max((self.path(p).stack_bytes for p in paths), default=0)


@cache
def load_coefficients(core: Core) -> Coefficients:
    """The shipped calibration of the core; ModelError when there is none."""
    file = resource_dir("boards") / "calibration" / f"{core.name}.json"
    if not file.is_file():
        raise ModelError(f"no calibration for core {core.name}: run `tinynas calibrate` on a board that has it")
    return coefficients_from_json(json.loads(file.read_text()))


def uncalibrated(core: Core, paths: Iterable[str]) -> Coefficients:
    """Every path costs nothing: what a calibration compiles its layers with."""
    free = PathCost({}, {})
    return Coefficients(core.name, "uncalibrated", {name: free for name in paths})


def coefficients_from_json(data: Mapping[str, object]) -> Coefficients:
    fields = dict(data)
    raw = fields.pop("paths")
    assert isinstance(raw, dict)
    paths = {name: PathCost(**values) for name, values in raw.items()}
    return Coefficients(paths=paths, **fields)  # type: ignore[arg-type]
