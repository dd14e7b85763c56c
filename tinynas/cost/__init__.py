"""What a kernel path costs: instructions from a fitted linear model, code and stack bytes from measurement."""

from tinynas.cost.coefficients import Coefficients, PathCost, load_coefficients, uncalibrated
from tinynas.cost.predict import predict_instructions

__all__ = ["Coefficients", "PathCost", "load_coefficients", "predict_instructions", "uncalibrated"]
