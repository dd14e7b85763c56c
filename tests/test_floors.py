"""The floors of docs/architecture.md hold, and the check that says so can fail."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

FORBIDDEN = {
    "upwards": ("graph", "import tinynas.compile.program\n"),
    "neighbour": ("boards_neighbour", "import tinynas.graph\n"),  # a new floorless module: not exhaustive
    "tensorflow": ("compile", "import tensorflow\n"),
}


def lint(root: Path) -> subprocess.CompletedProcess[str]:
    """Run import-linter on the package below `root`."""
    command = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"
    return subprocess.run(
        [sys.executable, "-c", command], cwd=root, capture_output=True, text=True, timeout=300, check=False
    )


def test_every_module_imports_only_floors_below_its_own(repo_root: Path) -> None:
    result = lint(repo_root)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "kept" in result.stdout


@pytest.mark.parametrize("case", FORBIDDEN)
def test_the_check_notices_a_module_on_the_wrong_floor(repo_root: Path, tmp_path: Path, case: str) -> None:
    shutil.copytree(repo_root / "tinynas", tmp_path / "tinynas", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(repo_root / "pyproject.toml", tmp_path)
    package, line = FORBIDDEN[case]
    folder = tmp_path / "tinynas" / package
    folder.mkdir(exist_ok=True)
    (folder / "__init__.py").touch()
    (folder / "wrong_floor.py").write_text(line)
    result = lint(tmp_path)
    assert result.returncode == 1, result.stdout + result.stderr
    assert "wrong_floor" in result.stdout or package in result.stdout
