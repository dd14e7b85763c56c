"""What a kernel path costs: instructions from a fitted linear model, code and stack bytes from measurement."""

from tinynas.cost.coefficients import Coefficients, PathCost, load_coefficients, uncalibrated
from tinynas.cost.predict import Prediction, predict

__all__ = ["Coefficients", "PathCost", "Prediction", "load_coefficients", "predict", "uncalibrated"]
