"""Files are whole or absent, whatever goes wrong while they are written."""

from __future__ import annotations

import json
import os
import stat

import pytest

from tinynas.runs import atomic_write, atomic_write_json, content_key, store_artefact, user_cache
from tinynas.runs import files as files_module


def test_writes_and_replaces(tmp_path):
    path = tmp_path / "deep" / "er" / "a.bin"
    assert atomic_write(path, b"one") == path
    atomic_write(path, b"two")
    assert path.read_bytes() == b"two"
    assert os.listdir(path.parent) == ["a.bin"]


def test_failure_keeps_the_old_file_and_leaves_nothing(tmp_path, monkeypatch):
    path = tmp_path / "a.bin"
    atomic_write(path, b"old")

    def no_space(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files_module.os, "fsync", no_space)
    with pytest.raises(OSError, match="No space"):
        atomic_write(path, b"new")
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a.bin"]


def test_ordinary_permissions(tmp_path):
    old = os.umask(0o022)
    try:
        path = atomic_write(tmp_path / "a", b"")
    finally:
        os.umask(old)
    assert stat.S_IMODE(path.stat().st_mode) == 0o644


def test_json_round_trip(tmp_path):
    path = atomic_write_json(tmp_path / "a.json", {"b": 1, "a": [1.5, None]})
    assert json.loads(path.read_text()) == {"b": 1, "a": [1.5, None]}


def test_content_key_knows_its_parts():
    assert content_key("ab", "c") != content_key("a", "bc")
    assert content_key("ab") == content_key(b"ab")
    assert len(content_key("x", length=10)) == 10


def test_artefact_is_named_by_content(tmp_path):
    first = store_artefact(tmp_path, b"weights", ".tflite")
    again = store_artefact(tmp_path, b"weights", ".tflite")
    other = store_artefact(tmp_path, b"weights2", ".tflite")
    assert first == again != other
    assert first.read_bytes() == b"weights"


def test_cache_follows_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("TINYNAS_CACHE", str(tmp_path))
    assert user_cache("a", "b") == tmp_path / "a" / "b"
    monkeypatch.delenv("TINYNAS_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "x"))
    assert user_cache() == tmp_path / "x" / "tinynas"
