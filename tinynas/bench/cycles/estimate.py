"""Cycles of an inference and of each layer, from block counts and the image's code."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tinynas.bench.cycles.decode import Decoder, Instruction
from tinynas.bench.cycles.dual_issue import MISPREDICTED, loop_cycles
from tinynas.bench.cycles.models import MODELS, Model
from tinynas.bench.cycles.single_issue import block_cycles
from tinynas.errors import MeasureError
from tinynas.target.elf import code_at
from tinynas.target.emulate.profile import Block


@dataclass(frozen=True)
class Cycles:
    """Estimated cycles with zero-wait-state memory. `layers`: by layer (-1: before the first, N: after the last)."""

    total: int
    low: int
    high: int
    layers: Mapping[int, int]
    source: str


@dataclass(frozen=True)
class Priced:
    """A block, its instructions, and the cycles of all its executions (None where no model knows the core)."""

    block: Block
    code: Sequence[Instruction]
    cycles: float | None


def price_blocks(blocks: Sequence[Block], elf: Path, core: str) -> Iterator[Priced]:
    """Every block decoded and priced. MeasureError for a block whose code the image lacks."""
    model = MODELS.get(core)
    decoder = Decoder()
    read = code_at(elf)
    decoded: dict[tuple[int, int], list[Instruction]] = {}
    for block in blocks:
        key = (block.address, block.instructions)
        if key not in decoded:
            decoded[key] = decoder.block(read(block.address, block.size_bytes + 4), *key)
        yield Priced(block, decoded[key], None if model is None else _cost(block, decoded[key], model))


def estimate_cycles(blocks: Sequence[Block], elf: Path, core: str) -> Cycles:
    """Cycles of one inference on `core` ("cortex-m4"). MeasureError when no model knows the core."""
    model = MODELS.get(core)
    if model is None:
        raise MeasureError(f"no cycle model for {core}; there are {', '.join(sorted(MODELS))}")
    layers: defaultdict[int, float] = defaultdict(float)
    for priced in price_blocks(blocks, elf, core):
        assert priced.cycles is not None
        layers[priced.block.layer] += priced.cycles
    total = sum(layers.values())
    return Cycles(round(total), round(total * (1 - model.band)), round(total * (1 + model.band)),
                  {k: round(v) for k, v in sorted(layers.items())}, model.source)


def _cost(block: Block, code: Sequence[Instruction], model: Model) -> float:
    """All executions of the block within its layer. A last instruction that only falls through is no branch."""
    flows = code[-1].flow
    if model.timing is None:
        first, again = loop_cycles(code)
        missed = block.mispredicted * MISPREDICTED if flows else 0
        return first * (block.executions - block.repeats) + again * block.repeats + missed
    straight = block_cycles(code, model.timing) * (block.executions - block.repeats)
    looped = block_cycles(code, model.timing, before=code[-1]) * block.repeats
    return straight + looped + (block.taken * model.timing.taken if flows else 0)
