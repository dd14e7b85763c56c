"""The TFLite Micro interpreter as judge of every integer we compute.

Its reference kernels define the right answer (tf.lite's differ by one in dense layers). The package
gives no way to ask how large an arena is needed, and far too small a one ends the whole process, so
the first try is generous: every tensor at once, and ample bookkeeping. Should that not do, it grows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import tflite

from tinynas.errors import ModelError, ToolError

SPARE_BYTES = 1 << 20
SPARE_BYTES_PER_OPERATOR = 8 << 10
GROWTHS = 2  # fourfold each


def interpreter_run(
    model_bytes: bytes, inputs: Sequence[Sequence[np.ndarray]], name: str = "model",
) -> list[list[np.ndarray]]:
    """Run the model once per entry of `inputs` (one array per graph input); outputs likewise.

    Arrays must have the tensors' shapes and types. State (variables) is carried from run to run.
    ToolError when the interpreter is not installed; ModelError when it refuses the model or an
    input."""
    runtime = _runtime()
    arena_bytes, count = _look(model_bytes, name)
    interpreter = _load(runtime, model_bytes, arena_bytes, name)
    results = []
    for values in inputs:
        try:
            for k, value in enumerate(values):
                interpreter.set_input(np.ascontiguousarray(value), k)
            interpreter.invoke()
        except (RuntimeError, ValueError) as error:
            raise ModelError(f"{name}: TFLite Micro refuses to run it: {_first_line(error)}") from None
        results.append([np.array(interpreter.get_output(k)) for k in range(count)])
    return results


def _runtime() -> Any:
    try:
        from tflite_micro.python.tflite_micro import runtime
    except ImportError as error:
        raise ToolError(
            f"the TFLite Micro interpreter is not installed ({error}): pip install tflite-micro") from None
    return runtime


def _look(model_bytes: bytes, name: str) -> tuple[int, int]:
    """(a generous arena, number of outputs), from the file itself."""
    if model_bytes[4:8] != b"TFL3":
        raise ModelError(f"{name}: not a .tflite file (no TFL3 identifier)")
    try:
        model = tflite.Model.GetRootAs(model_bytes)
        graphs = [model.Subgraphs(k) for k in range(model.SubgraphsLength())]
        shapes = [g.Tensors(k).ShapeAsNumpy() for g in graphs for k in range(g.TensorsLength())]
        elements = sum(int(np.prod(shape)) for shape in shapes)
        operators = sum(g.OperatorsLength() for g in graphs)
        outputs = int(graphs[0].OutputsLength())
    except Exception as error:  # the flatbuffers library's own reaction to garbage, whatever it is
        raise ModelError(f"{name}: damaged .tflite file ({type(error).__name__}: {error})") from None
    return SPARE_BYTES + 8 * elements + SPARE_BYTES_PER_OPERATOR * operators, outputs


def _load(runtime: Any, model_bytes: bytes, arena_bytes: int, name: str) -> Any:
    for attempt in range(GROWTHS + 1):
        try:
            return runtime.Interpreter.from_bytes(model_bytes, arena_size=arena_bytes << 2 * attempt)
        except (RuntimeError, ValueError) as error:
            refusal = _first_line(error)
    raise ModelError(f"{name}: TFLite Micro refuses it: {refusal}")


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
