"""How to train: every number of the recipe in one place, as plain data.

The defaults are what worked best for small keyword nets in minutes on two cores: AdamW at a high rate with
a cosine to zero, class-balanced draws, light augmentation. A short training gets its own short cosine; a
long one stopped early ranks candidates badly.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from tinynas.errors import UsageError


@dataclass(frozen=True)
class Augment:
    """Variants of each training clip, made once. Variant 0 is the clip itself; ranges are drawn uniformly."""

    variants: int = 8
    speed: tuple[float, float] = (0.87, 1.15)
    shift_ms: float = 100.0
    gain_db: tuple[float, float] = (-8.0, 6.0)
    noise_probability: float = 0.8
    snr_db: tuple[float, float] = (10.0, 40.0)
    silences: int = 600  # clips of background noise made for the silence class, if the task has one
    seed: int = 0


@dataclass(frozen=True)
class Recipe:
    """One training. `epochs` is an upper limit when `seconds` is given: the schedule then shrinks to fit.

    `plan`: fraction of the schedule done at the end of each epoch, as an earlier run recorded it; replays
    that run's rates whatever this machine's speed.
    """

    epochs: int = 30
    seconds: float | None = None
    draws: int = 8_000  # an epoch
    skew: float = 0.5  # 0: all classes are drawn equally often; 1: as often as they occur
    batch: int = 64
    learning_rate: float = 6e-3
    warmup_epochs: float = 0.5
    weight_decay: float = 2e-2  # not on batch norm or bias
    clip: float = 5.0  # global norm of the gradient
    label_smoothing: float = 0.05
    dropout: float = 0.1
    time_masks: int = 2
    time_mask_frames: int = 8  # masks are shorter than this
    band_masks: int = 2
    band_mask_bands: int = 6
    representative: int = 256  # clean training clips that set the int8 ranges
    seed: int = 0
    plan: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if self.epochs < 1 or self.batch < 1 or self.draws < self.batch:
            raise UsageError("training needs epochs >= 1 and draws >= batch >= 1, "
                             f"got {self.epochs}, {self.draws}, {self.batch}")

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "plan": list(self.plan)}

    @staticmethod
    def from_json(value: Mapping[str, Any]) -> Recipe:
        """Inverse of `to_json`; UsageError names a setting that does not exist."""
        known = {f.name for f in fields(Recipe)}
        unknown = sorted(set(value) - known)
        if unknown:
            raise UsageError(f"unknown training setting '{unknown[0]}', known: {', '.join(sorted(known))}")
        return Recipe(**{**value, "plan": tuple(value.get("plan", ()))})
