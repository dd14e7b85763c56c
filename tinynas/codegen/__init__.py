"""Program + Board -> C: the model's sources, and the firmware project around them."""

from tinynas.codegen.model import ModelSources, generate_model, model_hash

__all__ = ["ModelSources", "generate_model", "model_hash"]
