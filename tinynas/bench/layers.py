"""Layers to calibrate the cost model on: random single operators that span what fits a small device.

Each is a graph of its own with random weights. Shapes follow what networks for microcontrollers hold:
planes that shrink as channels grow, channel counts mostly multiples of 4 but not always."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from tinynas.errors import ModelError
from tinynas.graph import Graph, Quantization
from tinynas.graph.builder import GraphBuilder

MAX_TENSOR_BYTES = 55_000
MAX_MACS = 3_000_000
MAX_WEIGHT_BYTES = 160_000
DRAWS = 10
Maker = Callable[[GraphBuilder, np.random.Generator], int]


def sample_layer(kind: str, seed: int) -> Graph:
    """One random operator of `kind` (a key of MAKERS), weights filled; the same seed gives the same layer.

    Sizes are spread evenly over magnitudes; now and then the largest of several draws is taken, so that what fits
    a device at all is hardly ever beyond the layers seen."""
    rng = np.random.default_rng([seed, *kind.encode()])
    draws = DRAWS if rng.random() < 0.3 else 1
    graphs = [_draw(kind, f"{kind}-{seed}", rng) for _ in range(draws)]
    return random_weights(max(graphs, key=lambda graph: (graph.macs, _bytes(graph))), rng)


def _draw(kind: str, name: str, rng: np.random.Generator) -> Graph:
    while True:
        builder = GraphBuilder(name)
        try:
            graph = builder.build(MAKERS[kind](builder, rng))
        except ModelError:  # a window larger than its plane
            continue
        small = all(t.size_bytes <= MAX_TENSOR_BYTES for t in graph.tensors if not t.constant)
        if small and graph.macs <= MAX_MACS and weight_bytes(graph) <= MAX_WEIGHT_BYTES:
            return graph


def weight_bytes(graph: Graph) -> int:
    return sum(t.size_bytes for t in graph.tensors if t.constant)


def _bytes(graph: Graph) -> int:
    return sum(t.size_bytes for t in graph.tensors if not t.constant)


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
    height = int(2 ** rng.uniform(1, 6.6))
    width = 1 if rng.random() < 0.35 else int(2 ** rng.uniform(1, 6.6))
    return builder.input((1, height, width, channels))


def _kernel(rng: np.random.Generator, width: int) -> tuple[int, int]:
    plane = [(3, 3), (5, 5), (3, 1), (10, 4), (5, 3), (7, 5), (2, 2)]
    sizes = plane if width > 1 else [(3, 1), (5, 1), (7, 1), (9, 1), (11, 1), (15, 1)]
    return sizes[int(rng.integers(len(sizes)))]


def _stride(rng: np.random.Generator, plain: float) -> tuple[int, int]:
    """(1, 1) with probability `plain`, else what down-samples or, for a first layer, folds bands."""
    others = [(2, 2), (2, 2), (1, 2), (2, 4)]
    return (1, 1) if rng.random() < plain else others[int(rng.integers(len(others)))]


def _dilation(rng: np.random.Generator, stride: tuple[int, int]) -> tuple[int, int]:
    """Along time, where there is no stride."""
    return (int(rng.choice([2, 4])), 1) if stride == (1, 1) and rng.random() < 0.2 else (1, 1)


def _padding(rng: np.random.Generator) -> str:
    return "SAME" if rng.random() < 0.8 else "VALID"


def _conv(builder: GraphBuilder, rng: np.random.Generator) -> int:
    x = _plane(builder, rng, int(rng.choice([1, 1, 1, 2, 3, 4, 8, 16, 32, 64])))
    stride = _stride(rng, 0.5)
    return builder.conv2d(x, _channels(rng, 64), _kernel(rng, builder.shape(x)[2]), stride, _padding(rng), "RELU",
                          _dilation(rng, stride))


def _conv_first(builder: GraphBuilder, rng: np.random.Generator) -> int:
    """What a network begins with: a spectrogram or an image in colour."""
    channels = int(rng.choice([1, 3]))
    x = _plane(builder, rng, channels)
    kernel = (3, 3) if channels == 3 else _kernel(rng, builder.shape(x)[2])
    return builder.conv2d(x, _channels(rng, 64), kernel, _stride(rng, 0.3), _padding(rng), "RELU")


def _conv_1x1(builder: GraphBuilder, rng: np.random.Generator) -> int:
    return builder.conv2d(_plane(builder, rng, _channels(rng)), _channels(rng), 1, activation="RELU")


def _depthwise(builder: GraphBuilder, rng: np.random.Generator) -> int:
    x = _plane(builder, rng, _channels(rng))
    stride = _stride(rng, 0.7)
    return builder.depthwise_conv2d(x, _kernel(rng, builder.shape(x)[2]), stride, _padding(rng), "RELU",
                                    dilation=_dilation(rng, stride))


def _depthwise_multiplier(builder: GraphBuilder, rng: np.random.Generator) -> int:
    x = _plane(builder, rng, int(rng.choice([1, 1, 2, 4, 8])))
    return builder.depthwise_conv2d(x, _kernel(rng, builder.shape(x)[2]), multiplier=int(rng.choice([2, 4, 8])))


def _depthwise_3x3(builder: GraphBuilder, rng: np.random.Generator) -> int:
    stride = (1, 1) if rng.random() < 0.5 else (2, 2)
    return builder.depthwise_conv2d(_plane(builder, rng, _channels(rng)), (3, 3), stride, activation="RELU")


def _dense(builder: GraphBuilder, rng: np.random.Generator) -> int:
    x = builder.input((1, int(2 ** rng.uniform(3, 11))))
    activation = "RELU" if rng.random() < 0.4 else "NONE"  # how often outputs are clamped costs on some cores
    return builder.dense(x, int(2 ** rng.uniform(1, 8.2)), activation=activation, per_channel=rng.random() < 0.5)


def _pool(maximum: bool) -> Maker:
    def make(builder: GraphBuilder, rng: np.random.Generator) -> int:
        x = _plane(builder, rng, _channels(rng, 64))
        shape = builder.shape(x)
        if rng.random() < 0.3:
            kernel = (shape[1], shape[2])  # global
        else:
            kernel = (min(int(rng.integers(1, 5)), shape[1]), min(int(rng.integers(1, 5)), shape[2]))
        return (builder.max_pool if maximum else builder.average_pool)(x, kernel, padding=_padding(rng))
    return make


def _mean(builder: GraphBuilder, rng: np.random.Generator) -> int:
    return builder.mean(_plane(builder, rng, _channels(rng)))


def _arithmetic(method: str) -> Maker:
    def make(builder: GraphBuilder, rng: np.random.Generator) -> int:
        x = _plane(builder, rng, _channels(rng, 64))
        scale = round(float(2 ** rng.uniform(-6, -3)), 4)  # either operand may be the one of the larger scale
        y = builder.input(builder.shape(x), Quantization.per_tensor(scale, 3))
        return int(getattr(builder, method)(x, y))
    return make


def _vector(method: str) -> Maker:
    def make(builder: GraphBuilder, rng: np.random.Generator) -> int:
        return int(getattr(builder, method)(builder.input((1, int(2 ** rng.uniform(1, 10))))))
    return make


def _softmax(builder: GraphBuilder, rng: np.random.Generator) -> int:
    """As many classes as classifiers have, logits that use most of their range."""
    scale = round(float(2 ** rng.uniform(-4.5, -2.5)), 4)
    return builder.softmax(builder.input((1, int(2 ** rng.uniform(1, 6))), Quantization.per_tensor(scale, 5)))


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
    "conv": _conv, "conv_first": _conv_first,
    "conv_1x1": _conv_1x1, "depthwise": _depthwise, "depthwise_3x3": _depthwise_3x3,
    "depthwise_multiplier": _depthwise_multiplier,
    "dense": _dense, "max_pool": _pool(True), "average_pool": _pool(False), "mean": _mean,
    "add": _arithmetic("add"), "sub": _arithmetic("sub"), "mul": _arithmetic("mul"),
    "softmax": _softmax, "logistic": _vector("logistic"), "pad": _pad, "concat": _concat,
    "split": _split, "transpose": _transpose, "strided_slice": _slice, "quantize": _quantize,
    "dequantize": _vector("dequantize"),
}
