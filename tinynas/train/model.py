"""Architecture -> Keras model, from the same layers as its graph.

Convolutions carry batch norm in training and none after export (the converter folds it). The model ends in
logits; export adds the softmax. Importing this module imports TensorFlow.
"""

from __future__ import annotations

from typing import Any

import keras

from tinynas.space import Arch, Layer
from tinynas.space.layers import INPUT
from tinynas.train.normalize import FusedBatchNorm

BN_MOMENTUM = 0.9  # short trainings: the running statistics must follow


def keras_model(arch: Arch, dropout: float = 0.1) -> Any:
    """keras.Model: float32 [N, frames, bands, 1] -> logits [N, classes]."""
    source = keras.Input(arch.input_shape, name="features")
    values = {INPUT: source}
    for index, layer in enumerate(arch.layers):
        values[index] = _apply(layer, [values[i] for i in layer.inputs], dropout)
    return keras.Model(source, values[len(arch.layers) - 1], name=arch.id)


def _apply(layer: Layer, inputs: list[Any], dropout: float) -> Any:
    x = inputs[0]
    name = layer.name.replace("/", "_")  # Keras forbids slashes
    make = keras.layers
    if layer.kind == "conv":
        conv = make.Conv2D(layer.shape[-1], layer.kernel, layer.stride, layer.padding.lower(), use_bias=False,
                           kernel_initializer="he_normal", name=name)
        return _normalized(conv(x), layer, name)
    if layer.kind == "depthwise":
        conv = make.DepthwiseConv2D(layer.kernel, layer.stride, layer.padding.lower(),
                                    dilation_rate=layer.dilation, use_bias=False,
                                    depthwise_initializer="he_normal", name=name)
        return _normalized(conv(x), layer, name)
    if layer.kind in ("max_pool", "average_pool"):
        pool = make.MaxPooling2D if layer.kind == "max_pool" else make.AveragePooling2D
        return pool(layer.kernel, layer.stride, layer.padding.lower(), name=name)(x)
    if layer.kind == "reshape":
        return make.Reshape(layer.shape, name=name)(x)
    if layer.kind == "add":
        return make.ReLU(name=f"{name}_relu")(make.Add(name=name)(inputs))
    if layer.kind == "mean":
        return make.GlobalAveragePooling2D(name=name)(x)
    if layer.kind == "dropout":
        return make.Dropout(dropout, name=name)(x)
    if layer.kind == "dense":
        return make.Dense(layer.shape[-1], name=name)(x)
    if layer.kind == "softmax":
        return x
    raise ValueError(f"layer '{layer.name}': no Keras layer for kind '{layer.kind}'")


def _normalized(x: Any, layer: Layer, name: str) -> Any:
    x = FusedBatchNorm(BN_MOMENTUM, f"{name}_bn")(x)
    return keras.layers.ReLU(name=f"{name}_relu")(x) if layer.relu else x
