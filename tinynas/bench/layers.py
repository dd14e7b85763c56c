"""Layers to calibrate the cost model on: random single operators that span what fits a small device.

Each is a graph of its own with random weights. Shapes follow what networks for microcontrollers hold:
planes that shrink as channels grow, channel counts mostly multiples of 4 but not always."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from tinynas.graph import Graph, Quantization
from tinynas.graph.builder import GraphBuilder

MAX_TENSOR_BYTES = 24_000
MAX_MACS = 1_500_000
Maker = Callable[[GraphBuilder, np.random.Generator], int]


def sample_layer(kind: str, seed: int) -> Graph:
    """One random operator of `kind` (a key of MAKERS), weights filled; the same seed gives the same layer."""
    rng = np.random.default_rng([seed, *kind.encode()])
    while True:
        builder = GraphBuilder(f"{kind}-{seed}")
        output = MAKERS[kind](builder, rng)
        graph = builder.build(output)
        small = all(t.size_bytes <= MAX_TENSOR_BYTES for t in graph.tensors if not t.constant)
        if small and graph.macs <= MAX_MACS:
            return random_weights(graph, rng)


def random_weights(graph: Graph, rng: np.random.Generator) -> Graph:
    """The graph with every missing constant filled: int8 uniform, int32 biases of the accumulator's size."""
    def fill(shape: tuple[int, ...], dtype: str) -> np.ndarray:
        low, high = (-127, 128) if dtype == "int8" else (-2000, 2001)
        return rng.integers(low, high, shape).astype(dtype)

    tensors = tuple(
        replace(t, data=fill(t.shape, t.dtype)) if t.constant and t.data is None else t for t in graph.tensors)
    return replace(graph, tensors=tensors)


def _channels(rng: np.random.Generator, high: int = 128) -> int:
    count = int(2 ** rng.uniform(2, np.log2(high)))
    return count if rng.random() < 0.25 else max(4, count // 4 * 4)


def _plane(builder: GraphBuilder, rng: np.random.Generator, channels: int) -> int:
    height = int(2 ** rng.uniform(1, 6))
    width = 1 if rng.random() < 0.35 else int(2 ** rng.uniform(1, 5.5))
    return builder.input((1, height, width, channels))


def _kernel(rng: np.random.Generator, width: int) -> tuple[int, int]:
    sizes = [(3, 3), (5, 5), (3, 1), (10, 4), (5, 3)] if width > 1 else [(3, 1), (5, 1), (9, 1), (11, 1)]
    return sizes[int(rng.integers(len(sizes)))]


def _conv(builder: GraphBuilder, rng: np.random.Generator) -> int:
    x = _plane(builder, rng, int(rng.choice([1, 1, 2, 3, 4, 8, 16, 32, 64])))
    stride = (1, 1) if rng.random() < 0.6 else (2, 2)
    return builder.conv2d(x, _channels(rng, 64), _kernel(rng, builder.shape(x)[2]), stride, activation="RELU")


def _conv_1x1(builder: GraphBuilder, rng: np.random.Generator) -> int:
    return builder.conv2d(_plane(builder, rng, _channels(rng)), _channels(rng), 1, activation="RELU")


def _depthwise(builder: GraphBuilder, rng: np.random.Generator) -> int:
    x = _plane(builder, rng, _channels(rng))
    stride = (1, 1) if rng.random() < 0.7 else (2, 2)
    return builder.depthwise_conv2d(x, _kernel(rng, builder.shape(x)[2]), stride, activation="RELU")


def _depthwise_multiplier(builder: GraphBuilder, rng: np.random.Generator) -> int:
    x = _plane(builder, rng, int(rng.choice([1, 1, 2, 4, 8])))
    return builder.depthwise_conv2d(x, _kernel(rng, builder.shape(x)[2]), multiplier=int(rng.choice([2, 4, 8])))


def _dense(builder: GraphBuilder, rng: np.random.Generator) -> int:
    x = builder.input((1, int(2 ** rng.uniform(3, 10))))
    return builder.dense(x, int(2 ** rng.uniform(1.5, 7.5)), activation="RELU", per_channel=rng.random() < 0.5)


def _pool(maximum: bool) -> Maker:
    def make(builder: GraphBuilder, rng: np.random.Generator) -> int:
        x = _plane(builder, rng, _channels(rng, 64))
        shape = builder.shape(x)
        kernel = (min(int(rng.integers(1, 5)), shape[1]), min(int(rng.integers(1, 5)), shape[2]))
        return builder.max_pool(x, kernel) if maximum else builder.average_pool(x, kernel)
    return make


def _mean(builder: GraphBuilder, rng: np.random.Generator) -> int:
    return builder.mean(_plane(builder, rng, _channels(rng)))


def _arithmetic(method: str) -> Maker:
    def make(builder: GraphBuilder, rng: np.random.Generator) -> int:
        x = _plane(builder, rng, _channels(rng, 64))
        y = builder.input(builder.shape(x), Quantization.per_tensor(0.04, 3))
        return int(getattr(builder, method)(x, y))
    return make


def _vector(method: str) -> Maker:
    def make(builder: GraphBuilder, rng: np.random.Generator) -> int:
        return int(getattr(builder, method)(builder.input((1, int(2 ** rng.uniform(1, 10))))))
    return make


def _pad(builder: GraphBuilder, rng: np.random.Generator) -> int:
    x = _plane(builder, rng, _channels(rng, 64))
    before, after = rng.integers(0, 3, 2), rng.integers(0, 3, 2)
    return builder.pad(x, (0, *before.tolist(), 0), (0, *after.tolist(), 0))


def _concat(builder: GraphBuilder, rng: np.random.Generator) -> int:
    x = _plane(builder, rng, _channels(rng, 64))
    shape = builder.shape(x)
    return builder.concat([x, builder.input((*shape[:3], _channels(rng, 64)))])


def _split(builder: GraphBuilder, rng: np.random.Generator) -> int:
    return builder.split(_plane(builder, rng, 2 * _channels(rng, 32)), 2)[0]


def _transpose(builder: GraphBuilder, rng: np.random.Generator) -> int:
    return builder.transpose(_plane(builder, rng, _channels(rng, 64)), (0, 2, 1, 3))


def _slice(builder: GraphBuilder, rng: np.random.Generator) -> int:
    x = _plane(builder, rng, _channels(rng, 64))
    return builder.strided_slice(x, (0, 0, 0, 0), builder.shape(x), (1, 2, 1, 1))


def _quantize(builder: GraphBuilder, rng: np.random.Generator) -> int:
    x = builder.input((1, int(2 ** rng.uniform(2, 10))), None, dtype="float32")
    return builder.quantize(x, Quantization.per_tensor(0.05, 3))


MAKERS: Mapping[str, Maker] = {
    "conv": _conv, "conv_1x1": _conv_1x1, "depthwise": _depthwise, "depthwise_multiplier": _depthwise_multiplier,
    "dense": _dense, "max_pool": _pool(True), "average_pool": _pool(False), "mean": _mean,
    "add": _arithmetic("add"), "sub": _arithmetic("sub"), "mul": _arithmetic("mul"),
    "softmax": _vector("softmax"), "logistic": _vector("logistic"), "pad": _pad, "concat": _concat,
    "split": _split, "transpose": _transpose, "strided_slice": _slice, "quantize": _quantize,
    "dequantize": _vector("dequantize"),
}
