"""Run a graph in NumPy, bit for bit as the TFLite Micro interpreter's reference kernels would."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tinynas.errors import ModelError, UsageError
from tinynas.graph.graph import Graph
from tinynas.graph.op import ABSENT


def run(graph: Graph, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Outputs of one inference, in the order of `graph.outputs`.

    `inputs` in the order of `graph.inputs`, of exactly their shapes and dtypes. Raises UsageError
    for inputs that do not fit, ModelError for a graph without weights."""
    values = run_all(graph, inputs)
    return [values[index] for index in graph.outputs]


def run_all(graph: Graph, inputs: Sequence[np.ndarray]) -> dict[int, np.ndarray]:
    """Every activation of one inference: tensor index -> value, graph inputs included."""
    if not graph.has_weights:
        raise ModelError(f"model '{graph.name}' has no weights yet; train it before running it")
    values = _bind(graph, inputs)
    for op in graph.ops:
        given = [
            None if i == ABSENT else graph.tensors[i].data if graph.tensors[i].constant else values[i]
            for i in op.inputs
        ]
        results = op.run(given, graph.input_tensors(op), graph.output_tensors(op))
        values.update(zip(op.outputs, results, strict=True))
    return values


def _bind(graph: Graph, inputs: Sequence[np.ndarray]) -> dict[int, np.ndarray]:
    if len(inputs) != len(graph.inputs):
        raise UsageError(f"model '{graph.name}' takes {len(graph.inputs)} inputs, not {len(inputs)}")
    values = {}
    for index, value in zip(graph.inputs, inputs, strict=True):
        tensor = graph.tensors[index]
        if value.shape != tensor.shape or value.dtype.name != tensor.dtype:
            raise UsageError(
                f"input '{tensor.name}' is {tensor.dtype}{list(tensor.shape)}, "
                f"not {value.dtype.name}{list(value.shape)}"
            )
        values[index] = value
    return values
