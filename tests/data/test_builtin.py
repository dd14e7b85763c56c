"""The synthetic set: deterministic, voice-disjoint, audible, and plainly called what it is."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from tinynas.data import KWS9_CLASSES, KWS12_CLASSES, SILENCE, builtin
from tinynas.data.builtin import load_builtin, make_clip, plan_speakers, plan_takes, resample
from tinynas.data.noise import NOISE_KINDS, make_noise
from tinynas.data.recipe import load_recipe
from tinynas.errors import DataError

needs_espeak = pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not installed")


def small_recipe() -> dict:
    recipe = load_recipe("builtin")
    recipe["split"] = {"train_speakers": 2, "val_speakers": 1, "test_speakers": 1}
    recipe["clips"] = {**recipe["clips"], "per_keyword": 1, "unknown": 2, "silence": 1}
    return recipe


@pytest.mark.parametrize("classes, task", [(KWS12_CLASSES, "kws12"), (KWS9_CLASSES, "kws9")])
def test_the_plan_is_voice_disjoint_and_complete(classes: tuple[str, ...], task: str) -> None:
    recipe = load_recipe("builtin")
    takes = plan_takes(recipe, task, 7)
    assert takes == plan_takes(recipe, task, 7) != plan_takes(recipe, task, 8)
    variant_sides: dict[str, set[str]] = {}
    for take in takes:
        variant_sides.setdefault(take.speaker.voice.split("+")[1], set()).add(take.speaker.side)
    assert all(len(sides) == 1 for sides in variant_sides.values())
    for side in ("train", "val", "test"):
        assert {t.label for t in takes if t.speaker.side == side} == set(classes)
    assert all(t.word not in classes for t in takes if t.label == "_unknown_")
    assert len(takes) <= 3_000, "it must be made in well under a minute"


def test_too_many_speakers_are_refused() -> None:
    recipe = load_recipe("builtin")
    recipe["split"]["train_speakers"] = 500
    with pytest.raises(DataError, match="variants"):
        plan_speakers(recipe, 0)


@needs_espeak
def test_small_set_is_made_twice_alike(
    own_cache: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(builtin, "load_recipe", lambda name: small_recipe())
    first = load_builtin("kws12")
    assert first.synthetic and first.source.startswith("SYNTHETIC") and "nobody spoke" in first.source
    assert first.classes == KWS12_CLASSES and len(first.train) == 2 * 13 and len(first.test) == 13
    monkeypatch.setenv("TINYNAS_CACHE", str(tmp_path / "other"))
    second = load_builtin("kws12")
    assert first.key == second.key
    for a, b in zip(first.splits().values(), second.splits().values(), strict=True):
        assert np.array_equal(a.clips, b.clips) and a.names == b.names
    assert np.abs(first.train.clips.astype(int)).max(axis=1).min() > 0
    levels = np.sqrt((first.train.clips.astype(float) ** 2).mean(axis=1))
    spoken = first.train.labels != KWS12_CLASSES.index(SILENCE)
    assert levels[spoken].min() > 100, "every word can be heard"


@needs_espeak
def test_a_voice_that_does_not_exist_is_an_error() -> None:
    recipe = load_recipe("builtin")
    take = plan_takes(recipe, "kws12", 1)[0]
    with pytest.raises(DataError, match="espeak-ng failed"):
        make_clip("/bin/false", take, recipe["mix"])


def test_resampling_keeps_a_tone() -> None:
    time = np.arange(22_050) / 22_050
    out = resample(np.sin(2 * np.pi * 440 * time), 22_050, 16_000)
    expected = np.sin(2 * np.pi * 440 * np.arange(16_000) / 16_000)
    assert len(out) == 16_000 and np.abs(out - expected)[100:-100].max() < 1e-6


@pytest.mark.parametrize("kind", NOISE_KINDS)
def test_noise_has_its_level(kind: str) -> None:
    noise = make_noise(kind, 16_000, 3)
    assert noise.dtype == np.int16 and np.array_equal(noise, make_noise(kind, 16_000, 3))
    assert 900 < np.sqrt(np.mean(noise.astype(float) ** 2)) < 1_100
    assert not np.array_equal(noise, make_noise(kind, 16_000, 4))
