"""Where data is looked for, in which order, and what the data set says about it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tinynas.data import find, find_dataset
from tinynas.data.builtin import load_builtin
from tinynas.data.dataset import Dataset
from tinynas.errors import DataError


@pytest.fixture
def lonely(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own_cache: Path) -> Path:
    """A checkout with nothing around it and an empty cache; the synthetic set is only announced."""
    home = tmp_path / "home" / "project"
    (home / "tinynas" / "data").mkdir(parents=True)
    monkeypatch.chdir(home)
    monkeypatch.delenv("TINYNAS_DATA", raising=False)
    monkeypatch.setattr(find, "__file__", str(home / "tinynas" / "data" / "find.py"))
    monkeypatch.setattr(find, "load_builtin", lambda task: ("builtin", task))
    return home


def test_order(
    lonely: Path, official: Path, make_subset: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("soundfile")
    assert find_dataset("kws12") == ("builtin", "kws12")
    shutil.copytree(official, find.fetched_dir("speech_commands"))
    assert str(find.fetched_dir("speech_commands")) in find_dataset("kws12").source
    shared = lonely.parent / "shared" / "datasets"
    shutil.copytree(make_subset(), shared)
    assert str(shared) in find_dataset("kws12").source
    monkeypatch.setenv("TINYNAS_DATA", str(official))
    assert str(official) in find_dataset("kws12").source
    assert str(shared) in find_dataset("kws12", shared).source
    assert find_dataset("kws9", "builtin") == ("builtin", "kws9")


def test_a_named_place_must_have_data(lonely: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TINYNAS_DATA", str(tmp_path / "missing"))
    with pytest.raises(DataError, match="TINYNAS_DATA"):
        find_dataset("kws12")
    with pytest.raises(DataError, match="unknown task"):
        find_dataset("kws13")


def test_without_espeak_the_error_says_how(monkeypatch: pytest.MonkeyPatch, own_cache: Path) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(DataError, match="apt-get install.*espeak-ng"):
        load_builtin("kws12")


def test_the_shared_subset_is_found(shared_datasets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TINYNAS_DATA", raising=False)
    dataset = find_dataset("kws12", shared_datasets)
    assert isinstance(dataset, Dataset) and not dataset.synthetic
