"""The leakage check: nothing that is tested may have been trained on.

A figure on test speakers means something only when no speaker, no file and no recording stands on two sides
of the split. Speakers that are unknown ("") are not compared, nor are clips of pure silence (all samples
equal), which carry nothing that could leak.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

import numpy as np

from tinynas.data.cache import Entry
from tinynas.data.dataset import SPLITS, Split
from tinynas.errors import DataError


def clip_digest(clip: np.ndarray) -> str:
    """32 hexadecimal digits naming the audio of one int16 clip."""
    return hashlib.sha256(np.ascontiguousarray(clip, np.int16).tobytes()).hexdigest()[:32]


def _first_shared(kind: str, sides: Mapping[str, Iterable[tuple[str, str]]]) -> None:
    """Raise when one key appears on two sides. Items are (key, clip name); keys "" are ignored."""
    seen: dict[str, tuple[str, str]] = {}
    for side, items in sides.items():
        for key, name in items:
            if not key:
                continue
            first_side, first_name = seen.setdefault(key, (side, name))
            if first_side != side:
                raise DataError(
                    f"data leaks: {kind} is in {first_side} ('{first_name}') and in {side} ('{name}'); "
                    "move one of the two to the other's side or remove it"
                )


def check_leakage(splits: Mapping[str, Split], digests: Mapping[str, Iterable[str]] | None = None) -> None:
    """Raise DataError when a speaker, a file name or identical audio is on two sides.

    digests: per side, `clip_digest` of every clip where already known (they are computed otherwise).
    """
    _first_shared(
        "the same speaker", {side: zip(s.speakers, s.names, strict=True) for side, s in splits.items()}
    )
    _first_shared("the same file", {side: zip(s.names, s.names, strict=True) for side, s in splits.items()})
    known = digests or {side: [clip_digest(clip) for clip in s.clips] for side, s in splits.items()}
    # Leading samples decide nearly always; only clips that look constant are read in full.
    keys = {
        side: [
            ("" if _is_constant(clip) else digest, name)
            for clip, digest, name in zip(s.clips, known[side], s.names, strict=True)
        ]
        for side, s in splits.items()
    }
    _first_shared("identical audio", keys)


def _is_constant(clip: np.ndarray) -> bool:
    head = clip[:64]
    return bool((head == head[0]).all()) and bool((clip == clip[0]).all())


def checked_splits(entry: Entry) -> tuple[Split, Split, Split]:
    """The entry's train, val and test, after the leakage check (digests are those made at decoding)."""
    train, val, test = (entry.split(side) for side in SPLITS)
    digests: dict[str, list[str]] = {side: [] for side in SPLITS}
    for row, digest in zip(entry.rows, entry.digests, strict=True):
        digests[row.side].append(digest)
    check_leakage({"train": train, "val": val, "test": test}, digests)
    return train, val, test
