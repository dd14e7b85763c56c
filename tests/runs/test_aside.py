"""A run that makes room is renamed, never lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from tinynas.errors import OtherRunError
from tinynas.runs import RunFolder
from tinynas.runs.aside import set_aside


def test_the_first_free_name_is_taken(tmp_path: Path) -> None:
    for number in (1, 2):
        folder = tmp_path / "demo"
        folder.mkdir()
        (folder / "kept").write_text(str(number))
        assert set_aside(folder) == tmp_path / f"demo.{number}"
        assert (tmp_path / f"demo.{number}" / "kept").read_text() == str(number)
    assert not (tmp_path / "demo").exists()


def test_another_run_is_told_from_other_misuse(tmp_path: Path) -> None:
    with RunFolder(tmp_path / "run", {"seed": 1}):
        pass
    with pytest.raises(OtherRunError):
        RunFolder(tmp_path / "run", {"seed": 2})
    set_aside(tmp_path / "run")
    with RunFolder(tmp_path / "run", {"seed": 2}):
        pass
