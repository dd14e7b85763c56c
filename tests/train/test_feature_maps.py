"""Features are made once, whole or not at all, and on exactly the device's integers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tinynas.audio import FrontEnd, features
from tinynas.data import SILENCE, Dataset, Split
from tinynas.errors import DataError
from tinynas.train import Augment, load_prepared, prepare
from tinynas.train.feature_maps import fit_quantizer

CLASSES = ("yes", "no", SILENCE)
AUGMENT = Augment(variants=3, silences=5)


def noise(count: int, seed: int) -> Split:
    rng = np.random.default_rng(seed)
    clips = rng.normal(0, 500 * (1 + np.arange(count))[:, None], (count, 16_000))
    names = tuple(f"{seed}/{i}" for i in range(count))
    return Split(np.clip(clips, -32768, 32767).astype(np.int16), np.arange(count) % 3, names, names)


@pytest.fixture
def data(monkeypatch: pytest.MonkeyPatch, tmp_path) -> Dataset:
    monkeypatch.setenv("TINYNAS_CACHE", str(tmp_path))
    hum = (np.sin(np.arange(30_000) * 0.02) * 900).astype(np.int16)
    return Dataset("test", CLASSES, noise(7, 0), noise(4, 1), noise(5, 2), "noise", "cafe", (("hum", hum),))


def test_maps_are_the_devices_integers(data):
    told: list[tuple[int, int]] = []
    made = prepare(data, FrontEnd(), AUGMENT, lambda done, total, left: told.append((done, total)))
    assert made.train_x.shape == (12, 3, 49, 40) and made.val_x.shape == (4, 49, 40)
    assert made.input_shape == (49, 40, 1) and made.classes == CLASSES
    assert (made.val_x == features(FrontEnd(), data.val.clips, made.quantizer)).all()
    assert (made.train_x[:7, 0] == features(FrontEnd(), data.train.clips, made.quantizer)).all()
    assert list(made.train_y) == [*data.train.labels, *[2] * 5]
    for row in (0, 8):  # a clip, a made silence
        assert (made.train_x[row, 1] != made.train_x[row, 0]).any()
    assert told[-1] == (21, 21)


def test_the_second_time_costs_nothing_and_other_settings_are_other_features(data, monkeypatch):
    first = prepare(data, FrontEnd(), AUGMENT)
    monkeypatch.setattr("tinynas.train.feature_maps._build", lambda *_: pytest.fail("made again"))
    assert prepare(data, FrontEnd(), AUGMENT).folder == first.folder
    monkeypatch.undo()
    other = prepare(data, FrontEnd(), replace(AUGMENT, seed=1))
    assert other.folder != first.folder and (other.train_x[:, 1] != first.train_x[:, 1]).any()
    assert (other.val_x == first.val_x).all()


def test_an_interrupted_preparation_leaves_nothing(data, tmp_path, monkeypatch):
    def fail(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("tinynas.train.feature_maps._publish", fail)
    with pytest.raises(KeyboardInterrupt):
        prepare(data, FrontEnd(), AUGMENT)
    assert list((tmp_path / "features").iterdir()) == []


def test_damage_is_one_clear_error(data):
    made = prepare(data, FrontEnd(), AUGMENT)
    (made.folder / "val_x.npy").write_bytes(b"half")
    with pytest.raises(DataError, match="delete it"):
        load_prepared(made.folder)


def test_a_data_set_without_test_clips_is_refused(data):
    with pytest.raises(DataError, match="no test clips"):
        prepare(replace(data, test=noise(0, 3)), FrontEnd(), AUGMENT)


def test_the_range_spans_what_occurs_and_is_exact_in_float32(data):
    quantizer = fit_quantizer(data.train.clips, FrontEnd())
    maps = features(FrontEnd(), data.train.clips, quantizer)
    assert 1 <= np.count_nonzero(maps <= -127) + np.count_nonzero(maps >= 126)
    assert np.mean((maps == -128) | (maps == 127)) < 0.01
    assert quantizer.scale * (1 << 14) == int(quantizer.scale * (1 << 14))
    assert -128 <= quantizer.zero_point <= 127
