"""MAX_POOL_2D in plain C."""

from __future__ import annotations

from collections.abc import Mapping

from tinynas.boards import Core
from tinynas.graph import Graph, Op
from tinynas.graph.ops import MaxPool2D
from tinynas.kernels.path import Code, Constants, KernelPath, Overlap
from tinynas.kernels.pool_common import FIELDS as FIELDS
from tinynas.kernels.pool_common import pool_code, pool_constants, pool_features, pool_overlaps, pool_refusal

BLOCK = 1  # channels read before they are written


class MaxPoolPlain(KernelPath):
    name = "max_pool_plain"
    sources = ("max_pool_plain.c",)

    def refuses(self, op: Op, graph: Graph, core: Core) -> str | None:
        if not isinstance(op, MaxPool2D):
            return f"runs MAX_POOL_2D, not {op.kind}"
        return pool_refusal(op, graph)

    def overlaps(self, op: Op, graph: Graph) -> Mapping[tuple[int, int], Overlap]:
        assert isinstance(op, MaxPool2D)
        return pool_overlaps(op, graph, BLOCK)

    def constants(self, op: Op, graph: Graph) -> Constants:
        return pool_constants()

    def features(self, op: Op, graph: Graph) -> Mapping[str, float]:
        assert isinstance(op, MaxPool2D)
        return pool_features(op, graph, BLOCK)

    def code(self, op: Op, graph: Graph, backward: bool = False) -> Code:
        assert isinstance(op, MaxPool2D)
        return pool_code(op, graph, "tinynas_max_pool_plain")


PATH = MaxPoolPlain()
