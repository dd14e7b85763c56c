"""What every loader of audio data returns: clips, labels and speakers, in three splits.

A `Split` keeps the clips as one int16 array (memory-mapped from the cache when it comes from there), so that
a hundred megabytes of speech cost no copy; labels index `Dataset.classes`. Whatever is random (augmentation,
class balance) belongs to training, not here.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from tinynas.errors import DataError

SAMPLE_RATE_HZ = 16_000
CLIP_SAMPLES = 16_000
SILENCE = "_silence_"
UNKNOWN = "_unknown_"
# The order of the MLPerf Tiny keyword model's outputs, so that its published file can be scored unchanged.
KWS12_CLASSES = ("down", "go", "left", "no", "off", "on", "right", "stop", "up", "yes", SILENCE, UNKNOWN)
KWS9_CLASSES = ("down", "left", "no", "right", "stop", "up", "yes", SILENCE, UNKNOWN)
TASKS = {"kws12": KWS12_CLASSES, "kws9": KWS9_CLASSES}
SPLITS = ("train", "val", "test")


@dataclass(frozen=True, eq=False)
class Split:
    """One side of a data set. All fields have the same length N.

    clips: int16 [N, 16000], mono 16 kHz, shorter recordings padded with zeros at their end.
    labels: int64 [N], indices into `Dataset.classes`.
    speakers: N names; "" where no one speaks or nobody knows who does.
    names: N unique names (paths inside the source), for reports and for the leakage check.
    """

    clips: np.ndarray
    labels: np.ndarray
    speakers: tuple[str, ...]
    names: tuple[str, ...]

    def __post_init__(self) -> None:
        count = len(self.clips)
        if not (len(self.labels) == len(self.speakers) == len(self.names) == count):
            raise DataError(
                f"split of {count} clips has {len(self.labels)} labels, {len(self.speakers)} speakers "
                f"and {len(self.names)} names; they must be equally many"
            )

    def __len__(self) -> int:
        return len(self.clips)

    def take(self, indices: np.ndarray) -> Split:
        """The clips at `indices`, in that order (a copy)."""
        chosen = [int(i) for i in indices]
        return Split(
            self.clips[chosen],
            self.labels[chosen],
            tuple(self.speakers[i] for i in chosen),
            tuple(self.names[i] for i in chosen),
        )


@dataclass(frozen=True, eq=False)
class Dataset:
    """A keyword task: what to recognize, and who says it where.

    classes: names in the order of the model's outputs. noises: (name, int16 [any length]) background
    recordings, for training only. source: one sentence saying where the data came from. synthetic: true when
    no human spoke.
    key: hexadecimal name of the content, stable between runs, good as part of a cache key.
    """

    task: str
    classes: tuple[str, ...]
    train: Split
    val: Split
    test: Split
    source: str
    key: str
    noises: tuple[tuple[str, np.ndarray], ...] = ()
    synthetic: bool = False
    sample_rate_hz: int = field(default=SAMPLE_RATE_HZ)

    def splits(self) -> dict[str, Split]:
        """The three sides by name."""
        return {"train": self.train, "val": self.val, "test": self.test}

    def counts(self) -> dict[str, dict[str, int]]:
        """Clips per split and class: counts()["train"]["yes"]."""
        return {
            side: {name: int(np.count_nonzero(split.labels == i)) for i, name in enumerate(self.classes)}
            for side, split in self.splits().items()
        }
