"""Fitting a kernel path's instruction model: non-negative least squares on relative errors.

Dividing every row by its measured count makes a miss of 2 % weigh the same on a small layer as on a large
one; coefficients that cannot be negative keep the model sensible outside the fitted layers (an extra MAC
never makes a layer cheaper). Active-set method of Lawson and Hanson (1974)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Fit:
    """Coefficients per feature; errors are cross-validated fractions (|predicted - measured| / measured)."""

    coefficients: Mapping[str, float]
    median_error: float
    p90_error: float
    layers: int


def fit_instructions(
    features: Sequence[Mapping[str, float]], counts: Sequence[float], folds: int = 5
) -> Fit:
    """Fit counts ~ features over layers; errors by `folds`-fold cross-validation (leave-one-out when few)."""
    names = sorted({name for row in features for name in row})
    matrix = np.array([[row.get(name, 0.0) for name in names] for row in features], dtype=float)
    target = np.asarray(counts, dtype=float)
    errors = _cross_validate(matrix, target, min(folds, len(target)))
    solution = _relative_fit(matrix, target)
    kept = {name: float(c) for name, c in zip(names, solution, strict=True) if c > 0}
    return Fit(kept, float(np.median(errors)), float(np.quantile(errors, 0.9)), len(target))


def _relative_fit(matrix: np.ndarray, target: np.ndarray) -> np.ndarray:
    rows = matrix / target[:, None]
    scale = np.linalg.norm(rows, axis=0)
    scale[scale == 0] = 1.0
    solution: np.ndarray = nonnegative_least_squares(rows / scale, np.ones(len(target))) / scale
    return solution


def _cross_validate(matrix: np.ndarray, target: np.ndarray, folds: int) -> np.ndarray:
    """Relative error of every layer, predicted by a fit that did not see it."""
    errors = np.empty(len(target))
    for fold in range(folds):
        held = np.arange(len(target)) % folds == fold
        solution = _relative_fit(matrix[~held], target[~held]) if folds > 1 else _relative_fit(matrix, target)
        errors[held] = np.abs(matrix[held] @ solution - target[held]) / target[held]
    return errors


def nonnegative_least_squares(a: np.ndarray, b: np.ndarray, tolerance: float = 1e-12) -> np.ndarray:
    """argmin |a x - b| over x >= 0. a: (m, n), b: (m,)."""
    columns = a.shape[1]
    x = np.zeros(columns)
    passive = np.zeros(columns, dtype=bool)
    for _ in range(3 * columns + 10):
        gradient = a.T @ (b - a @ x)
        gradient[passive] = -np.inf
        if passive.all() or gradient.max() <= tolerance:
            break
        passive[int(np.argmax(gradient))] = True
        while True:
            trial = np.zeros(columns)
            trial[passive] = np.linalg.lstsq(a[:, passive], b, rcond=None)[0]
            if trial[passive].min() > 0:
                break
            blocking = passive & (trial <= 0)
            steps = x[blocking] / (x[blocking] - trial[blocking] + 1e-300)
            x = x + steps.min() * (trial - x)
            passive &= x > tolerance
            x[~passive] = 0.0
            if not passive.any():
                trial = x
                break
        x = trial
    return x
