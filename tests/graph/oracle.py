"""The judge of every number: the TFLite Micro interpreter (its reference kernels)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import tflite

ARENA_BYTES = 1 << 20


class Tflm:
    """One loaded model, to be run on many inputs. `arena_bytes` must hold all activations."""

    def __init__(self, model: bytes, arena_bytes: int = ARENA_BYTES) -> None:
        from tflite_micro.python.tflite_micro import runtime

        self._outputs = tflite.Model.GetRootAs(model).Subgraphs(0).OutputsLength()
        self._interpreter = runtime.Interpreter.from_bytes(model, arena_size=arena_bytes)

    def run(self, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Outputs of one inference, in the model's order."""
        for k, value in enumerate(inputs):
            self._interpreter.set_input(value, k)
        self._interpreter.invoke()
        return [np.array(self._interpreter.get_output(k)) for k in range(self._outputs)]


def tflm_run(
    model: bytes, inputs: Sequence[np.ndarray], arena_bytes: int = ARENA_BYTES
) -> list[np.ndarray]:
    """Load `model` and run it once."""
    return Tflm(model, arena_bytes).run(inputs)
