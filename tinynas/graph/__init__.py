"""Graph: tensors, quantization, operators; reading and writing `.tflite`."""

from tinynas.graph.graph import Graph
from tinynas.graph.op import ABSENT, Op
from tinynas.graph.tensor import ITEM_BYTES, Quantization, Shape, Tensor

__all__ = ["ABSENT", "ITEM_BYTES", "Graph", "Op", "Quantization", "Shape", "Tensor"]
