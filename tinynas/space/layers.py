"""The one lowering both sides share.

A block of an architecture (tinynas.space.blocks) is described once, as primitive layers; the
graph without weights (tinynas.space.graph) and the Keras model (tinynas.train.model) walk the same
list. So a candidate is costed as exactly what its training will export.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from math import prod

from tinynas.errors import ModelError

INPUT = -1  # Layer.inputs entry that names the network's input

Shape3 = tuple[int, int, int]  # time, frequency, channels


@dataclass(frozen=True)
class Layer:
    """One primitive. `shape` is its output without the batch dimension.

    kind: conv, depthwise, max_pool, average_pool, reshape, add, mean, dropout, dense, softmax.
    conv and depthwise carry a batch norm in training (folded on export) and a bias in the graph.
    `inputs` are positions in the list, or INPUT.
    """

    kind: str
    name: str
    inputs: tuple[int, ...]
    shape: tuple[int, ...]
    kernel: tuple[int, int] = (1, 1)
    stride: tuple[int, int] = (1, 1)
    dilation: tuple[int, int] = (1, 1)
    padding: str = "SAME"
    relu: bool = False


def windows(size: int, kernel: int, stride: int, dilation: int, padding: str) -> int:
    """Output positions along one axis, TFLite's rule."""
    if padding == "SAME":
        return -(-size // stride)
    return (size - (kernel - 1) * dilation - 1) // stride + 1


@dataclass
class Stack:
    """Collects layers while a block lowers itself; `top` is the layer the next one reads."""

    input_shape: Shape3
    layers: list[Layer] = field(default_factory=list)
    top: int = INPUT

    def shape(self, index: int | None = None) -> tuple[int, ...]:
        at = self.top if index is None else index
        return self.input_shape if at == INPUT else self.layers[at].shape

    def push(self, layer: Layer) -> int:
        self.layers.append(layer)
        self.top = len(self.layers) - 1
        return self.top

    def conv(self, name: str, channels: int, kernel: tuple[int, int] = (1, 1),
             stride: tuple[int, int] = (1, 1), relu: bool = True) -> int:
        time, bands, _ = self._plane(name)
        shape = (windows(time, kernel[0], stride[0], 1, "SAME"),
                 windows(bands, kernel[1], stride[1], 1, "SAME"), channels)
        return self.push(Layer("conv", name, (self.top,), shape, kernel, stride, relu=relu))

    def depthwise(self, name: str, kernel: tuple[int, int], stride: int = 1,
                  dilation: tuple[int, int] = (1, 1)) -> int:
        """Strides are square: the only ones TensorFlow trains depthwise (one column has no choice)."""
        time, bands, channels = self._plane(name)
        shape = (windows(time, kernel[0], stride, dilation[0], "SAME"),
                 windows(bands, kernel[1], stride, dilation[1], "SAME"), channels)
        return self.push(
            Layer("depthwise", name, (self.top,), shape, kernel, (stride, stride), dilation, relu=True))

    def pool(self, name: str, kind: str, size: tuple[int, int]) -> int:
        time, bands, channels = self._plane(name)
        shape = (time // size[0], bands // size[1], channels)
        if min(shape) < 1:
            raise ModelError(f"block '{name}': a {size[0]}x{size[1]} pool does not fit {time}x{bands}")
        return self.push(Layer(f"{kind}_pool", name, (self.top,), shape, size, size, padding="VALID"))

    def reshape(self, name: str, shape: Shape3) -> int:
        if prod(shape) != prod(self.shape()):
            raise ModelError(f"block '{name}': cannot reshape {self.shape()} to {shape}")
        return self.push(Layer("reshape", name, (self.top,), shape))

    def add(self, name: str, other: int) -> int:
        """ReLU of the sum of `other` and the top."""
        if self.shape(other) != self.shape():
            raise ModelError(f"block '{name}': cannot add {self.shape(other)} to {self.shape()}")
        return self.push(Layer("add", name, (other, self.top), self.shape(), relu=True))

    def classify(self, classes: int) -> None:
        """The head: mean over time and frequency, dropout (training only), dense, softmax."""
        channels = self._plane("head")[2]
        self.push(Layer("mean", "mean", (self.top,), (channels,)))
        self.push(Layer("dropout", "dropout", (self.top,), (channels,)))
        self.push(Layer("dense", "dense", (self.top,), (classes,)))
        self.push(Layer("softmax", "softmax", (self.top,), (classes,)))

    def _plane(self, name: str) -> Shape3:
        shape = self.shape()
        if len(shape) != 3:
            raise ModelError(f"block '{name}' needs time x frequency x channels, got {shape}")
        return shape[0], shape[1], shape[2]


def parameters(layers: Iterable[Layer], input_shape: Shape3) -> int:
    """Weights and biases of the exported model."""
    known = list(layers)
    total = 0
    for layer in known:
        source = input_shape if layer.inputs[0] == INPUT else known[layer.inputs[0]].shape
        if layer.kind == "conv":
            total += (prod(layer.kernel) * source[-1] + 1) * layer.shape[-1]
        elif layer.kind == "depthwise":
            total += (prod(layer.kernel) + 1) * layer.shape[-1]
        elif layer.kind == "dense":
            total += (source[-1] + 1) * layer.shape[-1]
    return total
