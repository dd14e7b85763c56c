"""ADD and SUB as (a A + b B + c) >> 22, saturated: one multiplication per operand, where that is exact.

The reference rescales both operands, adds, rescales and rounds each time; yet an operator has only 65,536 pairs
of operands. All of them are computed here and compared: with A and B near the real ratios of scales times 2^22,
every pair bounds c from below (its output is reached) and from above (the next is not); any c between the
largest lower and the least upper bound is exact for all. (Halves that go away from zero on both sides of it need
A and B a little above the ratios.) Where the sum would not fit 32 bits there is none, and the plain kernel runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from tinynas.boards import Core
from tinynas.graph import Graph, Op, Quantization, Tensor
from tinynas.graph.fixed_point import activation_range
from tinynas.graph.ops import Add, Sub
from tinynas.kernels.binary_common import (
    binary_constant_bytes,
    binary_features,
    binary_fields,
    binary_loops,
    binary_overlaps,
    binary_refusal,
)
from tinynas.kernels.common import FIELD_BYTES, input_tensor, output_tensor
from tinynas.kernels.path import Call, Code, Constants, KernelPath, Overlap

FIELDS = 17
SHIFT = 22
REACH = 3  # how far from the real ratios A and B are sought, in units of 2^-22


@dataclass(frozen=True)
class Linear:
    a_factor: int
    b_factor: int
    constant: int


class AddLinear(KernelPath):
    name = "add_linear"
    sources = ("add_linear.c",)

    def refuses(self, op: Op, graph: Graph, core: Core) -> str | None:
        if not isinstance(op, Add | Sub):
            return f"runs ADD and SUB, not {op.kind}"
        refusal = binary_refusal(op, graph)
        if refusal is None and linear_of(op, graph) is None:
            refusal = "no linear form gives all its outputs"
        return refusal

    def overlaps(self, op: Op, graph: Graph) -> Mapping[tuple[int, int], Overlap]:
        return binary_overlaps(op, graph)

    def constants(self, op: Op, graph: Graph) -> Constants:
        return Constants(weights=binary_constant_bytes(op, graph), tables=FIELD_BYTES * FIELDS)

    def features(self, op: Op, graph: Graph) -> Mapping[str, float]:
        sizes, a, b = binary_loops(op, graph)
        features = binary_features(op, graph)
        outputs, runs = features["outputs"], features["runs"]
        if (a[-1], b[-1]) != (1, 1):
            return {"calls": 1.0, "runs": runs, "stepped": outputs}
        return {"calls": 1.0, "runs": runs, "fours": runs * (sizes[-1] // 4), "ones": runs * (sizes[-1] % 4)}

    def code(self, op: Op, graph: Graph, backward: bool = False) -> Code:
        assert isinstance(op, Add | Sub)
        y, found = output_tensor(graph, op), linear_of(op, graph)
        assert found is not None
        low, high = activation_range(op.activation, y.scale, y.zero_point)
        params: dict[str, int | str] = {
            **binary_fields(op, graph),
            "a_factor": found.a_factor, "b_factor": found.b_factor, "constant": found.constant,
            "low": low, "high": high,
        }
        call = Call("tinynas_add_linear", params, (op.inputs[0], op.inputs[1]), (op.outputs[0],))
        return Code(calls=(call,))


def linear_of(op: Add | Sub, graph: Graph) -> Linear | None:
    """The exact linear form, None when none was found. Depends on quantization only."""
    a, b, y = input_tensor(graph, op, 0), input_tensor(graph, op, 1), output_tensor(graph, op)
    quantization = tuple((t.scale, t.zero_point) for t in (a, b, y))
    return _linear(isinstance(op, Sub), op.activation, *quantization)


@lru_cache(maxsize=4096)
def _linear(
    subtract: bool, activation: str, a: tuple[float, int], b: tuple[float, int], y: tuple[float, int]
) -> Linear | None:
    outputs = all_outputs(subtract, activation, a, b, y)
    low, high = activation_range(activation, *y)
    left, right = np.meshgrid(np.arange(-128, 128), np.arange(-128, 128), indexing="ij")
    reached, next_one = outputs > low, outputs < high
    lower = (outputs[reached] << SHIFT, left[reached], right[reached])
    upper = ((outputs[next_one] + 1 << SHIFT) - 1, left[next_one], right[next_one])
    near = (round(a[0] / y[0] * 2**SHIFT), round(b[0] / y[0] * 2**SHIFT) * (-1 if subtract else 1))
    for da, db in _offsets():
        fa, fb = near[0] + da, near[1] + db
        least = int((lower[0] - fa * lower[1] - fb * lower[2]).max(initial=-(2**40)))
        most = int((upper[0] - fa * upper[1] - fb * upper[2]).min(initial=2**40))
        constant = (max(least, -(2**31)) + min(most, 2**31 - 1)) // 2
        if least <= constant <= most and 128 * (abs(fa) + abs(fb)) + abs(constant) < 2**31:
            return Linear(fa, fb, constant)
    return None


def _offsets() -> list[tuple[int, int]]:
    """The nearest first."""
    reach = range(-REACH, REACH + 1)
    return sorted(((da, db) for da in reach for db in reach), key=lambda d: (d[0] ** 2 + d[1] ** 2, d))


def all_outputs(
    subtract: bool, activation: str, a: tuple[float, int], b: tuple[float, int], y: tuple[float, int]
) -> np.ndarray:
    """(256, 256) int64: the reference's output for every pair of operands from -128 up."""
    tensors = [Tensor(name, (256, 256), "int8", Quantization.per_tensor(*q))
               for name, q in zip("aby", (a, b, y), strict=True)]
    values = np.arange(-128, 128, dtype=np.int8)
    left, right = np.meshgrid(values, values, indexing="ij")
    op = (Sub if subtract else Add)("", (0, 1), (2,), activation=activation)
    return op.run([left, right], tensors[:2], tensors[2:])[0].astype(np.int64)


PATH = AddLinear()
