"""The official layout: the published speaker hash, the lists when present, unknown words and silence."""

from __future__ import annotations

import shutil
import wave
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinynas.data import load_place
from tinynas.data.folders import speaker_of, which_side
from tinynas.errors import DataError


def test_known_sides() -> None:
    """Recordings whose official side is known from the shared manifest (official_split)."""
    assert which_side("0132a06d_nohash_0.wav") == which_side("any/0132a06d_nohash_4.wav".split("/")[1])
    assert speaker_of("0132a06d_nohash_0.wav") == "0132a06d"
    assert speaker_of("me.wav") == "me"


def test_hash_agrees_with_the_official_split(shared_datasets: Path) -> None:
    """Every clip of the shared manifest that names a speaker lies where the official lists put it."""
    import csv

    names = {"training": "train", "validation": "val", "testing": "test"}
    checked = 0
    with open(shared_datasets / "speech_commands_subset.manifest.csv", newline="") as file:
        for row in csv.DictReader(file):
            if row["speaker"] and row["official_split"]:
                assert which_side(f"{row['speaker']}_nohash_0.wav") == names[row["official_split"]], row[
                    "path"
                ]
                checked += 1
    assert checked > 10_000


@given(st.text("0123456789abcdef", min_size=8, max_size=8), st.integers(0, 9), st.integers(0, 9))
def test_a_speaker_never_changes_sides(speaker: str, one: int, other: int) -> None:
    assert which_side(f"{speaker}_nohash_{one}.wav") == which_side(f"{speaker}_nohash_{other}.wav")


def test_split_by_hash(own_cache: Path, official: Path) -> None:
    dataset = load_place(official, "kws12")
    sides = {side: set(split.speakers) - {""} for side, split in dataset.splits().items()}
    for side, speakers in sides.items():
        assert speakers and all(which_side(f"{s}_nohash_0.wav") == side for s in speakers)
    counts = dataset.counts()
    keywords = {side: sum(n for c, n in counts[side].items() if not c.startswith("_")) for side in counts}
    assert counts["train"]["_unknown_"] == min(round(0.3 * keywords["train"]), 2 * len(sides["train"]))
    assert all(counts[side]["_silence_"] == round(0.1 * keywords[side]) for side in counts)
    assert all(
        name.split("/")[0] in ("cat", "tree")
        for split in dataset.splits().values()
        for name, label in zip(split.names, split.labels, strict=True)
        if dataset.classes[label] == "_unknown_"
    )


def test_lists_win_over_the_hash(own_cache: Path, official: Path) -> None:
    speakers = sorted({p.name.split("_")[0] for p in (official / "yes").iterdir()})
    chosen = {"validation_list.txt": speakers[:5], "testing_list.txt": speakers[5:10]}
    for name, who in chosen.items():
        paths = [f"{p.parent.name}/{p.name}" for p in official.glob("*/*_nohash_*.wav") if p.name[:8] in who]
        (official / name).write_text("\n".join(paths) + "\n")
    dataset = load_place(official, "kws12")
    assert set(dataset.val.speakers) - {""} == set(speakers[:5])
    assert set(dataset.test.speakers) - {""} == set(speakers[5:10])
    assert "its own lists" in dataset.source


def test_leaking_lists_are_refused(own_cache: Path, official: Path) -> None:
    first = sorted((official / "yes").iterdir())[0]
    (official / "validation_list.txt").write_text(f"yes/{first.name}\n")
    with pytest.raises(DataError, match="same speaker"):
        load_place(official, "kws12")


def test_identical_audio_under_two_names_is_refused(own_cache: Path, official: Path) -> None:
    train = next(p for p in sorted((official / "yes").iterdir()) if which_side(p.name) == "train")
    test = next(p for p in sorted((official / "no").iterdir()) if which_side(p.name) == "test")
    shutil.copyfile(train, test)
    with pytest.raises(DataError, match="identical audio"):
        load_place(official, "kws12")


def test_a_changed_file_changes_the_key(own_cache: Path, official: Path) -> None:
    before = load_place(official, "kws12")
    path = next(p for p in sorted((official / "yes").iterdir()) if which_side(p.name) == "train")
    _wav(path, np.arange(16_000, dtype=np.int16))
    after = load_place(official, "kws12")
    assert before.key != after.key
    assert any(np.array_equal(clip, np.arange(16_000)) for clip in after.train.clips)


def test_what_is_missing_is_named(own_cache: Path, official: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no data at"):
        load_place(tmp_path / "nowhere", "kws12")
    shutil.rmtree(official / "stop")
    with pytest.raises(DataError, match="'stop'"):
        load_place(official, "kws12")


def test_wrong_rate_and_no_audio(own_cache: Path, official: Path) -> None:
    path = sorted((official / "yes").iterdir())[0]
    _wav(path, np.zeros(8_000, np.int16), rate=8_000)
    with pytest.raises(DataError, match="8000 Hz"):
        load_place(official, "kws12")
    path.write_bytes(b"RIFF nothing")
    with pytest.raises(DataError, match="no readable audio"):
        load_place(official, "kws12")


def _wav(path: Path, samples: np.ndarray, rate: int = 16_000) -> None:
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(samples.astype("<i2").tobytes())
