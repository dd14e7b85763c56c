"""Multipliers to the last bit. Random graphs seldom notice whether a ratio of scales was computed in
float32 or in double; these cases are picked because they do."""

from __future__ import annotations

import numpy as np
import pytest

from tests.graph.oracle import tflm_run
from tinynas.graph import Graph, Quantization
from tinynas.graph.builder import GraphBuilder
from tinynas.graph.fixed_point import f32
from tinynas.graph.run import run
from tinynas.graph.write_tflite import write_tflite

pytestmark = pytest.mark.tflm

EVERY = np.arange(-128, 128).astype(np.int8)


def assert_equal(graph: Graph, value: np.ndarray) -> None:
    np.testing.assert_array_equal(run(graph, [value])[0], tflm_run(write_tflite(graph), [value])[0])


def on_halves(rng: np.random.Generator, count: int) -> list[tuple[float, float]]:
    """Pairs of scales whose ratio is a short fraction: products then often end in exactly one half,
    where the last bit of a multiplier decides."""
    ratios = (1.0, 0.5, 0.75, 1.5, 4 / 3, 3.0, 0.3, 0.7, 0.25)
    return [(s, f32(s * ratios[k % len(ratios)])) for k, s in enumerate(2.0 ** rng.uniform(-6, 1, count))]


@pytest.mark.parametrize("kind", ["add", "sub"])
def test_sums(kind: str) -> None:
    for k, (a, b) in enumerate(on_halves(np.random.default_rng(3), 60)):
        g = GraphBuilder()
        x = g.input((1, 86), Quantization.per_tensor(a))
        c = g.constant((86, 1), Quantization.per_tensor(b), EVERY[::3].reshape(86, 1))
        out = Quantization.per_tensor(max(a, b) * (0.5, 1.0, 1.5, 0.75)[k % 4])
        assert_equal(g.build(getattr(g, kind)(x, c, quantization=out)), EVERY[::3].reshape(1, 86))


def test_products() -> None:
    for k, (a, b) in enumerate(on_halves(np.random.default_rng(4), 60)):
        g = GraphBuilder()
        x = g.input((1, 256), Quantization.per_tensor(a))
        c = g.constant((256, 1), Quantization.per_tensor(b), EVERY.reshape(256, 1))
        out = Quantization.per_tensor(a * b * (64, 100, 96, 50)[k % 4])
        assert_equal(g.build(g.mul(x, c, quantization=out)), EVERY.reshape(1, 256))


@pytest.mark.parametrize("alpha", [1.5, 0.5, 0.25, 0.3, 0.1, -0.3])
def test_leaky_relu(alpha: float) -> None:
    for a, b in on_halves(np.random.default_rng(5), 40):
        g = GraphBuilder()
        x = g.input((256,), Quantization.per_tensor(a, 127))
        assert_equal(g.build(g.leaky_relu(x, alpha, Quantization.per_tensor(b, 100))), EVERY)


@pytest.mark.parametrize("kind", ["relu", "quantize", "mean"])
def test_rescaling(kind: str) -> None:
    for a, b in on_halves(np.random.default_rng(6), 150):
        g = GraphBuilder()
        x = g.input((1, 256), Quantization.per_tensor(a))
        out = Quantization.per_tensor(b)
        y = g.mean(x, (0,), quantization=out) if kind == "mean" else getattr(g, kind)(x, out)
        assert_equal(g.build(y), EVERY.reshape(1, 256))


@pytest.mark.parametrize("layer", ["dense", "conv2d", "depthwise"])
@pytest.mark.parametrize("per_channel", [False, True])
def test_accumulators_at_the_boundary(layer: str, per_channel: bool) -> None:
    """Biases place large accumulators where the output is about to change."""
    rng = np.random.default_rng(7)
    n = 64
    zeros = {"dense": (n, 1), "conv2d": (n, 1, 1, 1), "depthwise": (1, 1, 1, n)}[layer]
    for _ in range(20):
        sx, sy = (f32(s) for s in 2.0 ** rng.uniform(-6, 1, 2))
        scales = [f32(s) for s in sy / sx * 2.0 ** -rng.uniform(18, 22, n if per_channel else 1)]
        real = np.broadcast_to([sx * s / sy for s in scales], (n,))
        bias = np.round((rng.integers(-110, 110, n) + 0.5) / real) + rng.integers(-60, 61, n)
        g = GraphBuilder()
        quantization = Quantization.symmetric(scales, 3 if layer == "depthwise" else 0)
        common = {
            "weights": np.zeros(zeros, np.int8), "bias_data": bias.astype(np.int32),
            "weights_quantization": quantization, "quantization": Quantization.per_tensor(sy),
        }
        shape = (1, 1) if layer == "dense" else (1, 1, 1, 1)
        x = g.input(shape, Quantization.per_tensor(sx))
        if layer == "dense":
            y = g.dense(x, n, **common)
        elif layer == "conv2d":
            y = g.conv2d(x, n, 1, **common)
        else:
            y = g.depthwise_conv2d(x, 1, multiplier=n, **common)
        assert_equal(g.build(y), np.zeros(shape, np.int8))


@pytest.mark.parametrize("kind", ["relu6", "max_pool", "add"])
def test_six_on_a_half(kind: str) -> None:
    """Clamp limits are float32 quotients: scales at which 6 falls between two values."""
    for k in range(1, 120, 3):
        nominal = np.float32(6 / (k + 0.5))
        for scale in (nominal, np.nextafter(nominal, np.float32(10)), np.nextafter(nominal, np.float32(0))):
            q = Quantization.per_tensor(float(scale), -100)
            g = GraphBuilder()
            x = g.input((1, 1, 256, 1), q)
            if kind == "relu6":
                y = g.relu6(x)
            elif kind == "max_pool":
                y = g.max_pool(x, 1, 1, activation="RELU6")
            else:
                y = g.add(x, x, "RELU6", q)
            assert_equal(g.build(y), EVERY.reshape(1, 1, 256, 1))
