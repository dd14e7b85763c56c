"""The leakage check by itself, on random splits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinynas.data import Split, check_leakage
from tinynas.errors import DataError


def split(tag: str, count: int, seed: int) -> Split:
    clips = np.random.default_rng(seed).integers(-999, 999, (count, 16_000)).astype(np.int16)
    return Split(
        clips,
        np.zeros(count, np.int64),
        tuple(f"{tag}{i}" for i in range(count)),
        tuple(f"{tag}/{i}.wav" for i in range(count)),
    )


def sides() -> dict[str, Split]:
    return {"train": split("a", 4, 1), "val": split("b", 3, 2), "test": split("c", 3, 3)}


def test_clean_splits_pass() -> None:
    check_leakage(sides())


@given(
    st.sampled_from(["speakers", "names", "clips"]),
    st.permutations(["train", "val", "test"]),
    st.integers(0, 2),
)
def test_one_shared_thing_is_found(what: str, order: list[str], index: int) -> None:
    parts = sides()
    giver, taker = parts[order[0]], parts[order[1]]
    if what == "clips":
        taker.clips[index] = giver.clips[2]
    else:
        values = list(getattr(taker, what))
        values[index] = getattr(giver, what)[2]
        object.__setattr__(taker, what, tuple(values))
    with pytest.raises(DataError, match="data leaks"):
        check_leakage(parts)


def test_pure_silence_and_unknown_speakers_do_not_count() -> None:
    parts = sides()
    for part in parts.values():
        part.clips[0] = 0
        object.__setattr__(part, "speakers", ("",) * len(part))
    check_leakage(parts)


def test_unequal_lengths_are_refused() -> None:
    with pytest.raises(DataError, match="equally many"):
        Split(np.zeros((2, 16_000), np.int16), np.zeros(3, np.int64), ("", ""), ("a", "b"))
