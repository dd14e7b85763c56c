"""Audio front end: fixed-point features from one C source for device and host."""

from tinynas.audio.frontend import FrontEnd, Quantizer, features_to_float
from tinynas.audio.host import features, quantize

__all__ = ["FrontEnd", "Quantizer", "features", "features_to_float", "quantize"]
