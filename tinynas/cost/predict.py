"""Instructions of one operator: a linear model per kernel path on features that mean something physically
(macs, outputs, rows, ...), fitted by `tinynas calibrate` on layers run in the emulator."""

from __future__ import annotations

from tinynas.cost.coefficients import Coefficients
from tinynas.graph import Graph, Op
from tinynas.kernels import KernelPath


def predict_instructions(path: KernelPath, op: Op, graph: Graph, coefficients: Coefficients) -> float:
    """Predicted instructions of one execution. ModelError for a path that was never calibrated."""
    weights = coefficients.path(path.name).instructions
    features = path.features(op, graph)
    return sum(weights.get(name, 0.0) * value for name, value in features.items())
