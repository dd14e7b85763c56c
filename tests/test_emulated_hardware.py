"""The example workflow and its page: the same commands, and they work."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

COMMAND = re.compile(r"^(?:tinynas (?:plan|bench)|python -c) .*$", re.MULTILINE)
SETTINGS = ("MODEL", "BOARD", "SRAM", "FLASH", "LATENCY", "INSTRUCTIONS")


@pytest.fixture
def workflow(repo_root: Path) -> dict:
    yaml = pytest.importorskip("yaml", reason="PyYAML is not installed")
    return yaml.safe_load((repo_root / ".github" / "workflows" / "emulated-hardware.yml").read_text())


def commands_of(workflow: dict) -> list[str]:
    runs = [step["run"] for step in workflow["jobs"]["firmware"]["steps"] if "run" in step]
    return [line for run in runs for line in COMMAND.findall(run)]


def page(repo_root: Path) -> str:
    return (repo_root / "docs" / "emulated-hardware.md").read_text()


def test_the_page_has_the_workflows_commands(workflow: dict, repo_root: Path) -> None:
    assert len(commands_of(workflow)) == 3
    assert COMMAND.findall(page(repo_root)) == commands_of(workflow)


def test_the_page_has_the_workflows_settings(workflow: dict, repo_root: Path) -> None:
    """What runs when nothing is given."""
    env, inputs = workflow["jobs"]["firmware"]["env"], workflow[True]["workflow_call"]["inputs"]  # "on" is YAML's true
    exported = dict(re.findall(r"\b([A-Z]+)=(\S+)", page(repo_root)))
    for name in SETTINGS:
        default = re.fullmatch(r"\$\{\{ inputs\.(\w+) \|\| '(.*)' \}\}", env[name])
        assert default and default[1] in inputs, name
        assert exported[name] == default[2]
        if name != "MODEL":
            assert inputs[default[1]]["default"] == default[2]
    assert (repo_root / exported["MODEL"]).is_file()


def test_the_packages_are_those_the_page_and_doctor_name(workflow: dict, repo_root: Path) -> None:
    text = "\n".join(step.get("run", "") for step in workflow["jobs"]["firmware"]["steps"])
    (line,) = re.findall(r"apt-get install -y (.*)", text)
    assert f"sudo apt-get install -y {line}" in page(repo_root)
    assert {"gcc-arm-none-eabi", "libnewlib-arm-none-eabi", "qemu-system-arm"} <= set(line.split())


@pytest.mark.emulator
def test_the_commands_work(workflow: dict, repo_root: Path, tmp_path: Path) -> None:
    program = tmp_path / "bin"
    program.mkdir()
    for name, means in (("tinynas", f"{sys.executable} -m tinynas"), ("python", sys.executable)):
        (program / name).write_text(f'#!/bin/sh\nexec {means} "$@"\n')
        (program / name).chmod(0o755)
    block = next(b for b in re.findall(r"```sh\n(.*?)```", page(repo_root), re.DOTALL) if "export MODEL" in b)
    env = {**os.environ, "PATH": f"{program}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": str(repo_root)}
    (tmp_path / "examples").symlink_to(repo_root / "examples")

    def run(script: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(["bash", "-e", "-c", script], cwd=tmp_path, env=env, capture_output=True, text=True,
                              timeout=300, check=False)

    done = run(block)
    assert done.returncode == 0, done.stderr
    assert re.search(r"^\d+ instructions$", done.stdout, re.MULTILINE), done.stdout
    assert (tmp_path / "bench.json").is_file()
    too_slow = run(block.replace("INSTRUCTIONS=5000000", "INSTRUCTIONS=1000"))
    assert too_slow.returncode != 0 and "AssertionError" in too_slow.stderr
    too_large = run(block.replace("SRAM=64k", "SRAM=100"))
    assert too_large.returncode == 2 and "SRAM" in too_large.stderr
