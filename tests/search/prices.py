"""A plain stand-in for the compiler's prices, for tests of what is done with them."""

from __future__ import annotations

from tinynas.search import Cost
from tinynas.space import Arch, arch_graph, parameters


def cost_of(arch: Arch) -> Cost:
    """Parameters, the largest input and output together, one instruction a MAC at 200 MHz."""
    graph = arch_graph(arch)
    live = [sum(graph.tensors[i].size_bytes for i in (*graph.activations(op), *op.outputs)) for op in graph]
    flash = parameters(arch.layers, arch.input_shape)
    return Cost(max(live), flash, float(graph.macs), graph.macs / 2e5, graph.macs)
