"""Decoded audio, kept in the user's cache so that a data set is decoded once.

One entry is a pair of files named by a content key: `KEY.npy`, int16 [N, 16000], opened memory-mapped (a
loaded data set costs no memory until it is touched), and `KEY.json`, one row per clip. Both are written
beside their names and renamed, the JSON last: an entry exists when its JSON does, so a killed process leaves
none by halves. Rows are sorted by split, so that every split is one contiguous view of the array.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tinynas.data.dataset import CLIP_SAMPLES, SPLITS, Split
from tinynas.errors import DataError


@dataclass(frozen=True)
class Row:
    """One clip: its side of the split, label (index into the classes), speaker and unique name."""

    side: str
    label: int
    speaker: str
    name: str


@dataclass(frozen=True, eq=False)
class Entry:
    """A cached set: clips int16 [N, 16000] and, per clip, its row and `clip_digest`."""

    clips: np.ndarray
    rows: tuple[Row, ...]
    digests: tuple[str, ...]

    def split(self, side: str) -> Split:
        """The clips of one side, as a view."""
        inside = [i for i, row in enumerate(self.rows) if row.side == side]
        start, stop = (inside[0], inside[-1] + 1) if inside else (0, 0)
        rows = self.rows[start:stop]
        return Split(
            self.clips[start:stop],
            np.array([row.label for row in rows], np.int64),
            tuple(row.speaker for row in rows),
            tuple(row.name for row in rows),
        )


def cache_dir(*parts: str) -> Path:
    """A folder for things that can be made again: TINYNAS_CACHE, else the XDG cache folder (not created)."""
    chosen = os.environ.get("TINYNAS_CACHE")
    xdg = os.environ.get("XDG_CACHE_HOME")
    root = Path(chosen) if chosen else (Path(xdg) if xdg else Path.home() / ".cache") / "tinynas"
    return root.joinpath(*parts)


def content_key(*parts: bytes | str) -> str:
    """24 hexadecimal digits naming what the parts say; the boundaries between them count."""
    digest = hashlib.sha256()
    for part in parts:
        raw = part.encode() if isinstance(part, str) else part
        digest.update(len(raw).to_bytes(8, "little") + raw)
    return digest.hexdigest()[:24]


def fit_length(samples: np.ndarray) -> np.ndarray:
    """One second: longer recordings lose their end, shorter ones are padded with zeros."""
    return np.pad(samples[:CLIP_SAMPLES], (0, max(0, CLIP_SAMPLES - len(samples)))).astype(
        np.int16, copy=False
    )


def clip_digest(clip: np.ndarray) -> str:
    """32 hexadecimal digits naming the audio of one int16 clip; "" when all its samples are equal."""
    if (clip == clip[0]).all():
        return ""
    return hashlib.sha256(np.ascontiguousarray(clip, np.int16).tobytes()).hexdigest()[:32]


@contextlib.contextmanager
def _unfinished(target: Path) -> Iterator[Path]:
    """A temporary name beside `target`: renamed when the block ends well, removed when not."""
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".part", dir=target.parent)
    os.close(handle)
    try:
        yield Path(name)
        with open(name, "rb") as stream:
            os.fsync(stream.fileno())
        os.replace(name, target)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise


def load_entry(key: str) -> Entry | None:
    """The cached entry, or None when there is none or it is damaged (then it is made again)."""
    folder = cache_dir("audio")
    try:
        table = json.loads((folder / f"{key}.json").read_text(encoding="utf-8"))
        rows = tuple(Row(*row) for row in table["rows"])
        digests = tuple(table["digests"])
        clips = np.load(folder / f"{key}.npy", mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if clips.shape != (len(rows), CLIP_SAMPLES) or clips.dtype != np.int16 or len(digests) != len(rows):
        return None
    return Entry(clips, rows, digests)


def store_entry(key: str, rows: Sequence[Row], audio: Iterable[np.ndarray]) -> Entry:
    """Write an entry and open it. `audio` yields int16 samples for each row, in the rows' order."""
    order = sorted(range(len(rows)), key=lambda i: SPLITS.index(rows[i].side))
    place = {old: new for new, old in enumerate(order)}
    digests = [""] * len(rows)
    folder = cache_dir("audio")
    try:
        with _unfinished(folder / f"{key}.npy") as part:
            shape = (len(rows), CLIP_SAMPLES)
            clips = np.lib.format.open_memmap(part, mode="w+", dtype=np.int16, shape=shape)
            for old, samples in enumerate(audio):
                clip = fit_length(samples)
                clips[place[old]] = clip
                digests[place[old]] = clip_digest(clip)
            clips.flush()
            del clips
        table = {
            "rows": [[r.side, r.label, r.speaker, r.name] for r in (rows[i] for i in order)],
            "digests": digests,
        }
        with _unfinished(folder / f"{key}.json") as part:
            part.write_text(json.dumps(table), encoding="utf-8")
    except OSError as error:
        raise DataError(
            f"decoded audio cannot be kept in {folder}: {error.strerror or error}; "
            "free some space or point TINYNAS_CACHE elsewhere"
        ) from error
    entry = load_entry(key)
    if entry is None:
        raise DataError(f"the audio cache {folder} changed while it was written; run the command again")
    return entry


def cached_entry(key: str, rows: Sequence[Row], audio: Callable[[], Iterable[np.ndarray]]) -> Entry:
    """The entry `key`, made from `audio()` only when it is not there yet."""
    return load_entry(key) or store_entry(key, rows, audio())
