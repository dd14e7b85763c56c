"""Damaged archives and manifests: a clear DataError or a loaded data set, never anything else."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tinynas.data import load_place
from tinynas.data.cache import cache_dir
from tinynas.errors import DataError

pytest.importorskip("soundfile")
FILES = ("speech_commands_subset.tar", "speech_commands_subset.manifest.csv")


def load(place: Path) -> bool:
    shutil.rmtree(cache_dir("audio"), ignore_errors=True)
    try:
        dataset = load_place(place, "kws12")
    except DataError as error:
        assert "\n" not in str(error) and str(error)
        return False
    assert sum(len(s) for s in dataset.splits().values()) <= 48
    return True


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=60)
@given(
    st.sampled_from(FILES),
    st.lists(st.tuples(st.floats(0, 0.9999), st.integers(1, 255)), min_size=1, max_size=6),
)
def test_flipped_bytes(own_cache: Path, spoiled: Path, file: str, flips: list[tuple[float, int]]) -> None:
    path = spoiled / file
    original = path.read_bytes()
    data = bytearray(original)
    for where, value in flips:
        data[int(where * len(data))] ^= value
    path.write_bytes(data)
    try:
        load(spoiled)
    finally:
        path.write_bytes(original)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(st.sampled_from(FILES), st.floats(0, 1))
def test_truncated(own_cache: Path, spoiled: Path, file: str, keep: float) -> None:
    path = spoiled / file
    original = path.read_bytes()
    path.write_bytes(original[: int(keep * len(original))])
    try:
        load(spoiled)
    finally:
        path.write_bytes(original)


@pytest.mark.parametrize(
    "text", ["", "\x00", "path,label\n", "a,b\n" * 3, "\ufeff", "path,label,speaker,md5_pcm,kws12\n"]
)
def test_senseless_manifests(own_cache: Path, spoiled: Path, text: str) -> None:
    (spoiled / FILES[1]).write_text(text)
    assert not load(spoiled)


@pytest.fixture
def spoiled(make_subset: Callable[..., Path]) -> Path:
    return make_subset()


def test_unharmed(own_cache: Path, spoiled: Path) -> None:
    assert load(spoiled)
