"""An architecture: what a search proposes, costs, trains and stores.

Plain data with a JSON round trip and a short stable identity, so that a trial written today can
be replayed tomorrow, and the same proposal is never trained twice.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from tinynas.errors import ModelError
from tinynas.space.blocks import Block, block_from_json, block_to_json
from tinynas.space.layers import Layer, Shape3, Stack


@dataclass(frozen=True)
class Arch:
    """Blocks over an input of (frames, bands, 1), ended by mean, dense and softmax over `classes`."""

    space: str
    input_shape: Shape3
    classes: int
    blocks: tuple[Block, ...]

    @cached_property
    def id(self) -> str:
        """Ten hex digits of the SHA-256 of the canonical JSON."""
        text = json.dumps(self.to_json(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:10]

    @cached_property
    def layers(self) -> tuple[Layer, ...]:
        """The primitive layers. ModelError when the blocks do not fit together."""
        stack = Stack(self.input_shape)
        for index, block in enumerate(self.blocks):
            block.lower(stack, f"b{index}/{block.kind}")
        stack.classify(self.classes)
        return tuple(stack.layers)

    def to_json(self) -> dict[str, Any]:
        return {"space": self.space, "input_shape": list(self.input_shape), "classes": self.classes,
                "blocks": [block_to_json(b) for b in self.blocks]}

    @staticmethod
    def from_json(value: Mapping[str, Any]) -> Arch:
        """Inverse of `to_json`. ModelError when something is missing or unknown."""
        try:
            frames, bands, channels = (int(v) for v in value["input_shape"])
            blocks = tuple(block_from_json(b) for b in value["blocks"])
            return Arch(str(value["space"]), (frames, bands, channels), int(value["classes"]), blocks)
        except (KeyError, TypeError, ValueError) as error:
            raise ModelError(f"not an architecture: {error!r}") from error

    def describe(self) -> str:
        """One short line for people: `conv 8 5x5/2x4 - sep 6 3x3 - fold - ...`."""
        return " - ".join(_words(b) for b in self.blocks)


def _words(block: Block) -> str:
    fields = block_to_json(block)
    text = {"separable": "sep"}.get(block.kind, block.kind)
    if "op" in fields:
        text = f"{fields['op']}-pool {fields['size'][0]}x{fields['size'][1]}"
    if "channels" in fields:
        text += f" {fields['channels']}"
    if "kernel" in fields:
        text += f" {fields['kernel'][0]}x{fields['kernel'][1]}"
    stride = fields.get("stride", 1)
    if stride not in (1, [1, 1]):
        text += f"/{stride}" if isinstance(stride, int) else f"/{stride[0]}x{stride[1]}"
    if fields.get("dilation", 1) != 1:
        text += f" d{fields['dilation']}"
    return text + ("+" if fields.get("residual") else "")
