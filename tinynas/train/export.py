"""Keras model -> int8 `.tflite` bytes by TensorFlow Lite's post-training quantization.

A `tf.function` of batch 1, frozen, converts to clean operators. The calibration data span exactly the front
end's int8 range, so the model's input quantization is the features' own and the device hands its integers
straight in. Importing this module imports TensorFlow.
"""

from __future__ import annotations

import contextlib
import os
import sys
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

from tinynas.errors import ModelError
from tinynas.graph.read_tflite import read_tflite


def export_int8(model: Any, scale: float, zero_point: int, representative: np.ndarray) -> bytes:
    """The int8 model: int8 features in (scale, zero_point), int8 softmax out (1/256, -128).

    representative: int8 [N, frames, bands], clean training clips that set the activation ranges.
    `scale` must be exact in float32 with its multiples (feature_maps.fit_quantizer sees to it), so that the
    range gives it back. ModelError when the exported input is not (scale, zero_point) all the same.
    """
    def infer(x: Any) -> Any:
        return tf.nn.softmax(model(x, training=False))

    def samples() -> Iterator[list[np.ndarray]]:
        for maps in (spanning(representative[0]), *representative):
            yield [(maps.astype(np.float32)[None, :, :, None] - zero_point) * np.float32(scale)]

    signature = [tf.TensorSpec((1, *model.input_shape[1:]), tf.float32, name="features")]
    concrete = tf.function(infer, input_signature=signature).get_concrete_function()
    frozen = convert_variables_to_constants_v2(concrete)
    converter = tf.lite.TFLiteConverter.from_concrete_functions([frozen], model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = samples
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.int8
    with _quiet():
        data = bytes(converter.convert())
    _check_input(data, scale, zero_point)
    return data


def spanning(maps: np.ndarray) -> np.ndarray:
    """The map with the least and the greatest int8 value in its corner, where they weigh least."""
    changed = maps.copy()
    changed[0, :2] = -128, 127
    return changed


def _check_input(data: bytes, scale: float, zero_point: int) -> None:
    """The input must take the front end's integers as they are."""
    graph = read_tflite(data)
    source = graph.tensors[graph.inputs[0]]
    edges = [op.kind for op in graph if op.kind in ("QUANTIZE", "DEQUANTIZE")]
    if edges or abs(source.scale / scale - 1) > 1e-6 or source.zero_point != zero_point:
        raise ModelError(f"export gave the input scale {source.scale!r}, zero point {source.zero_point} and "
                         f"{len(edges)} conversions; the front end has {scale!r}, {zero_point}")


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """The converter writes notes straight to the process's stderr; they help nobody here."""
    sys.stderr.flush()
    kept = os.dup(2)
    with open(os.devnull, "wb") as sink, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        os.dup2(sink.fileno(), 2)
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(kept, 2)
            os.close(kept)
