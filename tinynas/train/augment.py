"""Variants of recorded clips: speed, shift, gain, background noise; and silences made of noise.

Pure NumPy on one clip at a time, driven by an explicit random generator, so that a clip's variants depend
on nothing but its index and the seed.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tinynas.train.recipe import Augment

QUIET_RMS = 30.0  # about -60 dB of full scale: noise is mixed to at least this level


def variant(clip: np.ndarray, settings: Augment, noises: Sequence[np.ndarray], rng: np.random.Generator,
            rate_hz: int) -> np.ndarray:
    """One random variant. clip: int16 [samples]; returns int16 of the same length."""
    wave = stretch(clip.astype(np.float32), float(rng.uniform(*settings.speed)))
    reach = int(settings.shift_ms * rate_hz / 1000)
    wave = shift(wave, int(rng.integers(-reach, reach + 1)))
    wave = wave * np.float32(10 ** (rng.uniform(*settings.gain_db) / 20))
    if len(noises) and rng.random() < settings.noise_probability:
        noise = excerpt(noises, len(wave), rng)
        level = max(rms(wave), QUIET_RMS) * 10 ** (-rng.uniform(*settings.snr_db) / 20)
        wave = wave + noise * np.float32(level / max(rms(noise), 1.0))
    return to_int16(wave)


def silence(noises: Sequence[np.ndarray], samples: int, rng: np.random.Generator) -> np.ndarray:
    """int16 [samples] without speech: background noise between hardly audible and loud; without any
    recordings, white noise."""
    if len(noises):
        noise = excerpt(noises, samples, rng)
    else:
        noise = rng.normal(0.0, 1000.0, samples).astype(np.float32)
    return to_int16(noise * np.float32(10 ** (rng.uniform(-40.0, 0.0) / 20)))


def stretch(wave: np.ndarray, speed: float) -> np.ndarray:
    """The wave played `speed` times as fast, about its middle, as many samples (zeros outside)."""
    count = len(wave)
    middle = (count - 1) / 2
    positions = (np.arange(count, dtype=np.float32) - middle) * speed + middle
    moved: np.ndarray = np.interp(positions, np.arange(count), wave, left=0.0, right=0.0)
    return moved.astype(np.float32)


def shift(wave: np.ndarray, samples: int) -> np.ndarray:
    """The wave moved later by `samples` (earlier when negative); zeros come in."""
    moved = np.zeros_like(wave)
    if samples >= 0:
        moved[samples:] = wave[:len(wave) - samples]
    else:
        moved[:samples] = wave[-samples:]
    return moved


def excerpt(noises: Sequence[np.ndarray], samples: int, rng: np.random.Generator) -> np.ndarray:
    """float32 [samples] cut at random from one of the recordings (repeated when too short)."""
    noise = noises[int(rng.integers(len(noises)))]
    if len(noise) < samples:
        noise = np.tile(noise, -(-samples // max(1, len(noise))))
    start = int(rng.integers(len(noise) - samples + 1))
    return noise[start:start + samples].astype(np.float32)


def rms(wave: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(wave, dtype=np.float64))))


def to_int16(wave: np.ndarray) -> np.ndarray:
    whole: np.ndarray = np.clip(np.rint(wave), -32768, 32767)
    return whole.astype(np.int16)


def mask(batch: np.ndarray, rng: np.random.Generator, time_masks: int, time_width: int, band_masks: int,
         band_width: int, value: int) -> np.ndarray:
    """Blank random stretches of time and of frequency (SpecAugment, Park et al. 2019), in place.

    batch: [N, frames, bands]; each mask is `width` - 1 long at most; masked places become `value`.
    """
    count, frames, bands = batch.shape
    hidden_time = _stretches(count, frames, time_masks, time_width, rng)
    hidden_band = _stretches(count, bands, band_masks, band_width, rng)
    batch[hidden_time[:, :, None] | hidden_band[:, None, :]] = value
    return batch


def _stretches(count: int, size: int, masks: int, width: int, rng: np.random.Generator) -> np.ndarray:
    """bool [count, size]: the union of `masks` random stretches a row."""
    hidden = np.zeros((count, size), bool)
    places = np.arange(size)
    for _ in range(masks):
        lengths = rng.integers(0, max(1, width), count)
        starts = (rng.random(count) * (size - lengths + 1)).astype(np.int64)
        hidden |= (places >= starts[:, None]) & (places < (starts + lengths)[:, None])
    return hidden
