"""What the packing of several kernel paths shares: folded biases, factor tables, limits, refusals."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from tinynas.errors import ModelError
from tinynas.graph import ABSENT, Graph, Op, Tensor
from tinynas.graph.fixed_point import activation_range
from tinynas.kernels.path import Array, Constants, up

FIELD_BYTES = 4  # every field of a params struct is a 32-bit integer, float or pointer


def tensor_in(graph: Graph, op: Op, position: int) -> Tensor | None:
    """The op's input tensor at `position`, None where it is absent or not given."""
    if position >= len(op.inputs) or op.inputs[position] == ABSENT:
        return None
    return graph.tensors[op.inputs[position]]


def input_tensor(graph: Graph, op: Op, position: int = 0) -> Tensor:
    """As tensor_in, for inputs that must be there."""
    found = tensor_in(graph, op, position)
    if found is None:
        raise ModelError(f"{op.kind} '{op.name}' has no input {position}")
    return found


def output_tensor(graph: Graph, op: Op) -> Tensor:
    return graph.tensors[op.outputs[0]]


def weights_of(tensor: Tensor) -> np.ndarray:
    """Data of a constant; ModelError when the model has none yet."""
    if tensor.data is None:
        raise ModelError(f"tensor '{tensor.name}' has no data: code needs a trained model")
    return tensor.data


def folded_bias(rows: np.ndarray, bias: np.ndarray | None, zero_point: int) -> np.ndarray:
    """bias - zero_point * sum of each row, wrapped to int32 as the accumulator would be.

    rows: (outputs, depth) int8. Kernels may then multiply raw inputs, padding included."""
    total = -zero_point * rows.astype(np.int64).sum(axis=1)
    if bias is not None:
        total = total + bias.reshape(-1).astype(np.int64)
    wrapped: np.ndarray = total.astype(np.int32)
    return wrapped


def requantizer(
    bias: np.ndarray, multipliers: np.ndarray, shifts: np.ndarray
) -> tuple[tuple[Array, ...], dict[str, int | str]]:
    """Tables of a layer with one factor per output channel, and the fields that begin its params
    after the weights. The C shifts right by the table's value plus one (see requantize_run.h)."""
    right = -1 - shifts
    arrays = (
        Array("bias", bias.astype(np.int32), "weights"),
        Array("multipliers", multipliers.astype(np.int32), "tables"),
        Array("shifts", right.astype(np.int8), "tables"),
    )
    fields: dict[str, int | str] = {a.name: a.name for a in arrays}
    return arrays, {**fields, "any_left": int((right < 0).any())}


def limits(activation: str, output: Tensor) -> dict[str, int]:
    """Fields low, high (less the zero point) and zero_point."""
    low, high = activation_range(activation, output.scale, output.zero_point)
    return {"low": low - output.zero_point, "high": high - output.zero_point, "zero_point": output.zero_point}


def not_int8(tensors: Iterable[Tensor | None]) -> str | None:
    """Why a path for int8 refuses these tensors."""
    for tensor in tensors:
        if tensor is not None and tensor.dtype != "int8":
            return f"tensor '{tensor.name}' is {tensor.dtype}; it takes int8, so quantize that tensor"
    return None


def layer_constants(weight_bytes: int, outputs: int, factors: int, fields: int) -> Constants:
    """Flash of a convolution or dense layer: weights and bias; `factors` multipliers and shifts, params."""
    return Constants(
        weights=up(weight_bytes) + 4 * outputs,
        tables=4 * factors + up(factors) + FIELD_BYTES * fields,
    )


def struct_constants(fields: int) -> Constants:
    """Flash of an operator that has parameters only."""
    return Constants(tables=FIELD_BYTES * fields)
