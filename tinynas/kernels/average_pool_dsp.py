"""AVERAGE_POOL_2D with DSP instructions: sums of 16 bits, two in a word."""

from __future__ import annotations

from collections.abc import Mapping

from tinynas.boards import Core
from tinynas.graph import Graph, Op
from tinynas.graph.ops import AveragePool2D
from tinynas.kernels.path import Code, Constants, KernelPath, Overlap
from tinynas.kernels.pool_common import (
    inside,
    pool_code,
    pool_constants,
    pool_overlaps,
    pool_refusal,
    pool_window,
)

BLOCK = 4  # channels read before they are written
MOST = 255  # elements of a window: more bytes than a 16-bit sum holds
LEAST = 2  # of one element a reciprocal has 33 bits


class AveragePoolDsp(KernelPath):
    name = "average_pool_dsp"
    sources = ("average_pool_dsp.c",)

    def refuses(self, op: Op, graph: Graph, core: Core) -> str | None:
        if not isinstance(op, AveragePool2D):
            return f"runs AVERAGE_POOL_2D, not {op.kind}"
        if not core.dsp:
            return "it needs the DSP extension"
        window = pool_window(op, graph)
        rows, columns = inside(window, 0), inside(window, 1)
        if rows.max() * columns.max() > MOST or rows.min() * columns.min() < LEAST:
            return f"it takes windows of {LEAST} to {MOST} elements"
        return pool_refusal(op, graph)

    def overlaps(self, op: Op, graph: Graph) -> Mapping[tuple[int, int], Overlap]:
        assert isinstance(op, AveragePool2D)
        return pool_overlaps(op, graph, BLOCK)

    def constants(self, op: Op, graph: Graph) -> Constants:
        return pool_constants()

    def features(self, op: Op, graph: Graph) -> Mapping[str, float]:
        """Rows of a window that spans the input are one; a row is read four pixels at a time."""
        assert isinstance(op, AveragePool2D)
        x, window = graph.tensors[op.inputs[0]], pool_window(op, graph)
        images, channels = x.shape[0], x.shape[3]
        blocks, singles = divmod(channels, BLOCK)
        rows, columns = inside(window, 0), inside(window, 1)
        fours = ones = runs = elements = 0.0
        for width in columns.tolist():
            whole = width == window.inputs[1]
            lengths = rows * width if whole else rows * 0 + width
            times = rows * 0 + 1 if whole else rows
            fours += float((times * (lengths // 4)).sum())
            ones += float((times * (lengths % 4)).sum())
            runs += float(times.sum())
            elements += float((rows * width).sum())
        positions = float(images * len(rows) * len(columns))
        return {
            "calls": 1.0, "positions": positions, "outputs": positions * channels,
            "blocks": positions * blocks,
            "runs": images * runs * blocks, "fours": images * fours * blocks, "ones": images * ones * blocks,
            "single_runs": images * runs * singles, "single_elements": images * elements * singles,
        }

    def code(self, op: Op, graph: Graph, backward: bool = False) -> Code:
        assert isinstance(op, AveragePool2D)
        return pool_code(op, graph, "tinynas_average_pool_dsp")


PATH = AveragePoolDsp()
