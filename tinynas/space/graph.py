"""Architecture -> `Graph` without weights: operator for operator what the trained model exports to.

Quantization stands where the export will have it (per tensor for activations, per channel for weights)
with the builder's nominal values: no cost depends on them.
"""

from __future__ import annotations

from tinynas.graph import Graph, Quantization
from tinynas.graph.builder import NOMINAL, GraphBuilder
from tinynas.space.arch import Arch
from tinynas.space.layers import INPUT, Layer

MEAN_OUTPUT = Quantization.per_tensor(0.03, -128)  # the export gives the mean a range of its own


def arch_graph(arch: Arch, input_quantization: Quantization | None = None) -> Graph:
    """The int8 graph of `arch`, batch 1, weights absent. `input_quantization`: the front end's.

    Raises ModelError when the blocks do not fit together."""
    builder = GraphBuilder(f"{arch.space}-{arch.id}")
    outputs = {INPUT: builder.input((1, *arch.input_shape), input_quantization or NOMINAL, name="features")}
    for index, layer in enumerate(arch.layers):
        outputs[index] = _add(builder, layer, [outputs[i] for i in layer.inputs])
    return builder.build(outputs[len(arch.layers) - 1])


def _add(builder: GraphBuilder, layer: Layer, inputs: list[int]) -> int:
    """Append the layer's operator; the tensor it writes (dropout only exists in training)."""
    x, name = inputs[0], layer.name
    activation = "RELU" if layer.relu else "NONE"
    if layer.kind == "conv":
        return builder.conv2d(x, layer.shape[-1], layer.kernel, layer.stride, layer.padding, activation,
                              layer.dilation, name=name)
    if layer.kind == "depthwise":
        return builder.depthwise_conv2d(x, layer.kernel, layer.stride, layer.padding, activation,
                                        dilation=layer.dilation, name=name)
    if layer.kind == "max_pool":
        return builder.max_pool(x, layer.kernel, layer.stride, layer.padding, name=name)
    if layer.kind == "average_pool":
        return builder.average_pool(x, layer.kernel, layer.stride, layer.padding, name=name)
    if layer.kind == "reshape":
        return builder.reshape(x, (1, *layer.shape), name=name)
    if layer.kind == "add":
        return builder.add(inputs[0], inputs[1], activation, name=name)
    if layer.kind == "mean":
        return builder.mean(x, quantization=MEAN_OUTPUT, name=name)
    if layer.kind == "dense":
        return builder.dense(x, layer.shape[-1], name=name)
    if layer.kind == "softmax":
        return builder.softmax(x, name=name)
    if layer.kind == "dropout":
        return x
    raise ValueError(f"layer '{name}': no operator for kind '{layer.kind}'")
