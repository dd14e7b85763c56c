"""Tensors and their quantization. Shapes are NHWC; weights keep TFLite's layouts
(conv O,H,W,I; depthwise 1,H,W,C*multiplier; dense O,I)."""

from __future__ import annotations

from collections.abc import Sequence
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

    def __post_init__(self) -> None:
        """Scales are float32 in a model, so they are float32 values here too. With one scale the axis
        means nothing and is 0."""
        with np.errstate(over="ignore"):
            rounded = np.asarray(self.scale, np.float32).astype(np.float64)
        object.__setattr__(self, "scale", tuple(rounded.tolist()))
        object.__setattr__(self, "zero_point", tuple(int(z) for z in self.zero_point))
        if len(self.scale) == 1:
            object.__setattr__(self, "axis", 0)

    @classmethod
    def per_tensor(cls, scale: float, zero_point: int = 0) -> Quantization:
        """One scale and one zero point for the whole tensor."""
        return cls((scale,), (zero_point,))

    @classmethod
    def symmetric(cls, scales: Sequence[float], axis: int = 0) -> Quantization:
        """One scale per index along `axis`, zero points 0 (weights and biases)."""
        return cls(tuple(scales), (0,) * len(scales), axis)

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
