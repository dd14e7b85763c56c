"""`tinynas bench --on renode` where there is no Renode: one line, status 2, nothing left behind."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np

from tests.cli.test_errors import assert_nothing_written, assert_refused
from tests.small_model import small_model

Run = Callable[..., "subprocess.CompletedProcess[str]"]


def test_without_renode(run_cli: Run, tmp_path: Path) -> None:
    model = tmp_path / "small.tflite"
    model.write_bytes(small_model(np.random.default_rng(0)))
    bench = ("bench", model, "--board", "stm32f746g-disco", "--on", "renode", "--out", "out")
    assert_refused(run_cli(*bench, env={"RENODE": "renode-not-there"}), "renode.io", "1.13", "RENODE")
    assert_refused(run_cli("bench", model, "--board", "mps2-an500", "--on", "renode"), "cannot run in Renode")
    assert_nothing_written(tmp_path, model)


def test_a_program_that_is_not_renode(run_cli: Run, tmp_path: Path) -> None:
    model = tmp_path / "small.tflite"
    model.write_bytes(small_model(np.random.default_rng(0)))
    other = tmp_path / "renode"
    other.write_text("#!/bin/sh\necho hello\n")
    other.chmod(0o755)
    assert_refused(run_cli("bench", model, "--board", "nucleo-f446re", "--on", "renode", env={"RENODE": str(other)}),
                   "says nothing known: hello")
