"""Random single operators with weights, drawn from a seed: fast enough for thousands a run.

Shapes cover every residue modulo 4, kernels up to 11, strides up to 3, dilations, both paddings,
zero points at the ends, and requantizers from 2^-31 to 2^8.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from tinynas.graph import Graph, Quantization
from tinynas.graph.builder import GraphBuilder

ACTIVATIONS = ("NONE", "NONE", "RELU", "RELU6", "RELU_N1_TO_1")


def zero_point(rng: np.random.Generator) -> int:
    return int(rng.choice((-128, 127, 0, -1, int(rng.integers(-128, 128)))))


def activation(rng: np.random.Generator) -> Quantization:
    return Quantization.per_tensor(float(2.0 ** rng.uniform(-8, 1)), zero_point(rng))


def int8(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    style = rng.integers(0, 3)
    if style == 0:
        return rng.choice(np.array([-127, 127], np.int8), size=shape)
    if style == 1:
        return (rng.integers(-127, 128, shape) * (rng.random(shape) < 0.3)).astype(np.int8)
    return rng.integers(-127, 128, shape).astype(np.int8)


def bias(rng: np.random.Generator, channels: int) -> np.ndarray | None:
    """Absent, small, or so large that it dwarfs the products."""
    style = rng.integers(0, 4)
    if style == 0:
        return None
    size = (100, 100_000, 2**31 - 1)[style - 1]
    return rng.integers(-size, size, channels, dtype=np.int64).astype(np.int32)


def weight_scales(
    rng: np.random.Generator, x: Quantization, y: Quantization, channels: int, axis: int
) -> Quantization:
    """Real multipliers that lie anywhere from 2^-31 to 2^8, or near where layers really are."""
    style = rng.integers(0, 3)
    if style == 0:
        exponents = rng.uniform(-31, 8, channels)
    elif style == 1:
        exponents = np.round(rng.uniform(-31, 8, channels))  # exact powers of two
    else:
        exponents = rng.uniform(-12, -4) + rng.uniform(-1, 1, channels)
    if rng.integers(0, 3) == 0:
        exponents = exponents[:1]
    return Quantization.symmetric([float(2.0**e) * y.scale[0] / x.scale[0] for e in exponents], axis)


def _window(rng: np.random.Generator, most: int) -> dict[str, object]:
    kernel = (int(rng.integers(1, most + 1)), int(rng.integers(1, most + 1)))
    dilation = (1, 1) if rng.integers(0, 3) else (int(rng.integers(1, 4)), int(rng.integers(1, 4)))
    return {
        "kernel": kernel,
        "dilation": dilation,
        "stride": (int(rng.integers(1, 4)), int(rng.integers(1, 4))),
    }


def _image(
    rng: np.random.Generator, window: dict[str, object], channels: int, batch: int
) -> tuple[str, tuple[int, ...]]:
    """(padding, input shape) that fit the window."""
    (kh, kw), (dh, dw) = window["kernel"], window["dilation"]  # type: ignore[misc]
    if rng.integers(0, 2):
        return "SAME", (batch, int(rng.integers(1, 12)), int(rng.integers(1, 12)), channels)
    spare = rng.integers(0, 6, 2)
    return "VALID", (batch, (kh - 1) * dh + 1 + int(spare[0]), (kw - 1) * dw + 1 + int(spare[1]), channels)


def channel_count(rng: np.random.Generator) -> int:
    """Mostly few; sometimes more than kernels gather before they write (16)."""
    return int(rng.integers(1, 11) if rng.integers(0, 3) else rng.integers(11, 40))


def batch_of(rng: np.random.Generator) -> int:
    return 1 if rng.integers(0, 8) else 2


def conv(rng: np.random.Generator, pointwise: bool = False) -> Graph:
    window = _window(rng, 1 if pointwise else int(rng.choice((3, 5, 11))))
    x_c, filters = int(rng.integers(1, 21 if pointwise else 8)), channel_count(rng)
    padding, shape = _image(rng, window, x_c, batch_of(rng))
    x, y = activation(rng), activation(rng)
    values = bias(rng, filters)
    b = GraphBuilder("conv")
    out = b.conv2d(
        b.input(shape, x),
        filters,
        **window,
        padding=padding,
        activation=str(rng.choice(ACTIVATIONS)),
        bias=values is not None,
        bias_data=values,
        weights=int8(rng, (filters, *window["kernel"], x_c)),
        weights_quantization=weight_scales(rng, x, y, filters, 0),
        quantization=y,
    )
    return b.build([out])


def depthwise(rng: np.random.Generator, window: dict[str, object] | None = None) -> Graph:
    window = window or _window(rng, int(rng.choice((3, 5, 11))))
    multiplier = int(rng.choice((1, 1, 1, 2, 3, 4, 5, 8, 21)))
    x_c = channel_count(rng) if multiplier == 1 else int(rng.integers(1, 6))
    padding, shape = _image(rng, window, x_c, batch_of(rng))
    channels = x_c * multiplier
    x, y = activation(rng), activation(rng)
    values = bias(rng, channels)
    b = GraphBuilder("depthwise")
    out = b.depthwise_conv2d(
        b.input(shape, x),
        **window,
        padding=padding,
        activation=str(rng.choice(ACTIVATIONS)),
        multiplier=multiplier,
        bias=values is not None,
        bias_data=values,
        weights=int8(rng, (1, *window["kernel"], channels)),
        weights_quantization=weight_scales(rng, x, y, channels, 3),
        quantization=y,
    )
    return b.build([out])


def depthwise_small(rng: np.random.Generator) -> Graph:
    """3 x 3 and 1-D kernels, strides 1 and 2, seldom dilated: what kernels are made for."""
    kernel = [(3, 3), (3, 3), (3, 3), (1, 3), (5, 1), (5, 5), (1, 10)][rng.integers(0, 7)]
    stride = [(1, 1), (1, 1), (2, 2), (1, 2), (2, 1), (3, 1)][rng.integers(0, 6)]
    return depthwise(rng, {"kernel": kernel, "dilation": (1, 1), "stride": stride})


def dense(rng: np.random.Generator) -> Graph:
    rows, depth, units = int(rng.choice((1, 1, 1, 2, 5))), int(rng.integers(1, 70)), channel_count(rng)
    x, y = activation(rng), activation(rng)
    values = bias(rng, units)
    b = GraphBuilder("dense")
    out = b.dense(
        b.input((rows, depth), x),
        units,
        activation=str(rng.choice(ACTIVATIONS)),
        bias=values is not None,
        bias_data=values,
        weights=int8(rng, (units, depth)),
        inputs_per_row=depth,
        weights_quantization=weight_scales(rng, x, y, units, 0),
        quantization=y,
    )
    return b.build([out])


def pool(rng: np.random.Generator) -> Graph:
    """Windows up to 5, every channel count modulo 4, no activation."""
    window = _window(rng, 5)
    padding, shape = _image(rng, {**window, "dilation": (1, 1)}, int(rng.integers(1, 11)), batch_of(rng))
    b = GraphBuilder("pool")
    method = b.average_pool if rng.integers(0, 2) else b.max_pool
    x = b.input(shape, activation(rng))
    return b.build([method(x, window["kernel"], window["stride"], padding)])


def telling(graph: Graph, rng: np.random.Generator) -> Graph:
    """The same layer with weights and scales such that any changed input byte changes some output."""
    op = graph.ops[-1]
    if len(op.inputs) < 2:
        return graph
    tensors = list(graph.tensors)
    x, w, y = op.inputs[0], op.inputs[1], op.outputs[0]
    shape = tensors[w].shape
    depth = int(np.prod(shape[:3] if shape[0] == 1 and len(shape) == 4 else shape[1:]))
    data = rng.choice(np.array([-127, -90, 90, 127], np.int8), shape)
    step = 8.0 * np.sqrt(depth) * 110
    for t, q in (
        (x, Quantization.per_tensor(1.0)),
        (w, Quantization.per_tensor(1.0)),
        (y, Quantization.per_tensor(step)),
    ):
        tensors[t] = dataclasses.replace(tensors[t], quantization=q)
    tensors[w] = dataclasses.replace(tensors[w], data=data)
    plain = dataclasses.replace(op, inputs=(x, w), activation="NONE")  # type: ignore[call-arg]
    return dataclasses.replace(graph, tensors=tuple(tensors), ops=(plain,))
