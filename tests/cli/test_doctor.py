"""`tinynas doctor` through the real command."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tinynas import doctor


def test_a_missing_program_is_named_with_its_command(run_cli, tmp_path: Path) -> None:
    result = run_cli("doctor", "--json", env={"PATH": str(tmp_path)})
    assert result.returncode == 1, result.stderr
    report = json.loads(result.stdout)
    assert report["ok"] is False
    checks = {c["title"]: c for c in report["checks"]}
    for title, package in (("Arm compiler", "gcc-arm-none-eabi"), ("QEMU", "qemu")):
        assert checks[title]["found"] is None
        assert checks[title]["essential"] is True
        assert package in checks[title]["install"] or "brew" in checks[title]["install"]
    assert checks["numpy"]["found"]


def test_the_table_names_what_is_missing(run_cli, tmp_path: Path) -> None:
    result = run_cli("doctor", env={"PATH": str(tmp_path)})
    assert result.returncode == 1
    line = next(line for line in result.stdout.splitlines() if "Arm compiler" in line)
    assert line.startswith("MISSING")
    assert "gcc-arm" in line


@pytest.mark.emulator
def test_a_machine_that_has_everything_is_healthy(run_cli) -> None:
    result = run_cli("doctor", "--json")
    assert result.returncode == 0, result.stdout
    report = json.loads(result.stdout)
    assert report["ok"] is True
    assert all(c["found"] for c in report["checks"] if c["essential"])


def test_a_program_that_does_not_start_counts_as_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    false = shutil.which("false")
    assert false is not None
    (tmp_path / "arm-none-eabi-gcc").symlink_to(false)
    monkeypatch.setenv("PATH", str(tmp_path))
    found = {f.title: f.found for f in doctor.diagnose()}
    assert found["Arm compiler"] is None
    assert found["Arm C library"] is None


def test_every_requirement_says_how_to_get_it() -> None:
    for requirement in doctor.requirements():
        assert requirement.install and requirement.purpose
