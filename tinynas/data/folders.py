"""The official Speech Commands layout: one folder of wav files per word, `<speaker>_nohash_<n>.wav`.

The split is the one published with the data set: `validation_list.txt` and `testing_list.txt` when present;
otherwise a recording's side follows from a hash of its speaker alone, so that a speaker never changes sides
however many recordings are added later (described in the data set's own README; restated here from that
description). Words outside the task become `_unknown_`: a sample of them, drawn evenly by seed. `_silence_`
is cut from `_background_noise_`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from tinynas.data.audio_files import decode
from tinynas.data.cache import Row, cached_entry, content_key
from tinynas.data.dataset import SILENCE, SPLITS, TASKS, UNKNOWN, Dataset
from tinynas.data.leakage import checked_splits
from tinynas.data.silence import cut_silences, training_part, validation_part
from tinynas.errors import DataError

NOISE_FOLDER = "_background_noise_"
_BUCKETS = 2**27 - 1  # the published rule's number of hash buckets
_SPEAKER = re.compile(r"_nohash_.*$")
_VERSION = "2"
# Unknown words and silences, as a share of all keyword clips of the side. The official share is 0.1; training
# takes more unknown words, since no sample of them is varied enough.
_UNKNOWN_SHARE = {"train": 0.3, "val": 0.1, "test": 0.1}
_SILENCE_SHARE = 0.1


def speaker_of(file_name: str) -> str:
    """'0a7c2a8d_nohash_0.wav' -> '0a7c2a8d': everything before `_nohash_`, else the name without suffix."""
    return _SPEAKER.sub("", Path(file_name).stem if "_nohash_" not in file_name else Path(file_name).name)


def which_side(file_name: str, val_percent: float = 10.0, test_percent: float = 10.0) -> str:
    """The side of a recording by the published speaker hash: 'train', 'val' or 'test'.

    SHA-1 of the speaker's name, taken modulo the number of buckets and expressed in percent, falls into
    validation first, then test, then training.
    """
    digest = hashlib.sha1(speaker_of(file_name).encode(), usedforsecurity=False).hexdigest()
    percent = (int(digest, 16) % (_BUCKETS + 1)) * (100.0 / _BUCKETS)
    if percent < val_percent:
        return "val"
    return "test" if percent < val_percent + test_percent else "train"


def looks_official(folder: Path, task: str) -> bool:
    """Whether the folder holds at least one of the task's words as a folder."""
    return folder.is_dir() and any((folder / word).is_dir() for word in _keywords(task))


def load_folders(folder: Path, task: str, seed: int = 0) -> Dataset:
    """The task's data set from a folder of word folders. Raises DataError naming what is missing."""
    classes = TASKS[task]
    found = _scan(folder, task)
    lists = _official_lists(folder)
    sides = {path: _side(path, lists) for paths in found.values() for path in paths}
    chosen = _choose(found, sides, task, seed)
    noises = _noises(folder)
    counts = {side: sum(sides[p] == side for w in _keywords(task) for p in found[w]) for side in SPLITS}
    cuts = (
        {side: round(_SILENCE_SHARE * counts[side]) for side in SPLITS}
        if noises
        else dict.fromkeys(SPLITS, 0)
    )
    parts = _silence_parts(noises)
    rows = [
        Row(sides[path], classes.index(label), speaker_of(path.rsplit("/", 1)[-1]), path)
        for path, label in chosen
    ]
    rows += [
        Row(side, classes.index(SILENCE), "", f"cut/{side}/{i}") for side in SPLITS for i in range(cuts[side])
    ]

    def audio() -> Iterator[np.ndarray]:
        for path, _ in chosen:
            yield decode(folder / path, path)
        for number, side in enumerate(SPLITS):
            yield from cut_silences(parts[side], cuts[side], seed + number)

    stamps = [
        f"{path} {label} {sides[path]} {(folder / path).stat().st_size} {(folder / path).stat().st_mtime_ns}"
        for path, label in chosen
    ]
    key = content_key("folders", _VERSION, task, str(seed), *stamps, *(f"{n} {len(s)}" for n, s in noises))
    entry = cached_entry(key, rows, audio)
    train, val, test = checked_splits(entry)
    how = "its own lists" if lists else "the speaker hash"
    return Dataset(
        task=task,
        classes=classes,
        train=train,
        val=val,
        test=test,
        noises=parts["train"],
        key=key,
        source=f"recorded speech: {folder}, official Speech Commands layout, split by {how}",
    )


def _keywords(task: str) -> tuple[str, ...]:
    return tuple(c for c in TASKS[task] if c not in (SILENCE, UNKNOWN))


def _scan(folder: Path, task: str) -> dict[str, list[str]]:
    """Word -> sorted relative paths of its wav files, for every word folder."""
    if not folder.is_dir():
        raise DataError(f"no folder of recordings at {folder}")
    words = sorted(d.name for d in folder.iterdir() if d.is_dir() and not d.name.startswith(("_", ".")))
    found = {word: sorted(f"{word}/{f.name}" for f in (folder / word).glob("*.wav")) for word in words}
    missing = [word for word in _keywords(task) if not found.get(word)]
    if missing:
        raise DataError(
            f"{folder} has no recordings of '{missing[0]}', which {task} needs "
            f"(one folder per word: {', '.join(_keywords(task))})"
        )
    return found


def _official_lists(folder: Path) -> dict[str, str]:
    """Path -> side, from the lists that come with the data set; empty when there are none."""
    sides: dict[str, str] = {}
    for side, name in (("val", "validation_list.txt"), ("test", "testing_list.txt")):
        path = folder / name
        if path.is_file():
            sides.update(
                (line.strip(), side) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()
            )
    return sides


def _side(path: str, lists: dict[str, str]) -> str:
    return lists.get(path, "train") if lists else which_side(path.rsplit("/", 1)[-1])


def _choose(
    found: dict[str, list[str]], sides: dict[str, str], task: str, seed: int
) -> list[tuple[str, str]]:
    """(path, class) of every clip used: all keyword clips and a seeded sample of the other words per side."""
    keywords = _keywords(task)
    chosen = [(path, word) for word in keywords for path in found[word]]
    rng = np.random.default_rng(seed)
    for side in SPLITS:
        others = [
            p for word, paths in found.items() if word not in keywords for p in paths if sides[p] == side
        ]
        wanted = sum(sides[p] == side for p, _ in chosen if p.split("/")[0] in keywords)
        count = min(len(others), round(_UNKNOWN_SHARE[side] * wanted))
        picked = sorted(rng.choice(len(others), size=count, replace=False)) if count else []
        chosen += [(others[i], UNKNOWN) for i in picked]
    return chosen


def _noises(folder: Path) -> tuple[tuple[str, np.ndarray], ...]:
    return tuple(
        (f.stem, decode(f, f"{NOISE_FOLDER}/{f.name}")) for f in sorted((folder / NOISE_FOLDER).glob("*.wav"))
    )


def _silence_parts(
    noises: tuple[tuple[str, np.ndarray], ...],
) -> dict[str, tuple[tuple[str, np.ndarray], ...]]:
    """Disjoint stretches of the recordings: the first 80 % for training, 10 % each for the others."""
    held_out = validation_part(noises)
    return {
        "train": training_part(noises),
        "val": tuple((n, s[: len(s) // 2]) for n, s in held_out),
        "test": tuple((n, s[len(s) // 2 :]) for n, s in held_out),
    }
