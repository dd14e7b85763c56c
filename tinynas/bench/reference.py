"""What to feed a model, and what must come out.

The judge is the TFLite Micro interpreter on the model's own bytes. The NumPy reference of tinynas.graph is
bit-exact with it, but it is ours; it stands in only when the user asks for it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tinynas.errors import ToolError, UsageError
from tinynas.graph import Graph, Tensor
from tinynas.graph.run import run as numpy_run
from tinynas.tflm import interpreter_run

REFERENCES = ("tflm", "numpy")
RANDOM = 3  # kinds of inputs before it: lowest, highest, zero point

Arrays = tuple[np.ndarray, ...]


def test_inputs(graph: Graph, count: int, seed: int) -> list[Arrays]:
    """`count` inferences' inputs: a uniformly random one, all lowest, all highest, all zero point, then random
    ones. (Instructions can depend on the data, so a single input should look like data.)"""
    if count < 1:
        raise UsageError(f"{count} inputs: at least 1 is needed")
    rng = np.random.default_rng(seed)
    tensors = [graph.tensors[t] for t in graph.inputs]
    kinds = [RANDOM, *range(RANDOM), *[RANDOM] * count][:count]
    return [tuple(_values(t, kind, rng) for t in tensors) for kind in kinds]


test_inputs.__test__ = False  # type: ignore[attr-defined]  # pytest: this is no test


def _values(tensor: Tensor, kind: int, rng: np.random.Generator) -> np.ndarray:
    dtype = np.dtype(tensor.dtype)
    if dtype.kind == "f":
        constants: list[float] = [-1.0, 1.0, 0.0]
        random: np.ndarray = rng.uniform(-1.0, 1.0, tensor.shape)
    else:
        low, high = (0, 1) if dtype.kind == "b" else (np.iinfo(dtype).min, np.iinfo(dtype).max)
        zero = tensor.zero_point if tensor.quantization is not None else 0
        constants = [low, high, zero]
        random = rng.integers(low, high, tensor.shape, endpoint=True)
    return np.full(tensor.shape, constants[kind], dtype) if kind < len(constants) else random.astype(dtype)


def expected_outputs(
    model: bytes | None, graph: Graph, inputs: Sequence[Arrays], reference: str = "tflm",
) -> tuple[list[Arrays], str]:
    """(outputs of every inference, who computed them). `model`: the bytes of the .tflite; None: `graph` is
    written as one. ToolError when the reference is not installed, ModelError when it refuses the model."""
    if reference == "numpy":
        return [tuple(numpy_run(graph, i)) for i in inputs], "tinynas.graph.run (NumPy)"
    if reference != "tflm":
        raise UsageError(f"no reference '{reference}': choose one of {', '.join(REFERENCES)}")
    if model is None:
        from tinynas.graph.write_tflite import write_tflite

        model = write_tflite(graph)
    return _tflm(model, graph, inputs)


def _tflm(model: bytes, graph: Graph, inputs: Sequence[Arrays]) -> tuple[list[Arrays], str]:
    from importlib.metadata import version

    try:
        outputs = interpreter_run(model, inputs, graph.name)
    except ToolError as e:
        raise ToolError(f"{e}, or compare with tinynas' own reference (--reference numpy)") from None
    return [tuple(values) for values in outputs], f"tflite-micro {version('tflite-micro')}"
