"""What a kernel path is: one way to execute an operator in C.

The planner, the cost model and the generator ask the path; none of them knows operators by
name. Each path is one Python file here and the C file of the same name in firmware/kernels/.

C calling convention: `void FUNCTION(const FUNCTION_params *p, INPUTS..., OUTPUTS..., [scratch])`
where inputs are `const int8_t *` (or the dtype of the tensor), outputs likewise without const,
and `void *scratch` is the last argument when `Call.scratch` is true. `FUNCTION_params` is a
struct of 32-bit (or smaller) fields and pointers to constant arrays.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from tinynas.boards import Core
from tinynas.graph import Graph, Op


def up(size: int, align: int = 4) -> int:
    """`size` rounded up to a multiple of `align`."""
    return -(-size // align) * align


@dataclass(frozen=True, eq=False)
class Array:
    """A constant array in flash. role "weights" counts as flash.weights, "tables" as flash.tables."""

    name: str  # suffix, unique within the operator: "weights", "bias", "multipliers"
    data: np.ndarray
    role: str  # "weights" | "tables"
    align: int = 4

    @property
    def size_bytes(self) -> int:
        """Bytes in flash: the generator pads every array to a multiple of its alignment, so that the sum over
        arrays is what the linker places. `KernelPath.constants` must count the same padded sizes."""
        return -(-int(self.data.nbytes) // self.align) * self.align


@dataclass(frozen=True, eq=False)
class Call:
    """One C call: `function(&params, inputs..., outputs..., scratch)`.

    `params` maps field names, in the order of the C struct, to ints, or to the name of an Array
    of the same `Code` (a pointer to it). A float is a C float."""

    function: str
    params: Mapping[str, int | float | str]
    inputs: tuple[int, ...]  # tensor indices
    outputs: tuple[int, ...]
    scratch: bool = False


@dataclass(frozen=True, eq=False)
class Code:
    """What one operator becomes: arrays in flash and the calls that use them."""

    arrays: tuple[Array, ...] = ()
    calls: tuple[Call, ...] = ()


@dataclass(frozen=True)
class Overlap:
    """How far an output may overlap an input that dies here, in bytes.

    Executed forward, it is safe when out_start <= in_start - forward; backward, when
    out_start >= in_start + backward. None: that direction does not exist. Elementwise: (0, 0) or
    (0, None). `None` instead of an Overlap: input and output must be disjoint. Distances may be
    negative (even less separation is enough). `in_place`: besides, either direction is safe when both
    start at the same byte (a kernel that goes through one channel of all pixels after the other)."""

    forward: int | None = None
    backward: int | None = None
    in_place: bool = False


@dataclass(frozen=True)
class Constants:
    """Flash bytes of an operator's arrays and parameter structs on a 32-bit target, known without weights."""

    weights: int = 0
    tables: int = 0


class KernelPath(ABC):
    """One instance per file, named PATH."""

    name: ClassVar[str]  # the file's stem: "conv_plain"
    sources: ClassVar[tuple[str, ...]]  # files under firmware/kernels/ to compile

    @abstractmethod
    def refuses(self, op: Op, graph: Graph, core: Core) -> str | None:
        """None when this path can execute the operator on the core, else why not, in words."""

    def scratch_bytes(self, op: Op, graph: Graph) -> int:
        return 0

    def overlaps(self, op: Op, graph: Graph) -> Mapping[tuple[int, int], Overlap]:
        """(input tensor, output tensor) -> how they may overlap; pairs not named are disjoint."""
        return {}

    @abstractmethod
    def constants(self, op: Op, graph: Graph) -> Constants:
        """Equals the sizes of `code()`'s arrays plus sizeof each params struct (32-bit target), from
        shapes and quantization metadata alone."""

    @abstractmethod
    def features(self, op: Op, graph: Graph) -> Mapping[str, float]:
        """Physically meaningful quantities of the cost model (macs, outputs, positions, rows, ...)."""

    @abstractmethod
    def code(self, op: Op, graph: Graph, backward: bool = False) -> Code:
        """Packed constants and calls; needs weights. `backward`: execute in reverse order."""


@dataclass(frozen=True)
class Choice:
    """The kernel path chosen for one operator."""

    op_index: int
    path: KernelPath = field(repr=False)
