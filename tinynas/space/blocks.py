"""The blocks architectures are made of.

Each is a small frozen dataclass that can lower itself onto a `Stack`. A new kind of block (a GRU,
an inverted bottleneck) is one more class here, entered in BLOCKS; nothing else lists them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

from tinynas.errors import ModelError
from tinynas.space.layers import Stack


@dataclass(frozen=True)
class Conv:
    """Convolution, batch norm, ReLU. `kernel` and `stride` are (time, frequency)."""

    kind: ClassVar[str] = "conv"

    channels: int
    kernel: tuple[int, int] = (1, 1)
    stride: tuple[int, int] = (1, 1)

    def lower(self, stack: Stack, name: str) -> None:
        stack.conv(name, self.channels, self.kernel, self.stride)


@dataclass(frozen=True)
class Separable:
    """Depthwise convolution then 1x1 convolution, each with batch norm and ReLU.

    With `residual` the block's input is added before the last ReLU; that needs equal shapes.
    `dilation` is along time."""

    kind: ClassVar[str] = "separable"

    channels: int
    kernel: tuple[int, int] = (3, 3)
    stride: int = 1
    dilation: int = 1
    residual: bool = False

    def lower(self, stack: Stack, name: str) -> None:
        source = stack.top
        stack.depthwise(f"{name}/dw", self.kernel, self.stride, (self.dilation, 1))
        stack.conv(f"{name}/pw", self.channels, relu=not self.residual)
        if self.residual:
            stack.add(f"{name}/add", source)


@dataclass(frozen=True)
class Pool:
    """Pooling with stride = size, no padding. `op` is "max" or "average"."""

    kind: ClassVar[str] = "pool"

    op: str = "max"
    size: tuple[int, int] = (2, 2)

    def lower(self, stack: Stack, name: str) -> None:
        if self.op not in ("max", "average"):
            raise ModelError(f"block '{name}': unknown pool '{self.op}', use 'max' or 'average'")
        stack.pool(name, self.op, self.size)


@dataclass(frozen=True)
class Fold:
    """Frequency folded into channels: (time, frequency, channels) -> (time, 1, frequency x channels).

    The turn from 2-D to 1-D in time; the same bytes, so it costs nothing on the device."""

    kind: ClassVar[str] = "fold"

    def lower(self, stack: Stack, name: str) -> None:
        time, bands, channels = stack.shape()
        stack.reshape(name, (time, 1, bands * channels))


Block = Conv | Separable | Pool | Fold

BLOCKS: Mapping[str, type[Block]] = {c.kind: c for c in (Conv, Separable, Pool, Fold)}


def block_to_json(block: Block) -> dict[str, Any]:
    """{"block": kind, fields...}"""
    fields = {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(block).items()}
    return {"block": block.kind, **fields}


def block_from_json(value: Mapping[str, Any]) -> Block:
    """Inverse of `block_to_json`. ModelError for an unknown kind or field."""
    fields = {k: tuple(v) if isinstance(v, list) else v for k, v in value.items() if k != "block"}
    cls: Callable[..., Block] | None = BLOCKS.get(value.get("block", ""))
    if cls is None:
        raise ModelError(f"unknown block {value.get('block')!r}, known: {', '.join(BLOCKS)}")
    try:
        return cls(**fields)
    except TypeError as error:
        raise ModelError(f"block '{value['block']}': {error}") from error
