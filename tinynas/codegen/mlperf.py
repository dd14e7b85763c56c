"""`tinynas_mlperf.h`: what the firmware's MLPerf Tiny commands must know about the model.

The benchmark has four tasks, and its runner chooses the data by the task's name, which the device says. A model is
taken for a task's when its input and output have the task's shapes and its pixels are quantized as the runner sends
them; any other model says its own name and takes its input as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import frexp, prod

from tinynas.codegen.text import c_string
from tinynas.errors import UsageError
from tinynas.graph import Graph, Shape, Tensor

WIRES = ("SAME", "PIXELS", "FLOAT")
_MANTISSA_BITS = 24


@dataclass(frozen=True)
class Task:
    """`wire`: how the runner sends the input: as the model takes it, as unsigned bytes, or as float32."""

    name: str
    inputs: int
    outputs: int
    wire: str = "SAME"


TASKS = (
    Task("kws01", 490, 12),
    Task("vww01", 96 * 96 * 3, 2, "PIXELS"),
    Task("ic01", 32 * 32 * 3, 10, "PIXELS"),
    Task("ad01", 640, 640, "FLOAT"),
)


def task_of(graph: Graph) -> Task | None:
    """The benchmark's task this model has the interface of."""
    if len(graph.inputs) != 1 or len(graph.outputs) != 1:
        return None
    source, result = graph.tensors[graph.inputs[0]], graph.tensors[graph.outputs[0]]
    if source.dtype != "int8" or result.dtype != "int8":
        return None
    sizes = (_count(source.shape), _count(result.shape))
    for task in TASKS:
        pixels = task.wire != "PIXELS" or source.zero_point == -128
        if sizes == (task.inputs, task.outputs) and pixels:
            return task
    return None


def wire_bytes(graph: Graph) -> int:
    """Bytes of one input as `db load` announces them."""
    task = task_of(graph)
    item = 4 if task is not None and task.wire == "FLOAT" else 1
    return item * sum(graph.tensors[t].size_bytes for t in graph.inputs)


def mlperf_header(graph: Graph) -> str:
    """The text of tinynas_mlperf.h. UsageError for an output of a type the firmware cannot print."""
    task = task_of(graph)
    wire = task.wire if task else "SAME"
    numbers = [
        f'#define MLPERF_MODEL "{c_string(task.name if task else graph.name)}"',
        *(f"#define MLPERF_WIRE_{name} {k}" for k, name in enumerate(WIRES)),
        f"#define MLPERF_WIRE MLPERF_WIRE_{wire}",
        f"#define MLPERF_INPUT_BYTES {wire_bytes(graph)}u",
    ]
    source, result = graph.tensors[graph.inputs[0]], graph.tensors[graph.outputs[0]]
    if wire == "FLOAT":
        for name, tensor in (("INPUT", source), ("OUTPUT", result)):
            numbers.append(f"#define MLPERF_{name}_SCALE {tensor.scale.hex()}f")
            numbers.append(f"#define MLPERF_{name}_ZERO_POINT ({tensor.zero_point})")
    rows = ", ".join(_output(graph.tensors[t]) for t in graph.outputs)
    return _TEXT.format(numbers="\n".join(numbers), rows=rows)


_TEXT = """/* What the MLPerf Tiny commands must know about the model. Written by tinynas.codegen.mlperf. */
#ifndef TINYNAS_MLPERF_H
#define TINYNAS_MLPERF_H

#include <stdint.h>

{numbers}

/* Values are (q - zero_point) * mantissa * 2^exponent; mantissa 0: float32. */
typedef struct {{
    uint32_t count;
    uint32_t bytes;
    int32_t zero_point;
    uint32_t mantissa;
    int32_t exponent;
}} mlperf_output;
#define MLPERF_OUTPUTS {{ {rows} }}

#endif
"""


def _count(shape: Shape) -> int:
    return prod(shape)


def _output(tensor: Tensor) -> str:
    count = _count(tensor.shape)
    if tensor.dtype == "float32":
        return f"{{ {count}u, 4u, 0, 0u, 0 }}"
    if tensor.dtype not in ("int8", "int16", "int32"):
        raise UsageError(f"output '{tensor.name}' is {tensor.dtype}: the firmware prints int8, int16, int32 "
                         "and float32")
    size = tensor.size_bytes // count
    if tensor.quantization is None or size == 4:
        return f"{{ {count}u, {size}u, 0, 1u, 0 }}"
    fraction, exponent = frexp(tensor.scale)  # a float32: the mantissa is exact
    mantissa = int(fraction * 2**_MANTISSA_BITS)
    return f"{{ {count}u, {size}u, {tensor.zero_point}, {mantissa}u, {exponent - _MANTISSA_BITS} }}"
