"""The fixed-point features against librosa in floating point, and the mel filters against librosa's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinynas.audio import FrontEnd, features, features_to_float
from tinynas.audio.mel import mel_filters
from tinynas.audio.reference import correlation, reference_features

librosa = pytest.importorskip("librosa")

FRONT_ENDS = [
    FrontEnd(),
    FrontEnd(kind="mfcc", coefficients=10, low_hz=20, high_hz=4_000),
    FrontEnd(power=2, floor=1e-6),
    FrontEnd(frame=256, hop=128, fft=256, bands=24),
    FrontEnd(frame=1024, hop=320, fft=1024, bands=80),
    FrontEnd(frame=640, hop=320, fft=1024, bands=13, low_hz=0, high_hz=8_000),
    FrontEnd(frame=400, hop=160, bands=40, low_hz=125, high_hz=7_500, floor=1e-6),
]


def name(front_end: FrontEnd) -> str:
    return f"{front_end.kind}-{front_end.fft}-{front_end.bands}-p{front_end.power}"


@given(
    st.sampled_from([(16_000, 256), (16_000, 512), (16_000, 1024), (8_000, 512)]),
    st.integers(5, 20),
    st.integers(0, 300),
    st.integers(1_500, 4_000),
)
def test_mel_filters_are_librosas(shape: tuple[int, int], bands: int, low: int, high: int) -> None:
    rate, fft = shape
    expected = librosa.filters.mel(sr=rate, n_fft=fft, n_mels=bands, fmin=low, fmax=high)
    assert np.array_equal(mel_filters(rate, fft, bands, low, high), expected)


@pytest.mark.parametrize("front_end", FRONT_ENDS, ids=name)
def test_recorded_clips(front_end: FrontEnd, shared_datasets: Path) -> None:
    """Every one of 40 recordings, loud, soft and wordless, correlates above 0.999."""
    from tinynas.data import find_dataset

    split = find_dataset("kws12", shared_datasets).test
    clips = split.take(np.linspace(0, len(split) - 1, 40).astype(int)).clips
    measured = features_to_float(features(front_end, clips), front_end)
    worst = min(
        correlation(m, reference_features(front_end, c)) for m, c in zip(measured, clips, strict=True)
    )
    assert worst > 0.999


def made_clips() -> np.ndarray:
    """Sweep, square at full scale, soft noise, clicks, words of silence between bursts."""
    t = np.arange(16_000)
    rng = np.random.default_rng(2)
    return np.stack(
        [
            12_000 * np.sin(2 * np.pi * (50 + 3_500 * t / 32_000) * t / 16_000),
            np.where((t // 20) % 2, 32_767, -32_768),
            rng.normal(0, 20, 16_000),
            ((t % 1_777) == 5) * 30_000,
            rng.normal(0, 3_000, 16_000) * ((t // 4_000) % 2),
        ]
    ).astype(np.int16)


@pytest.mark.parametrize("front_end", FRONT_ENDS, ids=name)
def test_made_clips_value_by_value(front_end: FrontEnd) -> None:
    """Not only correlated: the values agree, but for what is near the rounding of samples."""
    clips = made_clips()
    measured = features_to_float(features(front_end, clips), front_end)
    expected = np.stack([reference_features(front_end, clip) for clip in clips])
    assert measured.shape == expected.shape
    error = np.abs(measured - expected)
    # A floor of 1e-6 lies below the samples' own rounding and lets the leakage of a 16-bit window show.
    assert np.median(error) < 0.01 and np.percentile(error, 99) < (0.1 if front_end.floor > 1e-4 else 0.4)
    assert min(correlation(m, e) for m, e in zip(measured, expected, strict=True)) > 0.999
