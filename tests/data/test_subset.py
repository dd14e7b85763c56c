"""The subset archive: the manifest's columns decide, tasks are never mixed, damage is noticed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tinynas.data import KWS9_CLASSES, KWS12_CLASSES, load_place
from tinynas.data.cache import cache_dir
from tinynas.errors import DataError

pytest.importorskip("soundfile")


def test_columns_decide_the_split(own_cache: Path, make_subset: Callable[..., Path]) -> None:
    dataset = load_place(make_subset(), "kws12")
    assert dataset.classes == KWS12_CLASSES
    assert [len(s) for s in dataset.splits().values()] == [24, 12, 12]
    assert all(set(c.values()) == {n} for c, n in zip(dataset.counts().values(), (2, 1, 1), strict=True))
    assert set(dataset.test.speakers) == {"voice3", ""}
    assert dataset.train.clips.dtype == np.int16 and dataset.train.clips.shape == (24, 16_000)
    assert not dataset.train.clips[:, 15_500:].any(), "short recordings are padded at their end"
    assert [name for name, _ in dataset.noises] == ["hum"]
    assert not dataset.synthetic and "kws12" in dataset.source


def test_tasks_do_not_mix(own_cache: Path, make_subset: Callable[..., Path]) -> None:
    place = make_subset()
    nine = load_place(place, "kws9")
    assert nine.classes == KWS9_CLASSES
    assert set(nine.test.speakers) == {"voice0", "voice1", ""}
    # Silences for training and validation are cut from different stretches of the background.
    counts = nine.counts()
    assert counts["train"]["_silence_"] == 600 and counts["val"]["_silence_"] == 110
    assert counts["test"]["_silence_"] == 2
    assert len(nine.noises[0][1]) == 120_000, "training sees only its own stretch of the background"
    assert load_place(place, "kws12").key != nine.key


def test_second_load_reads_the_cache(own_cache: Path, make_subset: Callable[..., Path]) -> None:
    place = make_subset()
    first = load_place(place, "kws12")
    assert sorted(p.suffix for p in cache_dir("audio").iterdir()) == [".json", ".npy"]
    assert not list(own_cache.rglob("*.part"))
    second = load_place(place, "kws12")
    assert second.key == first.key
    assert np.array_equal(first.val.clips, second.val.clips)
    assert isinstance(second.train.clips.base, np.memmap) or isinstance(second.train.clips, np.memmap)


def test_damaged_cache_is_made_again(own_cache: Path, make_subset: Callable[..., Path]) -> None:
    place = make_subset()
    first = np.array(load_place(place, "kws12").test.clips)
    array = next(cache_dir("audio").glob("*.npy"))
    array.write_bytes(array.read_bytes()[:1000])
    assert np.array_equal(load_place(place, "kws12").test.clips, first)


def test_wrong_audio_is_refused(own_cache: Path, make_subset: Callable[..., Path]) -> None:
    place = make_subset(lambda rows: rows[5].update(md5_pcm="0" * 32))
    with pytest.raises(DataError, match="does not have the samples"):
        load_place(place, "kws12")
    assert not list(own_cache.rglob("*.json")), "nothing half-made is kept"
    assert not list(own_cache.rglob("*.part"))


def test_missing_member_and_column(own_cache: Path, make_subset: Callable[..., Path]) -> None:
    with pytest.raises(DataError, match="not in the archive"):
        load_place(make_subset(lambda rows: rows[5].update(path="gone.flac"), "a"), "kws12")
    with pytest.raises(DataError, match="no column 'kws12'"):
        load_place(make_subset(lambda rows: [row.pop("kws12") for row in rows], "b"), "kws12")
    with pytest.raises(DataError, match="of class 'banana'"):
        load_place(make_subset(lambda rows: rows[5].update(label="banana"), "c"), "kws12")


def test_leaking_speaker_is_refused(own_cache: Path, make_subset: Callable[..., Path]) -> None:
    place = make_subset(lambda rows: rows[1].update(speaker="voice3"))
    with pytest.raises(DataError, match="same speaker"):
        load_place(place, "kws12")


def test_truncated_archive(own_cache: Path, make_subset: Callable[..., Path]) -> None:
    place = make_subset()
    archive = place / "speech_commands_subset.tar"
    archive.write_bytes(archive.read_bytes()[:20_000])
    with pytest.raises(DataError):
        load_place(place, "kws12")


@pytest.mark.parametrize("task, sizes", [("kws12", (8_215, 2_252, 1_022)), ("kws9", (6_529, 1_456, 3_161))])
def test_the_shared_recordings(shared_datasets: Path, task: str, sizes: tuple[int, int, int]) -> None:
    dataset = load_place(shared_datasets, task)
    assert tuple(len(s) for s in dataset.splits().values()) == sizes
    speakers = [set(s.speakers) - {""} for s in dataset.splits().values()]
    assert not speakers[0] & speakers[1] and not speakers[0] & speakers[2] and not speakers[1] & speakers[2]
    assert len(dataset.noises) == 6
    assert all(
        np.count_nonzero(split.labels == i)
        for split in dataset.splits().values()
        for i in range(len(dataset.classes))
    )
