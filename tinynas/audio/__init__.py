"""Audio front end: fixed-point features from one C source for device and host."""

from tinynas.audio.cost import FrontEndCost, frontend_cost
from tinynas.audio.frontend import FrontEnd, Quantizer, features_to_float
from tinynas.audio.generate import frontend_c
from tinynas.audio.host import features, quantize

__all__ = [
    "FrontEnd",
    "FrontEndCost",
    "Quantizer",
    "features",
    "features_to_float",
    "frontend_c",
    "frontend_cost",
    "quantize",
]
