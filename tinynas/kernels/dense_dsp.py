"""FULLY_CONNECTED on cores with DSP instructions: eight outputs at a time, inputs unpacked as they come."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tinynas.boards import Core
from tinynas.graph import Graph, Op
from tinynas.graph.fixed_point import activation_range
from tinynas.graph.ops import Dense
from tinynas.graph.ops.dense import dense_multipliers
from tinynas.kernels.common import (
    FIELD_BYTES,
    folded_bias,
    input_tensor,
    limits,
    output_tensor,
    tensor_in,
    weights_of,
)
from tinynas.kernels.dense_plain import dense_shape, per_tensor
from tinynas.kernels.dsp_packing import not_packable, quick_layer, without_dsp, words_of_pairs
from tinynas.kernels.groups import Groups, group_distances
from tinynas.kernels.path import Array, Call, Code, Constants, KernelPath, Overlap

FIELDS = 11
EIGHT = 8
LEAST = 4  # inputs


def runs(outputs: int) -> list[int]:
    """How many outputs are computed together: eights, then twos."""
    left = outputs % EIGHT
    return [EIGHT] * (outputs // EIGHT) + [min(2, left - k) for k in range(0, left, 2)]


def round_order(depth: int) -> np.ndarray:
    """Lane -> input of a pair of outputs: fours, the second of which starts where the others end with the vector;
    -1 where it repeats inputs of the first."""
    rounds = -(-depth // 4)
    starts = np.concatenate([[0], depth - 4 * np.arange(rounds - 1, 0, -1)]).astype(np.int64)
    order: np.ndarray = starts[:, None] + np.array([0, 2, 1, 3])
    order[1:][order[1:] < 4] = -1
    return order.reshape(-1)


class DenseDsp(KernelPath):
    name = "dense_dsp"
    sources = ("dense_dsp.c",)

    def refuses(self, op: Op, graph: Graph, core: Core) -> str | None:
        if not isinstance(op, Dense):
            return f"runs FULLY_CONNECTED, not {op.kind}"
        depth = input_tensor(graph, op, 1).shape[1]
        if depth < LEAST:
            return f"runs at least {LEAST} inputs, not {depth}"
        return without_dsp(core) or not_packable(op, graph)

    def overlaps(self, op: Op, graph: Graph) -> Mapping[tuple[int, int], Overlap]:
        """A run of outputs is written when its vector is read; later runs read the vector again."""
        rows, depth, outputs = dense_shape(op, graph)
        ends = np.cumsum(runs(outputs))
        end = (np.arange(rows)[:, None] * outputs + ends[None, :]).reshape(-1)
        read = np.repeat(np.arange(rows) * depth, len(ends))
        groups = Groups(read, read + depth, np.append(0, end[:-1]), end)
        forward = group_distances(groups, rows * depth, rows * outputs).forward
        return {(op.inputs[0], op.outputs[0]): Overlap(forward, None)}

    def constants(self, op: Op, graph: Graph) -> Constants:
        _, depth, outputs = dense_shape(op, graph)
        words = sum(_words(n, depth, per_tensor(op, graph)) for n in runs(outputs))
        return Constants(4 * words, FIELD_BYTES * FIELDS)

    def features(self, op: Op, graph: Graph) -> Mapping[str, float]:
        rows, depth, outputs = dense_shape(op, graph)
        eights, left = divmod(outputs, EIGHT)
        twos, fours = -(-left // 2), -(-depth // 4)
        nearest = output_tensor(graph, op).zero_point != -128
        return {
            "calls": 1.0,
            "rows": float(rows),
            "eights": float(rows * eights),
            "eights_own": float(0 if per_tensor(op, graph) else rows * eights),
            "eights_nearest": float(rows * eights if nearest else 0),
            "rounds": float(rows * eights * fours),
            "turns": float(rows * eights * -(-fours // 4)),
            "twos": float(rows * twos),
            "two_rounds": float(rows * twos * fours),
            "left": float(rows * left),
        }

    def code(self, op: Op, graph: Graph, backward: bool = False) -> Code:
        assert isinstance(op, Dense)
        x, w, y = input_tensor(graph, op), input_tensor(graph, op, 1), output_tensor(graph, op)
        bias = tensor_in(graph, op, 2)
        rows, depth, outputs = dense_shape(op, graph)
        matrix = weights_of(w).reshape(outputs, depth).astype(np.int64)
        folded = folded_bias(matrix, None if bias is None else weights_of(bias), x.zero_point).astype(np.int64)
        single = per_tensor(op, graph)
        multipliers, shifts = dense_multipliers(x, w, y)
        quick = activation_range(op.activation, y.scale, y.zero_point) == (-128, 127) and quick_layer(
            matrix, folded, multipliers, -1 - shifts, y.zero_point)
        factors = multipliers * (2 if quick else 1)
        stream = _stream(matrix, folded, None if single else (factors, -1 - shifts))
        params: dict[str, int | str] = {
            "stream": "stream",
            "any": int(not quick), "shared": int(single),
            "factor": int(np.uint32(factors[0]).astype(np.int32)) if single else 0,
            "shift": -1 - int(shifts[0]) if single else 0,
            "rows": rows, "depth": depth, "outputs": outputs,
            **limits(op.activation, y),
        }
        call = Call("tinynas_dense_dsp", params, (op.inputs[0],), (op.outputs[0],))
        return Code((Array("stream", stream, "weights"),), (call,))


def _words(outputs: int, depth: int, shared: bool) -> int:
    """Of a run in the stream: biases, weights, and factors of its own."""
    pairs = EIGHT // 2 if outputs == EIGHT else 1
    return 2 * pairs + 2 * pairs * -(-depth // 4) + (0 if shared else 2 * pairs + -(-pairs // 2))


def _stream(matrix: np.ndarray, bias: np.ndarray, factors: tuple[np.ndarray, np.ndarray] | None) -> np.ndarray:
    """uint32 words, run after run. factors: multipliers and shifts of every output."""
    outputs, depth = matrix.shape
    odd = outputs % 2
    rows, biases = _even(matrix, odd), _even(bias, odd)
    words = words_of_pairs(rows, round_order(depth)).reshape(len(rows) // 2, -1, 2)
    parts, first = [], 0
    for count in runs(outputs):
        end = first + (EIGHT if count == EIGHT else 2)
        block = words[first // 2:end // 2]
        parts += [biases[first:end:2], block.transpose(1, 0, 2).reshape(-1), biases[first + 1:end:2]]
        if factors is not None:
            multipliers, shifts = (_even(v, odd)[first:end] for v in factors)
            parts += [multipliers, _bytes(shifts)]
        first = end
    return (np.concatenate(parts) & 0xFFFFFFFF).astype(np.uint32)


def _even(values: np.ndarray, odd: int) -> np.ndarray:
    return np.concatenate([values, np.zeros_like(values[:odd])])


def _bytes(values: np.ndarray) -> np.ndarray:
    """Bytes as words, the first one lowest."""
    filled = np.concatenate([values, np.zeros(-len(values) % 4, values.dtype)]).astype(np.int64) & 255
    words: np.ndarray = (filled.reshape(-1, 4) << np.array([0, 8, 16, 24])).sum(axis=1)
    return words


PATH = DenseDsp()
