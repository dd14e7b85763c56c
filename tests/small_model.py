"""A small int8 keyword-sized model with seeded random weights, for tests that need some valid file."""

from __future__ import annotations

import numpy as np

from tinynas.graph import Graph, Quantization, Shape, Tensor
from tinynas.graph.ops import Conv2D, Dense, DepthwiseConv2D, Reshape, Softmax
from tinynas.graph.write_tflite import write_tflite

SHAPES: dict[str, Shape] = {
    "input": (1, 12, 10, 1),
    "conv": (1, 6, 5, 8),
    "depthwise": (1, 6, 5, 8),
    "flat": (1, 240),
    "logits": (1, 4),
    "probabilities": (1, 4),
}
ACTIVATION = Quantization.per_tensor(0.05, -3)
PROBABILITY = Quantization.per_tensor(1 / 256, -128)


def small_graph(rng: np.random.Generator, name: str = "small") -> Graph:
    """conv 3x3 stride 2, depthwise 3x3, dense, softmax: 4 classes from 12 x 10 values."""
    tensors = [
        Tensor(key, shape, quantization=PROBABILITY if key == "probabilities" else ACTIVATION)
        for key, shape in SHAPES.items()
    ]
    index = {key: k for k, key in enumerate(SHAPES)}

    def weights(key: str, shape: Shape, channels: int, axis: int) -> tuple[int, int]:
        scales = rng.uniform(0.005, 0.02, channels)
        data = rng.integers(-127, 128, shape, dtype=np.int8)
        bias = rng.integers(-500, 500, channels, dtype=np.int32)
        biases = Quantization.symmetric((scales * ACTIVATION.scale[0]).tolist(), 0)
        tensors.append(
            Tensor(f"{key}/w", shape, "int8", Quantization.symmetric(scales.tolist(), axis), True, data)
        )
        tensors.append(Tensor(f"{key}/b", (channels,), "int32", biases, True, bias))
        return len(tensors) - 2, len(tensors) - 1

    conv = weights("conv", (8, 3, 3, 1), 8, 0)
    depthwise = weights("depthwise", (1, 3, 3, 8), 8, 3)
    dense = weights("dense", (4, 240), 4, 0)
    ops = (
        Conv2D("conv", (index["input"], *conv), (index["conv"],), stride=(2, 2), activation="RELU"),
        DepthwiseConv2D("depthwise", (index["conv"], *depthwise), (index["depthwise"],), activation="RELU"),
        Reshape("flatten", (index["depthwise"],), (index["flat"],), shape=SHAPES["flat"]),
        Dense("dense", (index["flat"], *dense), (index["logits"],)),
        Softmax("softmax", (index["logits"],), (index["probabilities"],)),
    )
    return Graph(name, tuple(tensors), ops, (index["input"],), (index["probabilities"],))


def small_model(rng: np.random.Generator, name: str = "small") -> bytes:
    """The graph as a .tflite file."""
    return write_tflite(small_graph(rng, name))
