"""Bytes of a program, predicted: constants exactly from shapes, code and stack from the calibration."""

from __future__ import annotations

from collections.abc import Sequence

from tinynas.compile.program import Flash, Sram, Step
from tinynas.cost import Coefficients
from tinynas.graph import Graph

WORD_BYTES = 4
DRIVER_CODE_BYTES = 800  # tinynas_fused.c and what calls it: 796 to 980 by core
DRIVER_STACK_BYTES = 88  # of a fused run, from the invoke function to a kernel: measured on Cortex-M7
PROGRESS_BYTES = 4  # per stage


def flash_of(graph: Graph, steps: Sequence[Step], coefficients: Coefficients) -> Flash:
    """Weights and tables are exact. Code: each kernel source once, plus the calls in the invoke function."""
    weights = tables = 0
    for step in steps:
        constants = step.path.constants(step.op, graph)
        weights += constants.weights
        tables += constants.tables
    sources = {source for step in steps for path in (step.path, *step.paths) for source in path.sources}
    paths = {path.name for step in steps for path in step.paths}
    driver = DRIVER_CODE_BYTES if any(step.ops for step in steps) else 0
    return Flash(
        code_bytes=coefficients.code_bytes(paths, sources, len(steps)) + driver,
        weights_bytes=weights,
        tables_bytes=tables,
    )


def sram_of(arena_bytes: int, steps: Sequence[Step], coefficients: Coefficients) -> Sram:
    """The arena is exact (whole words); the stack below the invoke call is the deepest kernel's, from the
    calibration."""
    alone = {step.path.name for step in steps if not step.ops}
    by_rows = {path.name for step in steps if step.ops for path in step.paths}
    stages = max((len(step.ops) for step in steps), default=0)
    return Sram(
        arena_bytes=-(-arena_bytes // WORD_BYTES) * WORD_BYTES,
        stack_bytes=max(
            coefficients.stack_bytes(alone),
            coefficients.stack_bytes(by_rows) + DRIVER_STACK_BYTES + PROGRESS_BYTES * stages if by_rows else 0,
        ),
    )
