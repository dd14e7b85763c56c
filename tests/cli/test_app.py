"""The frame of the command line: help, version, and how failures end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tests.small_model import small_model
from tinynas import __version__
from tinynas.cli import app as application
from tinynas.errors import ModelError

PROMISED = ("search", "plan", "build", "bench", "boards", "data", "doctor")
COMMANDS = [c.name for c in (*application.app.registered_commands, *application.app.registered_groups)]


def test_help_lists_every_command(run_cli) -> None:
    result = run_cli("--help")
    assert result.returncode == 0
    assert set(PROMISED) <= set(COMMANDS)
    for name in COMMANDS:
        assert f" {name} " in result.stdout


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_teaches_by_examples(run_cli, name: str) -> None:
    result = run_cli(name, "--help")
    assert result.returncode == 0, result.stderr
    assert f"tinynas {name}" in result.stdout.replace("Usage: tinynas", "")


def test_version(run_cli) -> None:
    assert run_cli("--version").stdout.split() == ["tinynas", __version__]


def test_help_needs_no_tensorflow(repo_root: Path) -> None:
    code = (
        "import sys; from tinynas.cli.app import run; run(['--help']); "
        "heavy = {'tensorflow', 'keras', 'librosa', 'optuna', 'skopt', 'ortools'}; "
        "print('\\nHEAVY', sorted(heavy & set(sys.modules)))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=repo_root, check=True
    )
    assert result.stdout.splitlines()[-1] == "HEAVY []"


def ending(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> int:
    def fail(*_args: object, **_kwargs: object) -> None:
        raise error

    monkeypatch.setattr(application, "app", fail)
    return application.run([])


@pytest.mark.parametrize(
    ("error", "status", "line"),
    [
        (ModelError("model.tflite: bad\nnews"), 2, "error: model.tflite: bad news\n"),
        (OSError(28, "No space left on device", "x.elf"), 2, "error: x.elf: No space left on device\n"),
        (KeyboardInterrupt(), 130, "error: interrupted\n"),
    ],
)
def test_failures_end_in_one_line(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: BaseException,
    status: int,
    line: str,
) -> None:
    monkeypatch.delenv("TINYNAS_DEBUG", raising=False)
    assert ending(monkeypatch, error) == status
    assert capsys.readouterr().err == line


def test_a_fault_of_ours_points_to_the_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("TINYNAS_DEBUG", raising=False)
    assert ending(monkeypatch, ZeroDivisionError("x")) == 1
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert "ZeroDivisionError: x" in told and "TINYNAS_DEBUG" in told
    monkeypatch.setenv("TINYNAS_DEBUG", "1")
    ending(monkeypatch, ZeroDivisionError("x"))
    assert "Traceback" in capsys.readouterr().err


def test_a_reader_that_stops_listening_is_no_error(repo_root: Path) -> None:
    command = f"{sys.executable} -m tinynas boards --json | head -c 1"
    result = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True, cwd=repo_root, timeout=60
    )
    assert "Traceback" not in result.stderr and "Exception" not in result.stderr


def test_interrupt_ends_with_130(tmp_path: Path, repo_root: Path) -> None:
    """A real Ctrl-C while the command waits for a compiler that never answers."""
    model, started = tmp_path / "small.tflite", tmp_path / "started"
    model.write_bytes(small_model(np.random.default_rng(0)))
    compiler = tmp_path / "slow-gcc"
    compiler.write_text(f"#!/bin/sh\ntouch '{started}'\nexec sleep 50\n")
    compiler.chmod(0o755)
    process = subprocess.Popen(
        [sys.executable, "-m", "tinynas", "build", str(model), "--board", "mps2-an500", "--out", "out"],
        cwd=tmp_path,
        env={**os.environ, "TINYNAS_ARM_GCC": str(compiler), "PYTHONPATH": str(repo_root)},
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # ignored in background jobs
    )
    deadline = time.monotonic() + 60
    while not started.exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=30)
    assert process.returncode == 130, told
    assert told.strip().splitlines() == ["error: interrupted"]
    assert not (tmp_path / "out").exists()
