"""Spaces: what architectures there are, and the graph of each."""

from tinynas.space.arch import Arch
from tinynas.space.blocks import Block, Conv, Fold, Pool, Separable
from tinynas.space.graph import arch_graph
from tinynas.space.kws_conv import KwsConv
from tinynas.space.layers import Layer, parameters

__all__ = [
    "Arch", "Block", "Conv", "Fold", "KwsConv", "Layer", "Pool", "Separable", "arch_graph", "parameters",
]
