"""Clips without a word, cut from background recordings, for sets that bring none of their own.

The official pipeline cuts training silence from the background files too. Loudness: the silences of the
official test set span root mean squares from below 1 to 10,000 (int16 units) around a median of 700, while
the background files may be soft, so every cut is scaled to a log-uniform level in that range. Training and
validation cut from different stretches of each recording, never from a common one.
"""

from __future__ import annotations

import numpy as np

from tinynas.data.dataset import CLIP_SAMPLES
from tinynas.errors import DataError

LEVEL_LOW, LEVEL_HIGH = 1.0, 8_000.0  # root mean square, int16 units
VAL_SHARE = 0.2  # the last fifth of every recording belongs to validation

Noises = tuple[tuple[str, np.ndarray], ...]


def training_part(noises: Noises) -> Noises:
    """The stretch of each recording that training may use."""
    return tuple((name, samples[: int(len(samples) * (1 - VAL_SHARE))]) for name, samples in noises)


def validation_part(noises: Noises) -> Noises:
    """The stretch of each recording that validation may use."""
    return tuple((name, samples[int(len(samples) * (1 - VAL_SHARE)) :]) for name, samples in noises)


def cut_silences(noises: Noises, count: int, seed: int) -> list[np.ndarray]:
    """`count` int16 clips [16000], the recordings in turn, places and levels drawn with `seed`."""
    usable = [samples for _, samples in noises if len(samples) >= CLIP_SAMPLES]
    if count and not usable:
        raise DataError(
            "no background recording is a second long, so no '_silence_' can be cut; "
            "add longer wav files to _background_noise_"
        )
    rng = np.random.default_rng(seed)
    clips = []
    for i in range(count):
        samples = usable[i % len(usable)]
        start = int(rng.integers(0, len(samples) - CLIP_SAMPLES + 1))
        cut = samples[start : start + CLIP_SAMPLES].astype(np.float64)
        level = float(np.exp(rng.uniform(np.log(LEVEL_LOW), np.log(LEVEL_HIGH))))
        gain = level / max(1e-9, float(np.sqrt(np.mean(cut * cut))))
        clips.append(np.clip(np.rint(cut * gain), -32768, 32767).astype(np.int16))
    return clips
