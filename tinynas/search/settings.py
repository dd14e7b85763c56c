"""What a search is asked to do, as plain data; and the presets."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from tinynas.errors import UsageError
from tinynas.train import Augment, Recipe


@dataclass(frozen=True)
class SearchSettings:
    """Two rounds: many short trainings on schedules of their own, then long ones of the best few.

    minutes: wall-clock for the trainings of both rounds (None: no limit; then `candidates` ends the first).
    short_share: the part of the minutes the first round may use. candidates: most to train in round one.
    window: trainings in flight; proposal n knows the results up to n - window, so that a run replays
    whatever finishes first.
    """

    minutes: float | None = None
    short_share: float = 0.45
    candidates: int = 16
    finalists: int = 2
    window: int = 2
    strategy: str = "evolution"
    pool: int = 4
    seed: int = 0
    augment: Augment = field(default_factory=Augment)
    short: Recipe = field(default_factory=lambda: Recipe(epochs=4))
    long: Recipe = field(default_factory=lambda: Recipe(epochs=90))

    def __post_init__(self) -> None:
        if self.candidates < 1 or self.finalists < 1 or self.window < 1 or self.pool < 1:
            raise UsageError("candidates, finalists, window and pool must all be at least 1")
        if self.minutes is not None and self.minutes <= 0:
            raise UsageError(f"minutes must be above 0, got {self.minutes:g}")

    def config(self) -> dict[str, Any]:
        """What a run's results depend on, for its config file; time may differ when it goes on."""
        return {k: v for k, v in asdict(self).items() if k != "minutes"}


# `make demo`: with the features, under six minutes on two cores; a slower machine gets fewer epochs.
DEMO = SearchSettings(minutes=5.0, candidates=40, finalists=4, augment=Augment(variants=4),
                      short=Recipe(epochs=4), long=Recipe(epochs=100))
STANDARD = SearchSettings(minutes=30.0, candidates=150, finalists=6, augment=Augment(variants=8))
PRESETS = {"demo": DEMO, "standard": STANDARD}
