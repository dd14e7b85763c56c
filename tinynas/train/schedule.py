"""The learning rate, and how a schedule shrinks to the time there is.

The rate follows a cosine over `progress` (0 at the start, 1 at the end). Each epoch moves progress by an
equal share of what is left over the epochs that still fit. With no time limit that is the plain cosine;
with one, a slow machine gets fewer epochs but always the whole descent to zero. The recorded progress
replays the training exactly.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import cos, floor, pi


def learning_rate(peak: float, progress: float, epochs_done: float, warmup_epochs: float) -> float:
    """Cosine from `peak` to 0 over `progress`, with a linear rise over the first `warmup_epochs`."""
    rise = min(1.0, epochs_done / warmup_epochs) if warmup_epochs > 0 else 1.0
    return peak * rise * 0.5 * (1.0 + cos(pi * min(progress, 1.0)))


@dataclass
class Schedule:
    """Decides, before each epoch, how far it moves progress. `plan` overrides every decision."""

    epochs: int
    seconds: float | None = None
    plan: tuple[float, ...] = ()
    marks: list[float] = field(default_factory=list)  # progress at the end of each epoch begun

    @property
    def progress(self) -> float:
        return self.marks[-1] if self.marks else 0.0

    @property
    def finished(self) -> bool:
        return self.progress >= 1.0

    def begin(self, elapsed_s: float, epoch_s: float | None) -> tuple[float, float]:
        """Progress at the start and end of the next epoch. `epoch_s`: measured seconds an epoch, if any."""
        start = self.progress
        if self.plan:
            end = self.plan[min(len(self.marks), len(self.plan) - 1)]
        else:
            left = self.left(elapsed_s, epoch_s)
            end = 1.0 if left == 1 else start + (1.0 - start) / left
        self.marks.append(end)
        return start, end

    def left(self, elapsed_s: float, epoch_s: float | None) -> int:
        """Epochs still to run, at least one: the last always brings the rate to zero."""
        if self.plan:
            return max(1, len(self.plan) - len(self.marks))
        left = self.epochs - len(self.marks)
        if self.seconds is not None and epoch_s:
            left = min(left, floor((self.seconds - elapsed_s) / epoch_s))
        return max(1, left)
