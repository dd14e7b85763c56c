"""Tensors and their quantization. Shapes are NHWC; weights keep TFLite's layouts
(conv O,H,W,I; depthwise 1,H,W,C*multiplier; dense O,I)."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np

Shape = tuple[int, ...]

ITEM_BYTES = {
    "int8": 1, "uint8": 1, "bool": 1, "int16": 2, "int32": 4, "float32": 4, "int64": 8,
}


@dataclass(frozen=True)
class Quantization:
    """real = scale * (q - zero_point). One entry, or one per index along `axis`."""

    scale: tuple[float, ...]
    zero_point: tuple[int, ...]
    axis: int = 0

    @property
    def per_channel(self) -> bool:
        return len(self.scale) > 1


@dataclass(frozen=True, eq=False)
class Tensor:
    """One value of a graph.

    `constant` marks weights and biases; their `data` is None in a candidate that has not been
    trained. Activations are never constant and hold no data. Compared by identity.
    """

    name: str
    shape: Shape
    dtype: str = "int8"
    quantization: Quantization | None = None
    constant: bool = False
    data: np.ndarray | None = None

    @property
    def elements(self) -> int:
        return prod(self.shape)

    @property
    def size_bytes(self) -> int:
        return self.elements * ITEM_BYTES[self.dtype]

    @property
    def scale(self) -> float:
        """The per-tensor scale; ValueError when there is none or it is per channel."""
        if self.quantization is None or self.quantization.per_channel:
            raise ValueError(f"tensor '{self.name}' has no per-tensor scale")
        return self.quantization.scale[0]

    @property
    def zero_point(self) -> int:
        """The per-tensor zero point; ValueError when the tensor is not quantized."""
        if self.quantization is None:
            raise ValueError(f"tensor '{self.name}' has no zero point")
        return self.quantization.zero_point[0]
