"""The wheel alone is enough: installed in an empty environment, outside the checkout and without TensorFlow,
it plans a model and builds its firmware."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import numpy as np
import pytest

from tests.small_model import small_model

pytestmark = pytest.mark.slow
OFFLINE = ("No matching distribution found", "Could not find a version", "Max retries", "Temporary failure")


def clean_environment() -> dict[str, str]:
    """This process's environment without what could lead Python back into the checkout."""
    return {k: v for k, v in os.environ.items() if not k.startswith("PYTHON") and k != "VIRTUAL_ENV"}


def run(*command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        list(map(str, command)),
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
        env=clean_environment(),
    )


@pytest.fixture(scope="module")
def wheel(repo_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--quiet"]
    result = run(*command, "--wheel-dir", out, repo_root, cwd=out)
    assert result.returncode == 0, result.stderr
    (path,) = out.glob("tinynas-*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory, in_ci: bool) -> Path:
    """The `bin` folder of an empty environment in which only the wheel and its dependencies are installed."""
    home = tmp_path_factory.mktemp("empty") / "venv"
    venv.create(home, with_pip=True)
    python = home / "bin" / "python"
    result = run(python, "-m", "pip", "install", "--quiet", "--no-input", wheel, cwd=home)
    if result.returncode != 0 and any(word in result.stderr for word in OFFLINE) and not in_ci:
        pytest.skip("the package index cannot be reached, so the wheel's dependencies cannot be installed")
    assert result.returncode == 0, result.stderr
    return home / "bin"


def test_the_wheel_holds_the_package_data(wheel: Path, repo_root: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    for folder in ("firmware", "boards", "datasets"):
        for file in (repo_root / folder).rglob("*"):
            if file.is_file():
                assert f"tinynas/_data/{file.relative_to(repo_root)}" in names
    assert "tinynas/py.typed" in names
    assert not [n for n in names if n.startswith("tests/") or n.endswith(".pyc")]


def test_only_the_wheel_is_used_and_tensorflow_is_not_there(installed: Path, tmp_path: Path) -> None:
    code = "import tinynas, importlib.util as u; print(tinynas.__file__); print(u.find_spec('tensorflow'))"
    result = run(installed / "python", "-c", code, cwd=tmp_path)
    place, tensorflow = result.stdout.split()
    assert Path(place).is_relative_to(installed.parent)
    assert tensorflow == "None"


@pytest.mark.emulator
def test_firmware_is_built_and_run_outside_the_checkout(installed: Path, tmp_path: Path) -> None:
    model = tmp_path / "small.tflite"
    model.write_bytes(small_model(np.random.default_rng(1)))
    command = installed / "tinynas"
    planned = run(command, "plan", model, "--board", "mps2-an500", "--json", cwd=tmp_path)
    assert planned.returncode == 0, planned.stderr
    built = run(command, "build", model, "--board", "mps2-an500", "--out", tmp_path / "fw", cwd=tmp_path)
    assert built.returncode == 0, built.stderr
    elves = list((tmp_path / "fw").rglob("*.elf"))
    assert len(elves) == 1
    assert elves[0].read_bytes()[:4] == b"\x7fELF"
    benched = run(
        command,
        "bench",
        model,
        "--board",
        "mps2-an500",
        "--on",
        "qemu",
        "--inputs",
        "3",
        "--json",
        cwd=tmp_path,
    )
    assert benched.returncode == 0, benched.stderr
    result = json.loads(benched.stdout)
    assert (result["outputs_compared"], result["outputs_different"]) == (3, 0)
    assert result["macs"] == json.loads(planned.stdout)["macs"]
