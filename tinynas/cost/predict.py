"""What one operator costs to run: a linear model per kernel path on features that mean something physically
(macs, outputs, rows, ...), fitted by `tinynas calibrate` on layers run in the emulator."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tinynas.cost.coefficients import Coefficients
from tinynas.graph import Graph, Op
from tinynas.kernels import KernelPath


@dataclass(frozen=True)
class Prediction:
    """Of one execution. `cycles`: with zero-wait-state memory; an estimate of an estimate. `extrapolated`: the
    layer lies outside what the path was calibrated on, so its error is not known."""

    instructions: float
    cycles: float
    extrapolated: bool = False


def predict(path: KernelPath, op: Op, graph: Graph, coefficients: Coefficients) -> Prediction:
    """ModelError for a path that was never calibrated on the core."""
    cost = coefficients.path(path.name)
    features = path.features(op, graph)
    return Prediction(_dot(cost.instructions, features), _dot(cost.cycles, features), cost.extrapolates(features))


def _dot(weights: Mapping[str, float], features: Mapping[str, float]) -> float:
    return sum(weights.get(name, 0.0) * value for name, value in features.items())
