"""Architecture -> `Graph` without weights: operator for operator what the trained model exports to.

Quantization parameters stand where the export will have them (per tensor for activations, per
channel for weights and biases) with stand-in values: no cost depends on their values.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tinynas.graph import Graph, Op, Quantization, Shape, Tensor
from tinynas.graph.ops import (
    Add,
    AveragePool2D,
    Conv2D,
    Dense,
    DepthwiseConv2D,
    MaxPool2D,
    Mean,
    Reshape,
    Softmax,
)
from tinynas.space.arch import Arch
from tinynas.space.layers import INPUT, Layer

SOFTMAX_OUTPUT = Quantization((1 / 256,), (-128,))  # TFLite's fixed output scale


def arch_graph(arch: Arch, input_quantization: Quantization | None = None) -> Graph:
    """The int8 graph of `arch`, batch 1, weights absent. `input_quantization`: the front end's."""
    builder = _Builder()
    source = builder.activation("input", (1, *arch.input_shape), input_quantization)
    outputs = {INPUT: source}
    for index, layer in enumerate(arch.layers):
        outputs[index] = builder.add(layer, [outputs[i] for i in layer.inputs])
    return Graph(f"{arch.space}-{arch.id}", tuple(builder.tensors), tuple(builder.ops), (source,),
                 (outputs[len(arch.layers) - 1],))


@dataclass
class _Builder:
    tensors: list[Tensor] = field(default_factory=list)
    ops: list[Op] = field(default_factory=list)

    def activation(self, name: str, shape: Shape, quantization: Quantization | None = None) -> int:
        self.tensors.append(Tensor(name, shape, "int8", quantization or Quantization((1 / 16,), (0,))))
        return len(self.tensors) - 1

    def constant(self, name: str, shape: Shape, dtype: str, channels: int, axis: int) -> int:
        scales = Quantization((1 / 128,) * channels, (0,) * channels, axis)
        self.tensors.append(Tensor(name, shape, dtype, scales, constant=True))
        return len(self.tensors) - 1

    def add(self, layer: Layer, inputs: list[int]) -> int:
        """Append the layer's operator; returns the tensor it writes (dropout writes none)."""
        if layer.kind == "dropout":
            return inputs[0]
        constants = self._weights(layer, self.tensors[inputs[0]].shape[-1])
        same_scale = layer.kind in ("reshape", "max_pool", "average_pool")
        quantization = (SOFTMAX_OUTPUT if layer.kind == "softmax"
                        else self.tensors[inputs[0]].quantization if same_scale else None)
        output = self.activation(layer.name, (1, *layer.shape), quantization)
        self.ops.append(_operator(layer, (*inputs, *constants), (output,)))
        return output

    def _weights(self, layer: Layer, channels: int) -> tuple[int, ...]:
        """Weights and bias in TFLite's layouts."""
        out = layer.shape[-1]
        shapes = {"conv": ((out, *layer.kernel, channels), 0), "depthwise": ((1, *layer.kernel, out), 3),
                  "dense": ((out, channels), 0)}
        if layer.kind not in shapes:
            return ()
        shape, axis = shapes[layer.kind]
        return (self.constant(f"{layer.name}/weights", shape, "int8", out, axis),
                self.constant(f"{layer.name}/bias", (out,), "int32", out, 0))


def _operator(layer: Layer, inputs: tuple[int, ...], outputs: tuple[int, ...]) -> Op:
    name = layer.name
    activation = "RELU" if layer.relu else "NONE"
    if layer.kind in ("conv", "depthwise"):
        cls = Conv2D if layer.kind == "conv" else DepthwiseConv2D
        return cls(name, inputs, outputs, layer.stride, layer.dilation, layer.padding, activation)
    if layer.kind == "max_pool":
        return MaxPool2D(name, inputs, outputs, layer.kernel, layer.stride, layer.padding)
    if layer.kind == "average_pool":
        return AveragePool2D(name, inputs, outputs, layer.kernel, layer.stride, layer.padding)
    if layer.kind == "reshape":
        return Reshape(name, inputs, outputs, (1, *layer.shape))
    if layer.kind == "add":
        return Add(name, inputs, outputs, activation)
    if layer.kind == "mean":
        return Mean(name, inputs, outputs, (1, 2), False)
    if layer.kind == "dense":
        return Dense(name, inputs, outputs)
    if layer.kind == "softmax":
        return Softmax(name, inputs, outputs)
    raise ValueError(f"layer '{name}': no operator for kind '{layer.kind}'")
