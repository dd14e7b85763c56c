"""A bench folder appears whole or not at all."""

from __future__ import annotations

import os

import pytest

from tinynas.bench.workplace import workplace
from tinynas.errors import UsageError


def fill(place, word):
    (place.path / "firmware").mkdir()
    (place.path / "firmware" / "firmware.json").write_text(word)


def test_it_appears_at_the_end_and_replaces_an_earlier_one(tmp_path):
    final = tmp_path / "a" / "out"
    for word in ("one", "two"):
        with workplace(final, "x") as place:
            fill(place, word)
            assert place.final == final
            assert not final.exists() or (final / "firmware" / "firmware.json").read_text() == "one"
        assert (final / "firmware" / "firmware.json").read_text() == word
    assert os.listdir(final.parent) == ["out"]
    assert final.stat().st_mode & 0o777 == 0o755


def test_after_an_error_everything_is_as_it_was(tmp_path):
    final = tmp_path / "a" / "b" / "out"
    with pytest.raises(RuntimeError), workplace(final, "x") as place:
        fill(place, "half")
        raise RuntimeError
    assert os.listdir(tmp_path) == []
    with workplace(final, "x") as place:
        fill(place, "whole")
    with pytest.raises(KeyboardInterrupt), workplace(final, "x") as place:
        raise KeyboardInterrupt
    assert (final / "firmware" / "firmware.json").read_text() == "whole"
    assert os.listdir(final.parent) == ["out"]


def test_it_never_replaces_what_it_did_not_make(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    for taken in (tmp_path, tmp_path / "notes.txt"):
        with pytest.raises(UsageError, match="not from an earlier bench"), workplace(taken, "x"):
            pass
    assert (tmp_path / "notes.txt").read_text() == "mine"
    (tmp_path / "empty").mkdir()
    with workplace(tmp_path / "empty", "x") as place:
        fill(place, "fine")


def test_two_at_once_leave_one_whole_folder(tmp_path):
    final = tmp_path / "out"
    with workplace(final, "x") as first:
        fill(first, "first")
        with workplace(final, "x") as second:
            fill(second, "second")
        assert (final / "firmware" / "firmware.json").read_text() == "second"
    assert (final / "firmware" / "firmware.json").read_text() == "first"
    assert os.listdir(tmp_path) == ["out"]


def test_without_a_folder_it_lies_in_the_cache_under_a_safe_name(tmp_path, monkeypatch):
    monkeypatch.setenv("TINYNAS_CACHE", str(tmp_path))
    with workplace(None, "../../evil name/öäü") as place:
        fill(place, "fine")
    assert place.final.is_relative_to(tmp_path)
    assert place.final.is_dir()
