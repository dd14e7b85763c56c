"""One file per operator (or per family that shares one integer rule)."""

from tinynas.graph.ops.arithmetic import Add, Mul, Sub
from tinynas.graph.ops.concat import Concat
from tinynas.graph.ops.conv2d import Conv2D
from tinynas.graph.ops.dense import Dense
from tinynas.graph.ops.depthwise import DepthwiseConv2D
from tinynas.graph.ops.mean import Mean
from tinynas.graph.ops.pad import Pad, PadV2
from tinynas.graph.ops.pool import AveragePool2D, MaxPool2D
from tinynas.graph.ops.quantize import Dequantize, Quantize
from tinynas.graph.ops.reshape import ExpandDims, Reshape, Squeeze
from tinynas.graph.ops.softmax import Softmax
from tinynas.graph.ops.split import Split
from tinynas.graph.ops.strided_slice import StridedSlice
from tinynas.graph.ops.transpose import Transpose
from tinynas.graph.ops.unary import HardSwish, LeakyRelu, Logistic, Relu, Relu6, Tanh

__all__ = [
    "Add",
    "AveragePool2D",
    "Concat",
    "Conv2D",
    "Dense",
    "DepthwiseConv2D",
    "Dequantize",
    "ExpandDims",
    "HardSwish",
    "LeakyRelu",
    "Logistic",
    "MaxPool2D",
    "Mean",
    "Mul",
    "Pad",
    "PadV2",
    "Quantize",
    "Relu",
    "Relu6",
    "Reshape",
    "Softmax",
    "Split",
    "Squeeze",
    "StridedSlice",
    "Sub",
    "Tanh",
    "Transpose",
]
