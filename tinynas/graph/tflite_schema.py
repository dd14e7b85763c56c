"""What both the reader and the writer of `.tflite` know of the format, by name.

Numbers come from the `tflite` package (generated from TensorFlow Lite's schema). Versions: the
reader accepts up to `newest`; what newer versions added is refused by type and option, so an
old-style operator in a new file still reads. The writer writes `written`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import tflite

DTYPES = {
    tflite.TensorType.FLOAT32: "float32", tflite.TensorType.INT32: "int32", tflite.TensorType.UINT8: "uint8",
    tflite.TensorType.INT64: "int64", tflite.TensorType.BOOL: "bool", tflite.TensorType.INT16: "int16",
    tflite.TensorType.INT8: "int8",
}
DTYPE_CODES = {name: code for code, name in DTYPES.items()}


def _names(enumeration: type) -> dict[int, str]:
    return {code: name for name, code in vars(enumeration).items() if not name.startswith("_")}


TYPE_NAMES = _names(tflite.TensorType)
OPERATOR_NAMES = _names(tflite.BuiltinOperator)
OPTION_NAMES = _names(tflite.BuiltinOptions)
ACTIVATIONS = _names(tflite.ActivationFunctionType)
ACTIVATION_CODES = {name: code for code, name in ACTIVATIONS.items()}
PADDINGS = _names(tflite.Padding)
PADDING_CODES = {name: code for code, name in PADDINGS.items()}


@dataclass(frozen=True)
class OperatorFormat:
    """How one operator is stored: its options table, the scalar fields read, and versions."""

    options: str  # table name; "" when the operator has none
    fields: tuple[str, ...]
    newest: int
    written: int
    vectors: tuple[str, ...] = ()  # int32 vector fields

    @property
    def options_code(self) -> int:
        return int(getattr(tflite.BuiltinOptions, self.options)) if self.options else 0


_WINDOW = ("Padding", "StrideH", "StrideW", "FusedActivationFunction")
_DILATION = ("DilationHFactor", "DilationWFactor")
_POOL = OperatorFormat("Pool2DOptions", (*_WINDOW, "FilterHeight", "FilterWidth"), 3, 2)
_FUSED = ("FusedActivationFunction",)

FORMATS: dict[str, OperatorFormat] = {
    "ADD": OperatorFormat("AddOptions", _FUSED, 5, 2),
    "AVERAGE_POOL_2D": _POOL,
    "CONCATENATION": OperatorFormat("ConcatenationOptions", ("Axis", *_FUSED), 5, 2),
    "CONV_2D": OperatorFormat("Conv2DOptions", (*_WINDOW, *_DILATION), 9, 3),
    "DEPTHWISE_CONV_2D": OperatorFormat(
        "DepthwiseConv2DOptions", (*_WINDOW, *_DILATION, "DepthMultiplier"), 8, 3
    ),
    "DEQUANTIZE": OperatorFormat("DequantizeOptions", (), 7, 2),
    "EXPAND_DIMS": OperatorFormat("ExpandDimsOptions", (), 2, 1),
    "FULLY_CONNECTED": OperatorFormat(
        "FullyConnectedOptions", (*_FUSED, "WeightsFormat", "KeepNumDims"), 14, 5
    ),
    "HARD_SWISH": OperatorFormat("HardSwishOptions", (), 2, 1),
    "LEAKY_RELU": OperatorFormat("LeakyReluOptions", ("Alpha",), 3, 2),
    "LOGISTIC": OperatorFormat("", (), 4, 2),
    "MAX_POOL_2D": _POOL,
    "MEAN": OperatorFormat("ReducerOptions", ("KeepDims",), 4, 2),
    "MUL": OperatorFormat("MulOptions", _FUSED, 8, 2),
    "PAD": OperatorFormat("PadOptions", (), 5, 2),
    "PADV2": OperatorFormat("PadV2Options", (), 5, 2),
    "QUANTIZE": OperatorFormat("QuantizeOptions", (), 4, 2),
    "RELU": OperatorFormat("", (), 3, 2),
    "RELU6": OperatorFormat("", (), 3, 2),
    "RESHAPE": OperatorFormat("ReshapeOptions", (), 2, 1, ("NewShape",)),
    "SOFTMAX": OperatorFormat("SoftmaxOptions", ("Beta",), 4, 2),
    "SPLIT": OperatorFormat("SplitOptions", ("NumSplits",), 5, 2),
    "SQUEEZE": OperatorFormat("SqueezeOptions", (), 3, 1, ("SqueezeDims",)),
    "STRIDED_SLICE": OperatorFormat(
        "StridedSliceOptions",
        ("BeginMask", "EndMask", "EllipsisMask", "NewAxisMask", "ShrinkAxisMask", "Offset"), 8, 2,
    ),
    "SUB": OperatorFormat("SubOptions", _FUSED, 5, 2),
    "TANH": OperatorFormat("", (), 4, 2),
    "TRANSPOSE": OperatorFormat("TransposeOptions", (), 7, 2),
}


def supported_operators() -> str:
    """For messages: every operator that can be read, in order."""
    return ", ".join(sorted(FORMATS))


Options = dict[str, Any]  # field name -> int, float, bool, or a list of ints for a vector
