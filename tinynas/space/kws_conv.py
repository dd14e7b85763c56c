"""The space `kws-conv`: convolutional keyword spotters, in 2-D, in 1-D, and 2-D folded into 1-D.

One grammar holds three families. A 2-D net (stem, depthwise-separable blocks, pools); a 1-D net (fold the
bands into channels at once, then separable blocks in time); and the one that does best on small budgets: a
short 2-D front, its frequencies folded into channels, residual separable blocks in time. What is searched
is data: the ladders below. An edit moves one field one rung, or adds, drops or moves a block; `repair`
makes any list of blocks an architecture of the space, so every edit leads to one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar

import numpy as np

from tinynas.errors import UsageError
from tinynas.space.arch import Arch
from tinynas.space.blocks import Block, Conv, Fold, Pool, Separable
from tinynas.space.layers import Shape3, windows

CHANNELS = (4, 8, 12, 16, 20, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128)
STEM_KERNELS = ((3, 3), (5, 3), (5, 5), (7, 5), (10, 4))
STEM_STRIDES = ((1, 2), (2, 2), (1, 4), (2, 4))
PLANE_KERNELS = ((3, 3), (5, 3), (5, 5))  # depthwise, before the fold
TIME_KERNELS = ((3, 1), (5, 1), (7, 1), (9, 1), (11, 1), (15, 1))  # depthwise, after the fold
STRIDES = (1, 2)
DILATIONS = (1, 2, 4)
POOL_SIZES = ((2, 1), (1, 2), (2, 2))
POOL_OPS = ("max", "average")
MAX_BLOCKS = 10
MIN_FRAMES = 4  # time positions left for the mean

Accepts = Callable[[Arch], bool]


@dataclass(frozen=True)
class KwsConv:
    """The space for one input and task. `accepts` says whether a board can run an architecture."""

    name: ClassVar[str] = "kws-conv"

    input_shape: Shape3
    classes: int
    accepts: Accepts = lambda arch: True  # noqa: E731

    def random_arch(self, rng: np.random.Generator) -> Arch:
        """One architecture of the space; families in fixed proportions."""
        for _ in range(1000):
            family = rng.choice(["folded", "plane", "time"], p=[0.6, 0.2, 0.2])
            arch = self.repair({"folded": _folded, "plane": _plane, "time": _time}[str(family)](rng))
            if self.accepts(arch):
                return arch
        raise UsageError(f"space '{self.name}': none of 1000 samples has a kernel path for every operator")

    def mutate(self, arch: Arch, rng: np.random.Generator) -> Arch:
        """One random edit of `arch`; never `arch` itself."""
        edits = list(_edits(arch.blocks))
        for index in rng.permutation(len(edits)):
            changed = self.repair(edits[index])
            if changed != arch and self.accepts(changed):
                return changed
        raise UsageError(f"space '{self.name}': architecture {arch.id} has no neighbour the board can run")

    def neighbours(self, arch: Arch) -> Iterator[Arch]:
        """Every architecture one edit away, each once."""
        seen = {arch}
        for blocks in _edits(arch.blocks):
            changed = self.repair(blocks)
            if changed not in seen:
                seen.add(changed)
                if self.accepts(changed):
                    yield changed

    def repair(self, blocks: tuple[Block, ...]) -> Arch:
        """The architecture these blocks stand for, with everything that does not fit put right."""
        time, bands, channels = self.input_shape
        kept: list[Block] = []
        folded = False
        for block in blocks:
            fitted = _fit(block, time, bands, channels, folded)
            if fitted is None or len(kept) == MAX_BLOCKS:
                continue
            kept.append(fitted)
            time, bands, channels = _after(fitted, time, bands, channels)
            folded = folded or isinstance(fitted, Fold)
        if not any(isinstance(b, (Conv, Separable)) for b in kept):
            last = Conv(16) if folded else Conv(16, (3, 3), (2, 2))
            kept = [*kept[:MAX_BLOCKS - 1], last]
        return Arch(self.name, self.input_shape, self.classes, tuple(kept))

    def encode(self, arch: Arch) -> np.ndarray:
        """float32 vector, the same length for all; different architectures differ in it."""
        rows = np.zeros((MAX_BLOCKS, 12), np.float32)
        for row, block in zip(rows, arch.blocks, strict=False):
            row[:] = _encode(block)
        return rows.reshape(-1)

    def smallest(self) -> Arch:
        """A net as cheap as the space holds: where the search looks when nothing fits."""
        return self.repair((Conv(4, (3, 3), (2, 4)), Pool("average", (2, 2))))


def _folded(rng: np.random.Generator) -> tuple[Block, ...]:
    stem = Conv(_pick(rng, CHANNELS[:6]), _pick(rng, STEM_KERNELS), _pick(rng, STEM_STRIDES))
    front = [Separable(_pick(rng, CHANNELS[:6]), _pick(rng, PLANE_KERNELS), residual=rng.random() < 0.3)
             for _ in range(rng.integers(0, 3))]
    return (stem, *front, Fold(), *_temporal(rng))


def _time(rng: np.random.Generator) -> tuple[Block, ...]:
    return (Fold(), *_temporal(rng))


def _temporal(rng: np.random.Generator) -> list[Block]:
    """A pointwise mix, then residual blocks; now and then one halves the time."""
    width = _pick(rng, CHANNELS[5:])
    kernel = _pick(rng, TIME_KERNELS)
    blocks: list[Block] = [Conv(width)]
    for _ in range(rng.integers(2, 6)):
        dilation = _pick(rng, DILATIONS) if rng.random() < 0.25 else 1
        stride = 2 if dilation == 1 and rng.random() < 0.15 else 1
        if rng.random() < 0.15:
            kernel = _pick(rng, TIME_KERNELS)
        if stride == 2:
            width = _step(rng, CHANNELS, width)
        blocks.append(Separable(width, kernel, stride, dilation, residual=stride == 1))
    return blocks


def _plane(rng: np.random.Generator) -> tuple[Block, ...]:
    width = _pick(rng, CHANNELS[3:11])
    blocks: list[Block] = [Conv(width, _pick(rng, STEM_KERNELS), _pick(rng, STEM_STRIDES))]
    for _ in range(rng.integers(2, 6)):
        if rng.random() < 0.2:
            blocks.append(Pool(_pick(rng, POOL_OPS), _pick(rng, POOL_SIZES)))
        stride = 2 if rng.random() < 0.2 else 1
        if rng.random() < 0.4:
            width = _step(rng, CHANNELS, width)
        blocks.append(Separable(width, _pick(rng, PLANE_KERNELS), stride, residual=rng.random() < 0.5))
    return tuple(blocks)


def _pick(rng: np.random.Generator, ladder: tuple[Any, ...]) -> Any:
    return ladder[int(rng.integers(len(ladder)))]


def _step(rng: np.random.Generator, ladder: tuple[int, ...], value: int) -> int:
    at = ladder.index(value) + int(rng.choice([-1, 1]))
    return ladder[min(max(at, 0), len(ladder) - 1)]


def _fit(block: Block, time: int, bands: int, channels: int, folded: bool) -> Block | None:
    """The block as it fits a plane of time x bands x channels here, or None to leave it out."""
    if isinstance(block, Fold):
        return None if folded else block
    if isinstance(block, Pool):
        size = (block.size[0], 1) if folded else block.size
        fits = size != (1, 1) and time // size[0] >= MIN_FRAMES and bands >= size[1]
        return replace(block, size=size) if fits else None
    if isinstance(block, Conv):
        if folded:
            return replace(block, kernel=(1, 1), stride=(1, 1))
        taps = block.kernel if block.kernel in STEM_KERNELS else STEM_KERNELS[0]
        along, across = block.stride if block.stride in STEM_STRIDES else (1, 1)
        steps = (along if time // along >= MIN_FRAMES else 1, across if bands >= across else 1)
        return replace(block, kernel=taps, stride=steps)
    kernels = TIME_KERNELS if folded else PLANE_KERNELS
    kernel = block.kernel if block.kernel in kernels else kernels[0]
    stride = block.stride if time // block.stride >= MIN_FRAMES else 1
    dilation = block.dilation if folded and stride == 1 and kernel[0] > 1 else 1
    while (kernel[0] - 1) * dilation + 1 > 2 * time and dilation > 1:  # taps that never meet the signal
        dilation //= 2
    same = stride == 1 and block.channels == channels
    return replace(block, kernel=kernel, stride=stride, dilation=dilation, residual=block.residual and same)


def _after(block: Block, time: int, bands: int, channels: int) -> Shape3:
    if isinstance(block, Fold):
        return time, 1, bands * channels
    if isinstance(block, Pool):
        return time // block.size[0], bands // block.size[1], channels
    along, across = block.stride if isinstance(block, Conv) else (block.stride, block.stride)
    return windows(time, 1, along, 1, "SAME"), windows(bands, 1, across, 1, "SAME"), block.channels


_LADDERS: dict[type[Block], dict[str, tuple[Any, ...]]] = {
    Conv: {"channels": CHANNELS, "kernel": STEM_KERNELS, "stride": ((1, 1), *STEM_STRIDES)},
    Separable: {"channels": CHANNELS, "kernel": PLANE_KERNELS + TIME_KERNELS, "stride": STRIDES,
                "dilation": DILATIONS, "residual": (False, True)},
    Pool: {"op": POOL_OPS, "size": POOL_SIZES},
    Fold: {},
}
_FRESH: tuple[Block, ...] = (Conv(16, (3, 3), (2, 2)), Separable(16), Pool(), Fold())


def _edits(blocks: tuple[Block, ...]) -> Iterator[tuple[Block, ...]]:
    """Lists of blocks one edit away; they may need repair, and some repair back to where they came from."""
    for at, block in enumerate(blocks):
        for changed in _rungs(block):
            yield (*blocks[:at], changed, *blocks[at + 1:])
        yield (*blocks[:at], *blocks[at + 1:])
        if len(blocks) < MAX_BLOCKS and isinstance(block, Separable):
            yield (*blocks[:at + 1], replace(block, stride=1, residual=True), *blocks[at + 1:])
        if isinstance(block, Fold) and at + 1 < len(blocks):
            yield (*blocks[:at], blocks[at + 1], block, *blocks[at + 2:])
        if isinstance(block, Fold) and at > 0:
            yield (*blocks[:at - 1], block, blocks[at - 1], *blocks[at + 1:])
    if len(blocks) < MAX_BLOCKS:
        for at in range(len(blocks) + 1):
            for fresh in _FRESH:
                yield (*blocks[:at], fresh, *blocks[at:])
    yield from _widths(blocks)


def _rungs(block: Block) -> Iterator[Block]:
    """The block with one field one rung up or down its ladder."""
    for name, ladder in _LADDERS[type(block)].items():
        value = getattr(block, name)
        places = [ladder.index(value)] if value in ladder else []
        for place in places:
            for near in (place - 1, place + 1):
                if 0 <= near < len(ladder):
                    yield replace(block, **{name: ladder[near]})


def _widths(blocks: tuple[Block, ...]) -> Iterator[tuple[Block, ...]]:
    """All blocks of one width moved together, so that residual chains stay chains."""
    for width in sorted({b.channels for b in blocks if isinstance(b, (Conv, Separable))}):
        rung = CHANNELS.index(width)
        for near in CHANNELS[max(rung - 1, 0):rung] + CHANNELS[rung + 1:rung + 2]:
            yield tuple(replace(b, channels=near) if isinstance(b, (Conv, Separable)) and b.channels == width
                        else b for b in blocks)


def _encode(block: Block) -> list[float]:
    kinds = [float(isinstance(block, c)) for c in (Conv, Separable, Pool, Fold)]
    have = {f.name for f in fields(block)}
    kernel = getattr(block, "kernel", (0, 0))
    stride = getattr(block, "stride", 0) if "stride" in have else getattr(block, "size", 0)
    steps = stride if isinstance(stride, tuple) else (stride, stride)
    return [*kinds, float(np.log2(getattr(block, "channels", 1))), kernel[0] / 4, kernel[1] / 4,
            steps[0] / 2, steps[1] / 2, float(np.log2(getattr(block, "dilation", 1))),
            float(getattr(block, "residual", False)), float(getattr(block, "op", "") == "average")]
