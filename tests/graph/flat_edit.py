"""Hand-made `.tflite` files, right or wrong: what the writer would refuse to write.

Every field can be set to nonsense; `build` lays the file out as the schema says, nothing more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import flatbuffers
import numpy as np
import tflite

from tinynas.graph.tflite_schema import FORMATS


@dataclass
class TensorSpec:
    name: str
    shape: Sequence[int]
    type_name: str = "INT8"
    scale: Sequence[float] = (0.5,)
    zero_point: int = 0
    data: np.ndarray | None = None
    variable: bool = False


@dataclass
class OperatorSpec:
    kind: str
    inputs: Sequence[int]
    outputs: Sequence[int]
    options: dict[str, int] | None = None
    options_table: str | None = None
    version: int = 1
    custom: str | None = None


@dataclass
class ModelSpec:
    tensors: list[TensorSpec]
    operators: list[OperatorSpec]
    inputs: list[int]
    outputs: list[int]
    subgraphs: int = 1
    one_buffer: bool = False  # all constants share the first buffer with data
    buffers: list[int] = field(default_factory=list)


def build(spec: ModelSpec) -> bytes:
    fb = flatbuffers.Builder(1024)
    buffers = [_buffer(fb, None)]
    tensors = []
    for tensor in spec.tensors:
        index = 0
        if tensor.data is not None:
            if not spec.one_buffer or len(buffers) == 1:
                buffers.append(_buffer(fb, tensor.data))
            index = len(buffers) - 1
        tensors.append(_tensor(fb, tensor, index))
    codes = [_code(fb, o) for o in spec.operators]
    operators = [_operator(fb, k, o) for k, o in enumerate(spec.operators)]
    graph = _subgraph(fb, spec, tensors, operators)
    vectors = [_offsets(fb, v) for v in (codes, [graph] * spec.subgraphs, buffers)]
    tflite.ModelStart(fb)
    tflite.ModelAddVersion(fb, 3)
    tflite.ModelAddOperatorCodes(fb, vectors[0])
    tflite.ModelAddSubgraphs(fb, vectors[1])
    tflite.ModelAddBuffers(fb, vectors[2])
    fb.Finish(tflite.ModelEnd(fb), b"TFL3")
    return bytes(fb.Output())


def _offsets(fb: flatbuffers.Builder, offsets: Sequence[int]) -> int:
    fb.StartVector(4, len(offsets), 4)
    for offset in reversed(offsets):
        fb.PrependUOffsetTRelative(offset)
    return int(fb.EndVector())


def _ints(fb: flatbuffers.Builder, values: Sequence[int]) -> int:
    return int(fb.CreateNumpyVector(np.array(values, np.int32)))


def _buffer(fb: flatbuffers.Builder, data: np.ndarray | None) -> int:
    vector = None if data is None else fb.CreateNumpyVector(np.frombuffer(data.tobytes(), np.uint8))
    tflite.BufferStart(fb)
    if vector is not None:
        tflite.BufferAddData(fb, vector)
    return int(tflite.BufferEnd(fb))


def _tensor(fb: flatbuffers.Builder, tensor: TensorSpec, buffer: int) -> int:
    name, shape = fb.CreateString(tensor.name), _ints(fb, tensor.shape)
    scale = fb.CreateNumpyVector(np.array(tensor.scale, np.float32))
    zero_point = fb.CreateNumpyVector(np.array([tensor.zero_point] * len(tensor.scale), np.int64))
    tflite.QuantizationParametersStart(fb)
    tflite.QuantizationParametersAddScale(fb, scale)
    tflite.QuantizationParametersAddZeroPoint(fb, zero_point)
    quantization = tflite.QuantizationParametersEnd(fb)
    tflite.TensorStart(fb)
    tflite.TensorAddShape(fb, shape)
    tflite.TensorAddType(fb, getattr(tflite.TensorType, tensor.type_name))
    tflite.TensorAddBuffer(fb, buffer)
    tflite.TensorAddName(fb, name)
    tflite.TensorAddIsVariable(fb, tensor.variable)
    tflite.TensorAddQuantization(fb, quantization)
    return int(tflite.TensorEnd(fb))


def _code(fb: flatbuffers.Builder, operator: OperatorSpec) -> int:
    custom = fb.CreateString(operator.custom) if operator.custom else None
    code = getattr(tflite.BuiltinOperator, operator.kind)
    tflite.OperatorCodeStart(fb)
    tflite.OperatorCodeAddDeprecatedBuiltinCode(fb, min(code, 127))
    tflite.OperatorCodeAddBuiltinCode(fb, code)
    tflite.OperatorCodeAddVersion(fb, operator.version)
    if custom is not None:
        tflite.OperatorCodeAddCustomCode(fb, custom)
    return int(tflite.OperatorCodeEnd(fb))


def _operator(fb: flatbuffers.Builder, code: int, operator: OperatorSpec) -> int:
    inputs, outputs = _ints(fb, operator.inputs), _ints(fb, operator.outputs)
    form = FORMATS.get(operator.kind)
    table = operator.options_table or (form.options if form and operator.options is not None else "")
    options = None
    if table:
        getattr(tflite, f"{table}Start")(fb)
        for name, value in (operator.options or {}).items():
            getattr(tflite, f"{table}Add{name}")(fb, value)
        options = getattr(tflite, f"{table}End")(fb)
    tflite.OperatorStart(fb)
    tflite.OperatorAddOpcodeIndex(fb, code)
    tflite.OperatorAddInputs(fb, inputs)
    tflite.OperatorAddOutputs(fb, outputs)
    if options is not None:
        tflite.OperatorAddBuiltinOptionsType(fb, getattr(tflite.BuiltinOptions, table))
        tflite.OperatorAddBuiltinOptions(fb, options)
    return int(tflite.OperatorEnd(fb))


def _subgraph(
    fb: flatbuffers.Builder, spec: ModelSpec, tensors: Sequence[int], operators: Sequence[int]
) -> int:
    vectors = [
        _offsets(fb, tensors), _ints(fb, spec.inputs), _ints(fb, spec.outputs), _offsets(fb, operators),
    ]
    tflite.SubGraphStart(fb)
    tflite.SubGraphAddTensors(fb, vectors[0])
    tflite.SubGraphAddInputs(fb, vectors[1])
    tflite.SubGraphAddOutputs(fb, vectors[2])
    tflite.SubGraphAddOperators(fb, vectors[3])
    return int(tflite.SubGraphEnd(fb))
