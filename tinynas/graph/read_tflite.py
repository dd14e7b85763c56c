"""Read a `.tflite` file into a Graph.

A file is input from outside: nothing in it is believed. It is parsed defensively (flatfile), each
operator is decoded or refused by name (tflite_decode), and the whole is validated as any graph is.
What comes back is a sound Graph; everything else is one ModelError.
"""

from __future__ import annotations

from math import prod
from pathlib import Path

import numpy as np

from tinynas.errors import ModelError
from tinynas.graph.flatfile import MAX_FILE_BYTES, RawModel, RawOperator, RawTensor, parse
from tinynas.graph.graph import Graph
from tinynas.graph.op import ABSENT, Op
from tinynas.graph.tensor import ITEM_BYTES, Quantization, Tensor
from tinynas.graph.tflite_decode import Source, decode
from tinynas.graph.tflite_schema import DTYPES, FORMATS, TYPE_NAMES, supported_operators
from tinynas.graph.validate import MAX_RANK, MAX_TENSOR_BYTES, validate


def read_tflite(source: Path | bytes) -> Graph:
    """The graph of an int8 model (float32 at the edges allowed).

    `source`: a path or the file's bytes. Raises ModelError, one line, naming the file and, where
    it applies, operator index, kind and name, and what is supported instead."""
    if isinstance(source, Path):
        data, name = _load(source), source.name
    else:
        data, name = bytes(source), "model"
    try:
        graph = _to_graph(parse(data, name), source.stem if isinstance(source, Path) else None)
        validate(graph)
    except ModelError as error:
        raise error if str(error).startswith(f"{name}: ") else ModelError(f"{name}: {error}") from None
    return graph


def _load(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise ModelError(f"{path}: more than {MAX_FILE_BYTES >> 20} MB")
        return path.read_bytes()
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error.strerror or error})") from None


def _to_graph(raw: RawModel, name: str | None) -> Graph:
    tensors = _Tensors(raw)
    ops = []
    for index, operator in enumerate(raw.operators):
        label = _name(raw, operator)
        try:
            ops.append(_to_op(operator, label, tensors, len(raw.tensors)))
        except ModelError as error:
            raise ModelError(f"operator {index} {operator.kind} '{label}': {error}") from None
    _check_indices((*raw.inputs, *raw.outputs), len(raw.tensors))
    for tensor in (*raw.inputs, *raw.outputs):
        tensors[tensor]
    name = name or raw.name or "model"
    return _compact(Graph(name, tensors.all(), tuple(ops), raw.inputs, raw.outputs))


def _name(raw: RawModel, operator: RawOperator) -> str:
    """An operator is called after its first output; the converter appends aliases after ';'."""
    if operator.outputs and 0 <= operator.outputs[0] < len(raw.tensors):
        return raw.tensors[operator.outputs[0]].name.split(";")[0]
    return ""


def _check_indices(indices: tuple[int, ...], count: int) -> None:
    for index in indices:
        if not 0 <= index < count:
            raise ModelError(f"tensor {index} does not exist; the model has {count}")


def _to_op(operator: RawOperator, name: str, tensors: _Tensors, count: int) -> Op:
    form = FORMATS.get(operator.kind)
    if form is None:
        raise ModelError(f"operator is not supported; supported: {supported_operators()}")
    if not 1 <= operator.version <= form.newest:
        raise ModelError(f"version {operator.version} is not supported; supported: 1 to {form.newest}")
    if operator.options_table not in ("", form.options):
        raise ModelError(f"its options are {operator.options_table}, not {form.options or 'empty'}")
    if not operator.outputs:
        raise ModelError("it has no outputs")
    _check_indices((*(i for i in operator.inputs if i != ABSENT), *operator.outputs), count)
    seen = {i: tensors[i] for i in (*operator.inputs, *operator.outputs) if i != ABSENT}
    return decode(Source(operator.kind, name, operator.options, operator.inputs, operator.outputs, seen))


class _Tensors:
    """Converts tensors when an operator first asks for them, so errors name that operator."""

    def __init__(self, raw: RawModel) -> None:
        self.raw = raw
        self.done: dict[int, Tensor] = {}

    def __getitem__(self, index: int) -> Tensor:
        if index not in self.done:
            try:
                self.done[index] = _to_tensor(self.raw.tensors[index])
            except ModelError as error:
                raise ModelError(f"tensor {index} '{self.raw.tensors[index].name}': {error}") from None
        return self.done[index]

    def all(self) -> tuple[Tensor, ...]:
        unused = Tensor("", ())
        return tuple(self.done.get(k, unused) for k in range(len(self.raw.tensors)))


def _to_tensor(raw: RawTensor) -> Tensor:
    dtype = DTYPES.get(raw.type_code)
    if dtype is None:
        raise ModelError(
            f"type {TYPE_NAMES.get(raw.type_code, raw.type_code)} is not supported; "
            f"supported: {', '.join(DTYPES.values())}"
        )
    if raw.variable:
        raise ModelError("variable tensors are not supported")
    if raw.sparse:
        raise ModelError("sparse tensors are not supported; store the weights densely")
    if raw.custom_quantization:
        raise ModelError("custom quantization is not supported")
    if len(raw.shape) > MAX_RANK or any(d < 1 for d in raw.shape):
        raise ModelError(
            f"shape {list(raw.shape)} is not supported; at most {MAX_RANK} dimensions, each at least 1"
        )
    size = prod(raw.shape) * ITEM_BYTES[dtype]
    if size > MAX_TENSOR_BYTES:
        raise ModelError(f"shape {list(raw.shape)} takes more than {MAX_TENSOR_BYTES >> 20} MB")
    data = None
    if raw.data is not None:
        if raw.data.size != size:
            raise ModelError(f"it holds {raw.data.size} bytes; {dtype}{list(raw.shape)} needs {size}")
        little = np.frombuffer(raw.data.tobytes(), np.dtype(dtype).newbyteorder("<"))
        data = little.astype(dtype).reshape(raw.shape)
    return Tensor(raw.name, raw.shape, dtype, _quantization(raw, dtype), raw.data is not None, data)


def _quantization(raw: RawTensor, dtype: str) -> Quantization | None:
    if not raw.scale or dtype == "float32":
        return None
    zero_point = raw.zero_point
    if len(zero_point) == 1:
        zero_point = zero_point * len(raw.scale)  # one for all channels, as TFLite reads it
    return Quantization(raw.scale, zero_point, raw.axis)


def _compact(graph: Graph) -> Graph:
    """Drop the tensors that became attributes, or that nothing uses, and number the rest anew."""
    used = {i for op in graph.ops for i in (*op.inputs, *op.outputs) if i != ABSENT}
    used |= {*graph.inputs, *graph.outputs}
    order = sorted(used)
    place = {old: new for new, old in enumerate(order)} | {ABSENT: ABSENT}

    def renumber(indices: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(place[i] for i in indices)

    return Graph(
        graph.name, tuple(graph.tensors[i] for i in order),
        tuple(op.with_tensors(renumber(op.inputs), renumber(op.outputs)) for op in graph.ops),
        renumber(graph.inputs), renumber(graph.outputs),
    )
