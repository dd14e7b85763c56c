"""Packing layers for the kernels with DSP instructions: two channels a lane, constants in the stream.

A 16-bit lane holds a + 256 b, the weights of two neighbouring output channels for one input. The kernel
gets the sums of a x and of (a + 256 b) x, both modulo 2^32; their difference is 256 times the sum of b x
exactly as long as that sum lies within 24 bits. That is certain for up to 516 inputs, since
516 * 127 * 128 < 2^23, and is checked on the weights of deeper layers. firmware/kernels/group_dsp.h
describes the stream, group_dsp.c how sums become outputs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tinynas.boards import Core
from tinynas.graph import Graph, Op, Tensor
from tinynas.graph.fixed_point import activation_range
from tinynas.graph.requantize import output_multipliers, requantize
from tinynas.kernels.common import folded_bias, input_tensor, not_int8, output_tensor, tensor_in, weights_of
from tinynas.kernels.path import Array

BESIDES = 6  # words of a pair that are no weights
SEVEN = 7  # bits below the point that b's high product keeps when halves go up
SLOW = 1 << 15  # in the word of shifts: halves away from zero, any factors, or a channel b that is missing
_LANE_SUM = 2**23
_QUAD = np.array([0, 2, 1, 3])  # SXTB16 gives bytes 0 and 2, then 1 and 3


def without_dsp(core: Core) -> str | None:
    """Why a path of DSP instructions refuses the core."""
    return None if core.dsp else f"{core.name} has no DSP instructions"


def not_packable(op: Op, graph: Graph) -> str | None:
    """Why the tensors of a layer cannot be packed: types, or weights that break the lanes."""
    w = input_tensor(graph, op, 1)
    wrong = not_int8((input_tensor(graph, op), w, output_tensor(graph, op)))
    if wrong is not None or w.data is None:
        return wrong
    rows = w.data.reshape(w.shape[0], -1)
    if (rows == -128).any():
        return f"tensor '{w.name}' has weights of -128; it takes -127 to 127"
    if rows.shape[1] * 127 * 128 >= _LANE_SUM:
        low, high = _bounds(rows)
        if (low <= -_LANE_SUM).any() or (high >= _LANE_SUM).any():
            return f"sums of tensor '{w.name}' may exceed 24 bits; it packs two weights a lane"
    return None


def natural_order(depth: int) -> np.ndarray:
    """Lane -> input, for inputs in their order, completed to fours (-1: none)."""
    quads = -(-depth // 4)
    order = (np.arange(quads)[:, None] * 4 + _QUAD).reshape(-1)
    return np.where(order < depth, order, -1)


def stream_bytes(lanes: int, outputs: int) -> int:
    """Flash of a stream, from shapes alone."""
    return 4 * (BESIDES + lanes // 2) * (-(-outputs // 2))


@dataclass(frozen=True)
class Packed:
    """The stream of a layer and the fields that go with it."""

    stream: Array
    any: int
    low: int
    high: int
    zero_point: int


def pack(op: Op, graph: Graph, activation: str, order: np.ndarray) -> Packed:
    """Weights (lanes in `order`), folded biases and factors of a convolution, pair by pair of channels."""
    x, w, y = input_tensor(graph, op), input_tensor(graph, op, 1), output_tensor(graph, op)
    bias = tensor_in(graph, op, 2)
    rows = weights_of(w).reshape(w.shape[0], -1).astype(np.int64)
    folded = folded_bias(rows, None if bias is None else weights_of(bias), x.zero_point).astype(np.int64)
    multipliers, shifts = output_multipliers(x, w, y, len(rows))
    return pack_rows(rows, folded, multipliers, shifts, activation, y, order)


def pack_rows(
    rows: np.ndarray, bias: np.ndarray, multipliers: np.ndarray, shifts: np.ndarray, activation: str,
    output: Tensor, order: np.ndarray,
) -> Packed:
    """rows: (outputs, depth); bias: folded; multipliers, shifts: one per output."""
    low, high = activation_range(activation, output.scale, output.zero_point)
    right = -1 - shifts
    quick = False
    if (low, high) == (-128, 127):
        made = _without_constants(rows, bias, multipliers, right, activation, output)
        of_b = made[0][1::2], made[1][1::2], made[2][1::2], made[3][1::2]
        quick = quick_layer(*made, output.zero_point) and _quick_b(*of_b, output.zero_point)
        rows, bias, multipliers, right = made if quick else (rows, bias, multipliers, right)
    odd = len(rows) % 2
    rows, bias, multipliers, right = (_even(v, odd) for v in (rows, bias, multipliers, right))
    words = words_of_pairs(rows, order)
    a, b = slice(0, None, 2), slice(1, None, 2)
    half_up = quick and output.zero_point == -128
    start = bias[a] + (256 * bias[b] if quick else 0)
    shift_b = right[b] + (SEVEN if half_up else 0)
    constant = (-255 << shift_b) + 64 if half_up else np.zeros_like(bias[b]) if quick else bias[b]
    shifts_word = (shift_b & 255) | (0 if half_up else SLOW) | (right[a] & 255) << 16
    if odd:
        shifts_word[-1] |= SLOW
    columns = (bias[a, None], start[:, None], words, multipliers[b, None], constant[:, None],
               (2 if quick else 1) * multipliers[a, None], shifts_word[:, None])
    data = (np.concatenate(columns, axis=1) & 0xFFFFFFFF).astype(np.uint32)
    zero_point = output.zero_point
    stream = Array("stream", data, "weights")
    return Packed(stream, int(not quick), low - zero_point, high - zero_point, zero_point)


def _even(values: np.ndarray, odd: int) -> np.ndarray:
    return np.concatenate([values, np.zeros_like(values[:odd])])


def words_of_pairs(rows: np.ndarray, order: np.ndarray) -> np.ndarray:
    """(pairs, lanes / 2) words of lanes a + 256 b from an even number of rows; -1 in `order` is a zero."""
    lanes = np.concatenate([rows, np.zeros((len(rows), 1), rows.dtype)], axis=1)[:, order]
    return _halves(lanes[0::2] + 256 * lanes[1::2])


def _halves(lanes: np.ndarray) -> np.ndarray:
    """Pairs of 16-bit lanes as words, the first one low."""
    words: np.ndarray = (lanes[:, 0::2] & 0xFFFF) | ((lanes[:, 1::2] & 0xFFFF) << 16)
    return words


def _bounds(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Least and greatest sum of a row's products with int8 inputs."""
    wide = rows.astype(np.int64)
    up, down = np.maximum(wide, 0).sum(axis=1), np.maximum(-wide, 0).sum(axis=1)
    return -128 * up - 127 * down, 127 * up + 128 * down


def _without_constants(
    rows: np.ndarray, bias: np.ndarray, multipliers: np.ndarray, right: np.ndarray, activation: str,
    output: Tensor,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The same layer with outputs that never change made by a bias alone, with a factor of one quarter.

    Outputs never fall as the sum grows, so one is constant when its least and greatest sums give the same."""
    ends = np.stack([bound + bias for bound in _bounds(rows)])
    outputs = requantize(ends, multipliers, -1 - right, output, activation).astype(np.int64)
    whole = (np.abs(ends) < 2**31).all(axis=0)
    if (right < -1).any():
        whole &= (np.abs(ends << np.maximum(-1 - right, 0)) < 2**31).all(axis=0)
    constant = whole & (outputs[0] == outputs[1])
    return (
        np.where(constant[:, None], 0, rows), np.where(constant, 4 * (outputs[0] - output.zero_point), bias),
        np.where(constant, 2**30, multipliers), np.where(constant, 0, right),
    )


def _quick_b(
    rows: np.ndarray, bias: np.ndarray, multipliers: np.ndarray, right: np.ndarray, zero_point: int,
) -> bool:
    """Whether 256 times the sums of the channels b, biases included, and what follows stay within 32 bits."""
    ends = np.stack([bound + bias for bound in _bounds(rows)])
    if (np.abs(ends) >= _LANE_SUM).any():
        return False
    if zero_point != -128:
        return True
    if (right > 23 - SEVEN).any():
        return False
    constant = (-255 << (right + SEVEN)) + 64
    return bool((np.abs((256 * ends * multipliers >> 32) + constant) < 2**31).all())


def quick_layer(
    rows: np.ndarray, bias: np.ndarray, multipliers: np.ndarray, right: np.ndarray, zero_point: int,
) -> bool:
    """Whether every sum, doubled, and its high product with the rounding constant stay within 32 bits, and every
    shift is to the right by at least one. Limits of -128 and 127 are the caller's to check."""
    low, high = (bound + bias for bound in _bounds(rows))
    if ((right < 0) | (right > 23) | (multipliers == 0)).any():
        return False
    constant = (2 * zero_point + 1) << right
    for end in (low, high):
        product = (end * multipliers + 2**30) >> 31
        extremes = np.abs(np.stack([2 * end, product + constant, product - 1 + constant]))
        if (extremes >= 2**31).any():
            return False
    return True
