"""The leakage check: nothing that is tested may have been trained on.

A figure on test speakers means something only when no speaker, no file and no recording stands on two sides
of the split. Speakers that are unknown ("") are not compared, nor are clips of pure silence (all samples
equal), which carry nothing that could leak.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from tinynas.data.cache import Entry, clip_digest
from tinynas.data.dataset import SPLITS, Split
from tinynas.errors import DataError


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
    keys = {side: zip(known[side], s.names, strict=True) for side, s in splits.items()}
    _first_shared("identical audio", keys)


def checked_splits(entry: Entry) -> tuple[Split, Split, Split]:
    """The entry's train, val and test, after the leakage check (digests are those made at decoding)."""
    train, val, test = (entry.split(side) for side in SPLITS)
    digests: dict[str, list[str]] = {side: [] for side in SPLITS}
    for row, digest in zip(entry.rows, entry.digests, strict=True):
        digests[row.side].append(digest)
    check_leakage({"train": train, "val": val, "test": test}, digests)
    return train, val, test
