"""Where the instructions of one inference go, layer by layer, and the cycles they are estimated to take.

The emulator counts executions of every block of the very firmware that is measured (its layers are told apart
by labels, which cost nothing). An emulator without plugins cannot: then a second firmware with a mark between
layers is asked, and what a mark costs, measured on the device, is taken off; cycles stay unknown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tinynas.bench.cycles import Cycles, estimate_cycles, has_model
from tinynas.bench.session import Inference
from tinynas.boards import Board
from tinynas.target.emulate.profile import Block


@dataclass(frozen=True)
class Profile:
    """`layers`: exact instructions of each, in execution order. `blocks`: empty when only marks were there."""

    layers: tuple[int, ...]
    cycles: Cycles | None
    blocks: tuple[Block, ...] = ()


def profile_of_blocks(blocks: Sequence[Block], layers: int, elf: Path, core: str) -> Profile:
    """From the plugin's counts. The end label's layer (number `layers`) is the invoke function's own exit."""
    counts: Counter[int] = Counter()
    for block in blocks:
        counts[block.layer] += block.instructions * block.executions
    cycles = estimate_cycles(blocks, elf, core) if has_model(core) else None
    return Profile(tuple(counts[k] for k in range(layers)), cycles, tuple(blocks))


def profile_of_marks(board: Board, run: Inference) -> Profile:
    """From the counter read at each mark."""
    assert board.emulate is not None
    mark = board.emulate.instructions(run.mark_ticks)
    pairs = zip(run.marks, run.marks[1:], strict=False)
    return Profile(tuple(board.emulate.instructions(b - a) - mark for a, b in pairs), None)
