"""Kernel paths: every way an operator can be executed in C, in order of preference.

To add one: a Python file here, the C file of the same name in firmware/kernels/ with its parameters
and prototype in tinynas_kernels.h, a line in PATHS, and a test."""

from __future__ import annotations

from tinynas.boards import Core
from tinynas.errors import ModelError
from tinynas.graph import Graph, Op
from tinynas.kernels import (
    add_linear,
    add_plain,
    average_pool_dsp,
    average_pool_plain,
    conv_1x1_dsp,
    conv_1x1_plain,
    conv_dsp,
    conv_plain,
    conv_strip_dsp,
    conv_thin_dsp,
    copy_rows,
    copy_steps,
    dense_dsp,
    dense_plain,
    depthwise_dsp,
    depthwise_plain,
    dequantize_float,
    max_pool_plain,
    mean_plain,
    mul_plain,
    pad,
    quantize_float,
    softmax_plain,
    softmax_table,
    table,
)
from tinynas.kernels.path import Array, Call, Choice, Code, Constants, KernelPath, Overlap

__all__ = [
    "PATHS", "Array", "Call", "Choice", "Code", "Constants", "KernelPath", "Overlap", "default_path",
    "paths_for",
]

PATHS: tuple[KernelPath, ...] = (
    conv_1x1_dsp.PATH,
    conv_strip_dsp.PATH,
    conv_dsp.PATH,
    conv_thin_dsp.PATH,
    conv_1x1_plain.PATH,
    conv_plain.PATH,
    *depthwise_dsp.PATHS,
    depthwise_plain.PATH,
    dense_dsp.PATH,
    dense_plain.PATH,
    average_pool_dsp.PATH,
    average_pool_plain.PATH,
    max_pool_plain.PATH,
    mean_plain.PATH,
    add_linear.PATH,
    add_plain.PATH,
    mul_plain.PATH,
    softmax_table.PATH,
    softmax_plain.PATH,
    table.PATH,
    pad.PATH,
    copy_rows.PATH,
    copy_steps.PATH,
    quantize_float.PATH,
    dequantize_float.PATH,
)


def paths_for(op: Op, graph: Graph, core: Core) -> list[KernelPath]:
    """Every path that can execute the operator on the core, the preferred one first."""
    return [path for path in PATHS if path.refuses(op, graph, core) is None]


def default_path(op: Op, graph: Graph, core: Core) -> KernelPath:
    """The preferred path; ModelError naming the operator and why each path for its kind refuses."""
    found = paths_for(op, graph, core)
    if found:
        return found[0]
    raise ModelError(f"{_label(op, graph)} has no kernel for {core.name}: {_reasons(op, graph, core)}")


def _label(op: Op, graph: Graph) -> str:
    for index, other in enumerate(graph.ops):
        if other is op:
            return graph.label(index)
    return f"operator {op.kind} '{op.name}'"


def _reasons(op: Op, graph: Graph, core: Core) -> str:
    """Refusals by paths that know the operator's kind; they all begin otherwise with what they run."""
    reasons = []
    for path in PATHS:
        refusal = path.refuses(op, graph, core)
        if refusal is not None and not refusal.endswith(f"not {op.kind}"):
            reasons.append(f"{path.name}: {refusal}")
    if not reasons:
        kinds = sorted({p.name for p in PATHS})
        return f"no kernel path runs {op.kind}; there are {', '.join(kinds)}"
    return "; ".join(reasons)
