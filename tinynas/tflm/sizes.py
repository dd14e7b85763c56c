"""What each operator costs in TFLite Micro's arena: sizes of its structs on 32-bit Arm, and scratch.

Taken from arm-none-eabi builds of TFLite Micro with CMSIS-NN; the whole formula is checked to the
byte against known models in the tests. Operators that are not listed get a guess, and the result
is then labelled an estimate.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod

from tinynas.graph.flatfile import RawModel, RawOperator, RawTensor
from tinynas.graph.geometry import padding_before
from tinynas.graph.tensor import ITEM_BYTES
from tinynas.graph.tflite_schema import DTYPES

Scratch = Callable[[RawModel, RawOperator], Sequence[int]]


@dataclass(frozen=True)
class Footprint:
    """`parsed_bytes`: the operator's parsed parameters. `data_bytes`: what its kernel keeps between
    Prepare and Eval; 0 when it keeps nothing. `multipliers`: output multipliers and shifts per
    channel follow. `scratch`: sizes of its scratch buffers on a core with DSP instructions."""

    parsed_bytes: int = 0
    data_bytes: int = 0
    multipliers: bool = False
    scratch: Scratch = lambda model, op: ()


def tensor_bytes(tensor: RawTensor) -> int:
    """Bytes of a tensor's elements; one element for a scalar."""
    name = DTYPES.get(tensor.type_code)
    return prod(tensor.shape) * (ITEM_BYTES[name] if name else 4)


def _conv(model: RawModel, op: RawOperator) -> Sequence[int]:
    _, kh, kw, channels = model.tensors[op.inputs[1]].shape
    if (kh, kw) == (1, 1) and _undilated(op):
        return ()
    return (4 * (-(-kh * kw * channels // 4) * 4),)


def _depthwise(model: RawModel, op: RawOperator) -> Sequence[int]:
    source, weights, output = (model.tensors[t] for t in (op.inputs[0], op.inputs[1], op.outputs[0]))
    _, kh, kw, out_channels = weights.shape
    channels = source.shape[3]
    if channels != out_channels or not _undilated(op):
        return ()
    pads = [
        padding_before(source.shape[k], output.shape[k], (kh, kw)[k - 1], stride, 1)
        for k, stride in ((1, op.options["StrideH"]), (2, op.options["StrideW"]))
    ]
    if (kh, kw) == (3, 3) and max(pads) <= 1:
        return ()
    return (2 * channels * kh * kw,)


def _undilated(op: RawOperator) -> bool:
    return bool(op.options["DilationHFactor"] == 1 and op.options["DilationWFactor"] == 1)


def _average_pool(model: RawModel, op: RawOperator) -> Sequence[int]:
    return (4 * model.tensors[op.outputs[0]].shape[3],)


def _mean(model: RawModel, op: RawOperator) -> Sequence[int]:
    source, axes, output = (model.tensors[t] for t in (op.inputs[0], op.inputs[1], op.outputs[0]))
    return (4 * prod(output.shape), 4 * len(source.shape), 4 * max(1, prod(axes.shape)))


FOOTPRINTS: dict[str, Footprint] = {
    "CONV_2D": Footprint(28, 60, True, _conv),
    "DEPTHWISE_CONV_2D": Footprint(28, 60, True, _depthwise),
    "FULLY_CONNECTED": Footprint(5, 72, True),
    "AVERAGE_POOL_2D": Footprint(40, 36, False, _average_pool),
    "MAX_POOL_2D": Footprint(40, 36),
    "SOFTMAX": Footprint(4, 64),
    "RESHAPE": Footprint(36),
    "ADD": Footprint(2, 60),
    "SUB": Footprint(2, 52),
    "MUL": Footprint(1, 36),
    "MEAN": Footprint(1, 44, False, _mean),
    "LOGISTIC": Footprint(0, 16),
    "TANH": Footprint(0, 16),
    "QUANTIZE": Footprint(0, 32),
    "SPLIT": Footprint(4),
    "LESS": Footprint(0, 32),
    "WHILE": Footprint(8),
}
GUESS = Footprint(8, 64)
