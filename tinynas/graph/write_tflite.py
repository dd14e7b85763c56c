"""Write a graph as a `.tflite` flatbuffer that the TFLite Micro interpreter loads.

The same graph always gives the same bytes. Attributes that TFLite passes as constant inputs
(axes, shapes, paddings) are appended as tensors after the graph's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import flatbuffers
import numpy as np
import tflite

from tinynas.errors import ModelError
from tinynas.graph.graph import Graph
from tinynas.graph.op import Op
from tinynas.graph.tensor import Quantization, Tensor
from tinynas.graph.tflite_encode import encode
from tinynas.graph.tflite_schema import DTYPE_CODES, FORMATS, Options
from tinynas.graph.validate import validate

SCHEMA_VERSION = 3
BUFFER_ALIGNMENT = 16  # the schema forces it, and TFLite Micro reads weights in place


def write_tflite(graph: Graph) -> bytes:
    """The graph as a flatbuffer; ModelError when it is not sound or has no weights yet."""
    validate(graph)
    if not graph.has_weights:
        raise ModelError(f"model '{graph.name}' has no weights yet; train it before writing it")
    return _Writer(graph).finish()


class _Writer:
    """Holds the flatbuffer under construction; buffer 0 is empty, as the format demands."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.fb = flatbuffers.Builder(1024)
        self.tensors = list(graph.tensors)
        self.inputs: list[list[int]] = []
        self.options: list[Options] = []
        for op in graph.ops:
            self._lower(op)

    def _lower(self, op: Op) -> None:
        """Turn attributes back into constant inputs."""
        encoded = encode(op, self.graph.input_tensors(op), self.graph.output_tensors(op))
        inputs = list(op.inputs)
        for operand in encoded.operands:
            inputs.insert(operand.position, len(self.tensors))
            self.tensors.append(Tensor(
                f"{op.name}/{operand.name}", operand.data.shape, operand.data.dtype.name,
                operand.quantization, constant=True, data=operand.data,
            ))
        self.inputs.append(inputs)
        self.options.append(encoded.options)

    def finish(self) -> bytes:
        fb = self.fb
        buffers = [self._buffer(None)]
        tensors = []
        for tensor in self.tensors:
            index = 0
            if tensor.data is not None:
                index = len(buffers)
                buffers.append(self._buffer(tensor.data))
            tensors.append(self._tensor(tensor, index))
        kinds = sorted({op.kind for op in self.graph.ops})
        codes = [self._operator_code(kind) for kind in kinds]
        operators = [self._operator(k, kinds) for k in range(len(self.graph.ops))]
        subgraph = self._subgraph(tensors, operators)
        description = fb.CreateString("tinynas")
        vectors = [self._offsets(v) for v in (codes, [subgraph], buffers)]
        tflite.ModelStart(fb)
        tflite.ModelAddVersion(fb, SCHEMA_VERSION)
        tflite.ModelAddOperatorCodes(fb, vectors[0])
        tflite.ModelAddSubgraphs(fb, vectors[1])
        tflite.ModelAddDescription(fb, description)
        tflite.ModelAddBuffers(fb, vectors[2])
        fb.Finish(tflite.ModelEnd(fb), b"TFL3")
        return bytes(fb.Output())

    def _offsets(self, offsets: Sequence[int]) -> int:
        self.fb.StartVector(4, len(offsets), 4)
        for offset in reversed(offsets):
            self.fb.PrependUOffsetTRelative(offset)
        return int(self.fb.EndVector())

    def _ints(self, values: Sequence[int]) -> int:
        return int(self.fb.CreateNumpyVector(np.array(values, np.int32)))

    def _buffer(self, data: np.ndarray | None) -> int:
        fb = self.fb
        vector = None
        if data is not None:
            raw = np.ascontiguousarray(data).tobytes()
            fb.StartVector(1, len(raw), BUFFER_ALIGNMENT)
            fb.head -= len(raw)
            fb.Bytes[fb.head:fb.head + len(raw)] = raw
            vector = fb.EndVector()
        tflite.BufferStart(fb)
        if vector is not None:
            tflite.BufferAddData(fb, vector)
        return int(tflite.BufferEnd(fb))

    def _quantization(self, q: Quantization) -> int:
        fb = self.fb
        scale = fb.CreateNumpyVector(np.array(q.scale, np.float32))
        zero_point = fb.CreateNumpyVector(np.array(q.zero_point, np.int64))
        tflite.QuantizationParametersStart(fb)
        tflite.QuantizationParametersAddScale(fb, scale)
        tflite.QuantizationParametersAddZeroPoint(fb, zero_point)
        tflite.QuantizationParametersAddQuantizedDimension(fb, q.axis)
        return int(tflite.QuantizationParametersEnd(fb))

    def _tensor(self, tensor: Tensor, buffer: int) -> int:
        fb = self.fb
        name = fb.CreateString(tensor.name)
        shape = self._ints(tensor.shape)
        quantization = self._quantization(tensor.quantization) if tensor.quantization else None
        tflite.TensorStart(fb)
        tflite.TensorAddShape(fb, shape)
        tflite.TensorAddType(fb, DTYPE_CODES[tensor.dtype])
        tflite.TensorAddBuffer(fb, buffer)
        tflite.TensorAddName(fb, name)
        if quantization is not None:
            tflite.TensorAddQuantization(fb, quantization)
        tflite.TensorAddHasRank(fb, True)
        return int(tflite.TensorEnd(fb))

    def _operator_code(self, kind: str) -> int:
        fb, code = self.fb, getattr(tflite.BuiltinOperator, kind)
        tflite.OperatorCodeStart(fb)
        tflite.OperatorCodeAddDeprecatedBuiltinCode(fb, min(code, 127))
        tflite.OperatorCodeAddVersion(fb, FORMATS[kind].written)
        tflite.OperatorCodeAddBuiltinCode(fb, code)
        return int(tflite.OperatorCodeEnd(fb))

    def _operator(self, index: int, kinds: Sequence[str]) -> int:
        fb, op = self.fb, self.graph.ops[index]
        inputs, outputs = self._ints(self.inputs[index]), self._ints(op.outputs)
        options = self._options(op.kind, self.options[index])
        tflite.OperatorStart(fb)
        tflite.OperatorAddOpcodeIndex(fb, kinds.index(op.kind))
        tflite.OperatorAddInputs(fb, inputs)
        tflite.OperatorAddOutputs(fb, outputs)
        if options is not None:
            tflite.OperatorAddBuiltinOptionsType(fb, FORMATS[op.kind].options_code)
            tflite.OperatorAddBuiltinOptions(fb, options)
        return int(tflite.OperatorEnd(fb))

    def _options(self, kind: str, values: Options) -> int | None:
        table = FORMATS[kind].options
        if not table:
            return None
        fields: dict[str, Any] = {k: self._ints(v) if isinstance(v, list) else v for k, v in values.items()}
        getattr(tflite, f"{table}Start")(self.fb)
        for field, value in fields.items():
            getattr(tflite, f"{table}Add{field}")(self.fb, value)
        return int(getattr(tflite, f"{table}End")(self.fb))

    def _subgraph(self, tensors: Sequence[int], operators: Sequence[int]) -> int:
        fb = self.fb
        name = fb.CreateString(self.graph.name)
        vectors = [
            self._offsets(tensors), self._ints(self.graph.inputs), self._ints(self.graph.outputs),
            self._offsets(operators),
        ]
        tflite.SubGraphStart(fb)
        tflite.SubGraphAddTensors(fb, vectors[0])
        tflite.SubGraphAddInputs(fb, vectors[1])
        tflite.SubGraphAddOutputs(fb, vectors[2])
        tflite.SubGraphAddOperators(fb, vectors[3])
        tflite.SubGraphAddName(fb, name)
        return int(tflite.SubGraphEnd(fb))
