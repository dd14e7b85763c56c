"""Made background noise of a few kinds, as int16, deterministic by seed."""

from __future__ import annotations

import numpy as np

from tinynas.data.dataset import SAMPLE_RATE_HZ

NOISE_KINDS = ("white", "pink", "brown", "hum", "rumble", "hiss")
_LEVEL = 1_000.0  # root mean square of what is returned
# Amplitude falls with frequency to this power.
_SLOPES = {"white": 0.0, "pink": -0.5, "brown": -1.0, "rumble": -1.5, "hiss": 0.5, "hum": -0.75}


def make_noise(kind: str, samples: int, seed: int) -> np.ndarray:
    """int16 [samples] of noise with an RMS of about 1,000. kind: one of NOISE_KINDS.

    Coloured by shaping the spectrum of white noise; "hum" adds mains harmonics (50 or 60 Hz).
    """
    rng = np.random.default_rng((seed, NOISE_KINDS.index(kind)))
    spectrum = np.fft.rfft(rng.standard_normal(samples))
    frequency = np.fft.rfftfreq(samples, 1.0 / SAMPLE_RATE_HZ)
    audible = np.maximum(frequency, 30.0)
    noise = np.fft.irfft(spectrum * (audible / 1_000.0) ** _SLOPES[kind], samples)
    noise /= np.sqrt(np.mean(noise**2))
    if kind == "hum":
        mains = float(rng.choice([50.0, 60.0]))
        time = np.arange(samples) / SAMPLE_RATE_HZ
        for harmonic in (1, 2, 3, 5, 7):
            phase = rng.uniform(0, 2 * np.pi)
            noise += 1.2 / harmonic * np.sin(2 * np.pi * mains * harmonic * time + phase)
        noise /= np.sqrt(np.mean(noise**2))
    return np.clip(np.rint(noise * _LEVEL), -32768, 32767).astype(np.int16)
