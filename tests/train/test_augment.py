"""Variants are what they say: same length, whole numbers, moved, stretched, louder, noisier."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinynas.train.augment import excerpt, mask, rms, shift, silence, stretch, variant
from tinynas.train.recipe import Augment

RATE_HZ = 1000
STILL = Augment(speed=(1.0, 1.0), shift_ms=0, gain_db=(0.0, 0.0), noise_probability=0.0)
NOISE = [np.random.default_rng(9).normal(0, 500, 5000).astype(np.int16)]


def tone(count: int = 1000) -> np.ndarray:
    return (3000 * np.sin(np.arange(count) * 0.05)).astype(np.int16)


@given(st.integers(0, 2**32 - 1))
def test_any_variant_is_a_clip(seed):
    made = variant(tone(), Augment(), NOISE, np.random.default_rng(seed), RATE_HZ)
    assert made.dtype == np.int16 and made.shape == (1000,)
    again = variant(tone(), Augment(), NOISE, np.random.default_rng(seed), RATE_HZ)
    assert (made == again).all()


def test_with_everything_off_nothing_changes():
    assert (variant(tone(), STILL, NOISE, np.random.default_rng(0), RATE_HZ) == tone()).all()


def test_gain_and_noise_levels_are_the_asked_ones():
    loud = variant(tone(), replace(STILL, gain_db=(6.0, 6.0)), [], np.random.default_rng(0), RATE_HZ)
    assert rms(loud) / rms(tone()) == pytest.approx(10 ** (6 / 20), rel=1e-3)
    settings = replace(STILL, noise_probability=1.0, snr_db=(10.0, 10.0))
    noisy = variant(tone(), settings, NOISE, np.random.default_rng(0), RATE_HZ)
    added = noisy.astype(np.float64) - tone()
    assert 20 * np.log10(rms(tone()) / rms(added)) == pytest.approx(10.0, abs=0.05)


@given(st.integers(-1200, 1200))
def test_shift_moves_and_fills_with_zeros(samples):
    wave = tone().astype(np.float32)
    moved = shift(wave, max(-1000, min(1000, samples)))
    if 0 < samples < 1000:
        assert (moved[samples:] == wave[:-samples]).all() and not moved[:samples].any()
    if -1000 < samples < 0:
        assert (moved[:samples] == wave[-samples:]).all() and not moved[samples:].any()


def test_stretch_changes_the_pitch():
    wave = tone(4000).astype(np.float32)
    crossings = np.count_nonzero(np.diff(np.sign(wave[1000:3000])))
    faster = np.count_nonzero(np.diff(np.sign(stretch(wave, 1.25)[1000:3000])))
    assert faster / crossings == pytest.approx(1.25, rel=0.05)
    assert np.allclose(stretch(wave, 1.0), wave, atol=0.5)


@given(st.integers(0, 1000))
def test_silence_is_never_speech_loud_and_works_without_recordings(seed):
    rng = np.random.default_rng(seed)
    for noises in (NOISE, []):
        made = silence(noises, 1000, rng)
        assert made.shape == (1000,) and rms(made) <= 1200


def test_a_short_recording_is_repeated():
    piece = excerpt([np.array([1, 2, 3], np.int16)], 8, np.random.default_rng(0))
    assert piece.shape == (8,) and set(piece) == {1.0, 2.0, 3.0}


@given(st.integers(0, 1000))
def test_masks_stay_within_their_width(seed):
    batch = np.ones((5, 20, 12), np.int8)
    mask(batch, np.random.default_rng(seed), 1, 6, 1, 4, -7)
    for clip in batch:
        assert (clip == -7).all(axis=1).sum() <= 5
        assert (clip == -7).all(axis=0).sum() <= 3
        assert set(np.unique(clip)) <= {1, -7}


def test_masks_do_occur():
    batch = np.ones((200, 20, 12), np.int8)
    mask(batch, np.random.default_rng(0), 2, 8, 2, 6, 0)
    assert 0.2 < (batch == 0).mean() < 0.8
