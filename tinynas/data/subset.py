"""The Speech Commands subset that lies beside a checkout: one tar of FLAC files and a manifest, read in
place.

The manifest decides everything: which clip belongs to which side of which task (columns kws12 and kws9; the
two tasks split the speakers differently and are never mixed), its class (`label`), its speaker, and the MD5
of its samples, which every decoded clip is held against. Clips without a side in the task's column are not
part of it.
"""

from __future__ import annotations

import csv
import hashlib
import io
import lzma
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from tinynas.data.audio_files import decode, one_line
from tinynas.data.cache import Row, cached_entry, content_key
from tinynas.data.dataset import SILENCE, SPLITS, TASKS, Dataset
from tinynas.data.leakage import checked_splits
from tinynas.data.silence import cut_silences, training_part, validation_part
from tinynas.errors import DataError

ARCHIVE = "speech_commands_subset.tar"
MANIFEST = "speech_commands_subset.manifest.csv"
# Bad headers end as ValueError, damaged compression as its codec's error.
ARCHIVE_ERRORS = (tarfile.TarError, EOFError, OSError, ValueError, zlib.error, lzma.LZMAError)
_NOISE = "_background_noise_"
_VERSION = "2"  # part of the cache key: raise when the meaning of an entry changes
_COLUMNS = ("path", "label", "speaker", "md5_pcm")
# kws9 brings no silences for training or validation: about as many as of one keyword.
_CUT_SILENCES = {"kws9": {"train": 600, "val": 110}}


def find_archive(place: Path) -> Path | None:
    """The archive itself, given it or its folder; None when it is not there."""
    if place.is_file() and tarfile_like(place):
        return place
    inside = place / ARCHIVE
    return inside if inside.is_file() else None


def tarfile_like(path: Path) -> bool:
    """Whether the name says tar."""
    return path.name.endswith((".tar", ".tar.gz", ".tgz"))


def load_subset(place: Path, task: str) -> Dataset:
    """The task's data set from the archive (or the folder holding it). Raises DataError."""
    archive = find_archive(place)
    if archive is None:
        raise DataError(f"no {ARCHIVE} at {place}")
    try:
        with tarfile.open(archive) as tar:
            text = _manifest_text(archive, tar)
            table = _manifest(text, task, archive)
            noises = tuple(
                (row["path"].split("/")[-1].rsplit(".", 1)[0], _read(tar, row))
                for row in table
                if row["label"] == _NOISE
            )
            return _dataset(tar, task, [row for row in table if row[task] in SPLITS], noises, archive, text)
    except ARCHIVE_ERRORS as error:
        raise DataError(
            f"{archive} cannot be read as a tar archive: {one_line(error)}; copy it again"
        ) from error


def _manifest_text(archive: Path, tar: tarfile.TarFile) -> str:
    """The manifest beside the archive, else the one in it."""
    beside = archive.parent / MANIFEST
    if beside.is_file():
        try:
            return beside.read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            raise DataError(f"{beside} is no text: {one_line(error)}; copy it again") from error
    try:
        member = tar.extractfile("manifest.csv")
    except KeyError:
        member = None
    if member is None:
        raise DataError(f"{archive} has no manifest.csv, and {MANIFEST} is not beside it")
    return member.read().decode("utf-8")


def _manifest(text: str, task: str, archive: Path) -> list[dict[str, str]]:
    try:
        reader = csv.DictReader(io.StringIO(text))
        missing = [c for c in (*_COLUMNS, task) if c not in (reader.fieldnames or ())]
        if missing:
            raise DataError(f"the manifest of {archive} has no column '{missing[0]}'")
        rows = list(reader)
    except csv.Error as error:
        raise DataError(f"the manifest of {archive} is no CSV: {one_line(error)}; copy it again") from error
    odd = next((i for i, row in enumerate(rows, 2) if None in row or None in row.values()), None)
    if odd is not None:
        raise DataError(
            f"the manifest of {archive} has too few or too many columns in line {odd}; copy it again"
        )
    wrong = next((r for r in rows if r[task] in SPLITS and r["label"] not in TASKS[task]), None)
    if wrong is not None:
        raise DataError(
            f"the manifest of {archive} puts '{wrong['path']}' of class '{wrong['label']}' into {task}"
        )
    empty = next((side for side in SPLITS if not any(r[task] == side for r in rows)), None)
    if empty is not None:
        raise DataError(f"the manifest of {archive} has no {empty} clips for {task}")
    return rows


def _read(tar: tarfile.TarFile, row: dict[str, str]) -> np.ndarray:
    """Decode one member and hold it against the manifest's MD5."""
    try:
        member = tar.extractfile(row["path"])
    except KeyError:
        member = None
    if member is None:
        raise DataError(f"'{row['path']}' is in the manifest but not in the archive; copy both again")
    samples = decode(member.read(), row["path"])
    if hashlib.md5(samples.tobytes(), usedforsecurity=False).hexdigest() != row["md5_pcm"]:
        raise DataError(
            f"'{row['path']}' does not have the samples its manifest promises; copy the archive again"
        )
    return samples


def _dataset(
    tar: tarfile.TarFile,
    task: str,
    table: list[dict[str, str]],
    noises: tuple[tuple[str, np.ndarray], ...],
    archive: Path,
    text: str,
) -> Dataset:
    classes = TASKS[task]
    cuts = _CUT_SILENCES.get(task, {})
    rows = [Row(r[task], classes.index(r["label"]), r["speaker"], r["path"]) for r in table]
    rows += [
        Row(side, classes.index(SILENCE), "", f"cut/{side}/{i}") for side, n in cuts.items() for i in range(n)
    ]
    parts = {"train": training_part(noises), "val": validation_part(noises)} if cuts else {}

    def audio() -> Iterator[np.ndarray]:
        for row in table:
            yield _read(tar, row)
        for seed, (side, count) in enumerate(cuts.items()):
            yield from cut_silences(parts[side], count, seed)

    key = content_key("subset", _VERSION, task, text)
    entry = cached_entry(key, rows, audio)
    train, val, test = checked_splits(entry)
    return Dataset(
        task=task,
        classes=classes,
        train=train,
        val=val,
        test=test,
        noises=parts.get("train", noises),
        key=key,
        source=f"recorded speech: the {task} split of {archive.name} (Speech Commands) in {archive.parent}",
    )
