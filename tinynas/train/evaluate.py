"""Accuracy: always the int8 model's, in the TFLite Micro interpreter, with its 95 % interval."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np

from tinynas.errors import ModelError

ARENA_BYTES = 1 << 20  # the host's interpreter needs more than the device; this is ample


@dataclass(frozen=True)
class Evaluation:
    """Right answers by class. confusion[truth][answer] counts clips."""

    classes: tuple[str, ...]
    confusion: tuple[tuple[int, ...], ...]

    @property
    def clips(self) -> int:
        return sum(map(sum, self.confusion))

    @property
    def right(self) -> int:
        return sum(row[i] for i, row in enumerate(self.confusion))

    @property
    def accuracy(self) -> float:
        return self.right / max(1, self.clips)

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's 95 % interval of the accuracy."""
        return wilson(self.right, self.clips)

    @property
    def recalls(self) -> dict[str, float | None]:
        """Share of each class's clips that were recognized; None for a class without clips."""
        return {name: row[i] / sum(row) if sum(row) else None
                for i, (name, row) in enumerate(zip(self.classes, self.confusion, strict=True))}

    def to_json(self) -> dict[str, Any]:
        return {"classes": list(self.classes), "confusion": [list(row) for row in self.confusion],
                "accuracy": self.accuracy, "interval95": list(self.interval), "clips": self.clips}

    @staticmethod
    def from_json(value: Mapping[str, Any]) -> Evaluation:
        rows = tuple(tuple(int(n) for n in row) for row in value["confusion"])
        return Evaluation(tuple(value["classes"]), rows)


def evaluate(model: bytes, maps: np.ndarray, labels: np.ndarray, classes: tuple[str, ...]) -> Evaluation:
    """Score `.tflite` bytes on int8 features [N, frames, bands]; the largest output wins."""
    answers = np.argmax(predict(model, maps), axis=-1)
    confusion = np.zeros((len(classes), len(classes)), np.int64)
    np.add.at(confusion, (np.asarray(labels), answers), 1)
    return Evaluation(classes, tuple(tuple(int(n) for n in row) for row in confusion))


def predict(model: bytes, maps: np.ndarray) -> np.ndarray:
    """int8 outputs [N, classes] of the TFLite Micro interpreter. ModelError when it refuses the model."""
    from tflite_micro import runtime

    try:
        interpreter = runtime.Interpreter.from_bytes(model, arena_size=ARENA_BYTES)
    except RuntimeError as error:
        raise ModelError(f"the TFLite Micro interpreter refuses the model: {error}") from error
    shape = tuple(interpreter.get_input_details(0)["shape"])
    rows = []
    for clip in maps:
        interpreter.set_input(np.ascontiguousarray(clip).reshape(shape), 0)
        interpreter.invoke()
        rows.append(interpreter.get_output(0).reshape(-1).copy())
    return np.stack(rows) if rows else np.zeros((0, 0), np.int8)


def wilson(right: int, total: int, z: float = 1.959964) -> tuple[float, float]:
    """95 % interval of a proportion (Wilson 1927); (0, 1) when nothing was counted."""
    if total == 0:
        return 0.0, 1.0
    share = right / total
    centre = share + z * z / (2 * total)
    half = z * sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    scale = 1 + z * z / total
    return (centre - half) / scale, (centre + half) / scale
