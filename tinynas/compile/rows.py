"""An operator's row form: the same operator on an image one row high.

Any kernel path can then make a row of the output from the rows of the input that its window touches; it
needs no second entry point, and its own scratch, constants and cost describe the row. Rows near the upper
and lower edge see fewer input rows and so are different images; all others are the same one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from tinynas.boards import Core
from tinynas.graph import Graph, Op
from tinynas.graph.geometry import Pads, padding_2d, span
from tinynas.graph.ops import Add, AveragePool2D, Conv2D, DepthwiseConv2D, MaxPool2D, Mul, Sub
from tinynas.kernels import average_pool_rows
from tinynas.kernels.path import KernelPath
from tinynas.memory.rows import RowStep, RowWindow

WINDOWED = (Conv2D, DepthwiseConv2D, AveragePool2D, MaxPool2D)
PAIRED = (Add, Sub, Mul)
WORD_BYTES = 4


@dataclass(frozen=True, eq=False)
class Row:
    """One kind of output row: the operator and graph that make it, and how many rows are of this kind."""

    op: Op
    graph: Graph
    count: int


@dataclass(frozen=True, eq=False)
class RowForm:
    """`windows`: activation -> the rows an output row needs. `variants`: rows at the top that differ, the common
    one, rows at the bottom that differ; when no row is common, all are `top`.

    `sums`: the operator takes one row of its input at a time (`rows` are the input's) and has its one output row
    when it has taken all. `path` makes rows; it is the chosen kernel path but for sums."""

    windows: Mapping[int, RowWindow]
    variants: tuple[Row, ...]
    top: int
    bottom: int
    rows: int
    path: KernelPath
    sums: bool = False

    def step(self) -> RowStep:
        """What the planner wants to know."""
        scratch = max(self.path.scratch_bytes(row.op, row.graph) for row in self.variants)
        return RowStep(self.windows, scratch, self.held_bytes)

    @property
    def held_bytes(self) -> int:
        return average_pool_rows.PATH.held_bytes(self.variants[0].op, self.variants[0].graph) if self.sums else 0


def row_form(op: Op, graph: Graph, path: KernelPath, core: Core) -> RowForm | None:
    """None when the operator cannot be executed by rows with this kernel path."""
    window = _window(op, graph, path)
    if window is None:
        return None
    if _over_all(op, graph):
        return _sums(op, graph, core)
    sources, output = graph.activations(op), graph.tensors[op.outputs[0]]
    rows = output.shape[1]
    in_rows = graph.tensors[sources[0]].shape[1]
    if not _aligned(graph, (*sources, op.outputs[0]), window, rows):
        return None
    seen = [(max(0, y * window.stride - window.pad_top),
             min(in_rows, y * window.stride - window.pad_top + window.kernel)) for y in range(rows)]
    if any(first >= end for first, end in seen):
        return None
    whole = [y for y in range(rows) if seen[y][1] - seen[y][0] == window.kernel]
    top, bottom = (whole[0], rows - 1 - whole[-1]) if whole else (rows, 0)
    shown = [*range(top), *whole[:1], *range(rows - bottom, rows)]
    variants = []
    for y in shown:
        above = max(0, window.pad_top - y * window.stride)
        one = _one_row(op, graph, window, above, seen[y][1] - seen[y][0])
        if path.refuses(one.op, one.graph, core) is not None:
            return None
        variants.append(replace(one, count=len(whole) if whole and y == whole[0] else 1))
    single = (window.kernel, window.stride, window.pad_top) == (1, 1, 0)
    windows = {t: replace(window, in_place=single and _in_place(variants[0], path, t, op.outputs[0])) for t in sources}
    return RowForm(windows, tuple(variants), top, bottom, rows, path)


def _over_all(op: Op, graph: Graph) -> bool:
    """Whether it is an average over an image of at least three rows."""
    if not isinstance(op, AveragePool2D) or op.pads is not None:
        return False
    x, y = graph.tensors[op.inputs[0]].shape, graph.tensors[op.outputs[0]].shape
    return y[1:3] == (1, 1) and op.kernel == x[1:3] and x[1] >= 3


def _sums(op: Op, graph: Graph, core: Core) -> RowForm | None:
    """An average over the image: each row is a pool whose other rows are padding."""
    assert isinstance(op, AveragePool2D)
    x = op.inputs[0]
    rows, path = graph.tensors[x].shape[1], average_pool_rows.PATH
    tensors = list(graph.tensors)
    tensors[x] = _with_rows(graph, x, 1)
    variants = []
    for y, count in ((0, 1), (1, rows - 2), (rows - 1, 1)):
        one = replace(op, pads=(y, rows - 1 - y, 0, 0))
        variants.append(Row(one, replace(graph, tensors=tuple(tensors), ops=(one,)), count))
    if path.refuses(variants[0].op, variants[0].graph, core) is not None or not _aligned(
            graph, (x, op.outputs[0]), RowWindow(), 1):
        return None
    window = RowWindow(rows, accumulates=True)
    return RowForm({x: window}, tuple(variants), 1, 1, rows, path, sums=True)


def _in_place(row: Row, path: KernelPath, source: int, output: int) -> bool:
    """Whether a row may be made over the one row it is made of."""
    overlap = path.overlaps(row.op, row.graph).get((source, output))
    return overlap is not None and (overlap.in_place or (overlap.forward is not None and overlap.forward <= 0))


def _window(op: Op, graph: Graph, path: KernelPath) -> RowWindow | None:
    """The rows an output row needs, the same of every input; None when that is not the whole story."""
    sources = graph.activations(op)
    if not 1 <= len(sources) <= 2 or len(op.outputs) != 1 or len(set(sources)) != len(sources):
        return None
    shapes = [graph.tensors[t].shape for t in (*sources, op.outputs[0])]
    if any(len(s) != 4 or s[0] != 1 for s in shapes) or graph.tensors[sources[0]].dtype != "int8":
        return None
    if isinstance(op, WINDOWED):
        kernel, dilation = _kernel(op, graph), getattr(op, "dilation", (1, 1))
        if dilation[0] != 1:
            return None
        top, _ = padding_2d(shapes[0], shapes[1], kernel, op.stride, dilation, op.pads)
        return RowWindow(kernel[0], op.stride[0], top)
    if path.name == "table" and shapes[0] == shapes[1]:
        return RowWindow()
    if isinstance(op, PAIRED) and len(sources) == 2 and shapes[0] == shapes[1] == shapes[2]:
        return RowWindow()
    return None


def _kernel(op: Op, graph: Graph) -> tuple[int, int]:
    if isinstance(op, AveragePool2D | MaxPool2D):
        return op.kernel
    weights = graph.tensors[op.inputs[1]].shape
    return weights[1], weights[2]


def _aligned(graph: Graph, tensors: tuple[int, ...], window: RowWindow, rows: int) -> bool:
    """Whether all rows of the output, and all first rows of a window, begin at whole words."""
    *sources, output = (graph.tensors[t].shape for t in tensors)
    if rows > 1 and output[2] * output[3] % WORD_BYTES:
        return False
    firsts = {max(0, y * window.stride - window.pad_top) for y in range(rows)}
    return all(first * shape[2] * shape[3] % WORD_BYTES == 0 for shape in sources for first in firsts)


def _one_row(op: Op, graph: Graph, window: RowWindow, above: int, in_rows: int) -> Row:
    """The operator that makes one row out of `in_rows` rows, with `above` rows of padding over them."""
    sources, y = graph.activations(op), op.outputs[0]
    tensors = list(graph.tensors)
    for t in sources:
        tensors[t] = _with_rows(graph, t, in_rows)
    tensors[y] = _with_rows(graph, y, 1)
    changed: Any = op
    if isinstance(op, WINDOWED) and _kernel(op, graph) != (1, 1):
        changed = replace(op, pads=_row_pads(op, graph, window, above, in_rows))
    return Row(changed, replace(graph, tensors=tuple(tensors), ops=(changed,)), 1)


def _with_rows(graph: Graph, t: int, rows: int) -> Any:
    tensor = graph.tensors[t]
    return replace(tensor, shape=(1, rows, *tensor.shape[2:]))


def _row_pads(op: Any, graph: Graph, window: RowWindow, above: int, in_rows: int) -> Pads:
    x, y = graph.tensors[op.inputs[0]].shape, graph.tensors[op.outputs[0]].shape
    kernel, dilation = _kernel(op, graph), getattr(op, "dilation", (1, 1))
    left = padding_2d(x, y, kernel, op.stride, dilation, op.pads)[1]
    right = (y[2] - 1) * op.stride[1] + span(kernel[1], dilation[1]) - left - x[2]
    return above, window.kernel - above - in_rows, left, max(0, right)
