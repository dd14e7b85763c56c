"""Keras model -> int8 `.tflite` bytes by TensorFlow Lite's post-training quantization.

A `tf.function` of batch 1, frozen, converts to clean operators. The input goes through a fake-quantize
with the front end's fixed range, so the model's input quantization is exactly the features' own and the
device hands its integers straight in. Importing this module imports TensorFlow.
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


def export_int8(model: Any, scale: float, zero_point: int, representative: np.ndarray) -> bytes:
    """The int8 model: int8 features in (scale, zero_point), int8 softmax out (1/256, -128).

    representative: int8 [N, frames, bands], clean training clips that set the activation ranges.
    ModelError when the converter refuses or moves the input quantization.
    """
    low, high = scale * (-128 - zero_point), scale * (127 - zero_point)

    def infer(x: Any) -> Any:
        x = tf.quantization.fake_quant_with_min_max_args(x, low, high, num_bits=8)
        return tf.nn.softmax(model(x, training=False))

    def samples() -> Iterator[list[np.ndarray]]:
        for maps in representative:
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


def _check_input(data: bytes, scale: float, zero_point: int) -> None:
    from tflite_micro import runtime

    details = runtime.Interpreter.from_bytes(data, arena_size=1 << 20).get_input_details(0)
    found = details["quantization_parameters"]
    got_scale, got_zero = float(found["scales"][0]), int(found["zero_points"][0])
    if abs(got_scale / scale - 1) > 1e-6 or got_zero != zero_point:
        raise ModelError(f"export gave the input scale {got_scale:g}, zero point {got_zero}; "
                         f"the front end has {scale:g}, {zero_point}")


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
