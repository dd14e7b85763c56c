"""`tinynas mlperf`: both modes through the command, and the firmware left for another program."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tests.small_model import small_model


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "model.tflite"
    path.write_bytes(small_model(np.random.default_rng(0)))
    return path


@pytest.mark.emulator
def test_accuracy_and_performance(run_cli, model) -> None:
    done = run_cli("mlperf", model, "--board", "mps2-an386", "--reference", "numpy", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["outputs_compared"] == 5 and found["outputs_different"] == 0 and found["first_difference"] is None
    assert found["task"] == "model" and len(found["us_each"]) == 5 and found["runs"] == 70
    assert found["clock"] == "virtual: 128 ns an instruction"
    bench = run_cli("bench", model, "--board", "mps2-an386", "--reference", "numpy", "-n", "1", "--json")
    assert found["median_us"] == pytest.approx(json.loads(bench.stdout)["instructions"] * 0.128, abs=0.05)


@pytest.mark.emulator
def test_another_program_can_open_the_port(run_cli, model, repo_root) -> None:
    import serial

    command = [sys.executable, "-m", "tinynas", "mlperf", str(model), "--board", "mps2-an386", "--serve"]
    environment = {**os.environ, "PYTHONPATH": str(repo_root)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        try:
            path = process.stdout.readline().strip()
            assert path.startswith("/dev/")
            with serial.Serial(path, 115200, timeout=0.1) as port:
                port.write(b"name%")
                said, end = "", time.monotonic() + 10
                while not said.endswith("m-ready\r\n"):
                    assert time.monotonic() < end
                    said += port.read(1).decode()
                assert said == "m-name-dut-[tinynas mps2-an386]\r\nm-ready\r\n"
        finally:
            process.send_signal(signal.SIGINT)
            assert process.wait(20) == 130


@pytest.mark.parametrize("arguments, reason", [
    (("--on", "moon"), "on qemu, or on a board with its serial port"),
    (("--on", "board"), "on qemu, or on a board with its serial port"),
    (("--on", "board", "--port", "/dev/ttyNONE7", "--reference", "numpy"), "cannot open /dev/ttyNONE7"),
    (("--on", "board", "--serve"), "--serve runs QEMU"),
])
def test_what_makes_no_sense_is_one_line(run_cli, model, arguments, reason) -> None:
    done = run_cli("mlperf", model, "--board", "mps2-an386", *arguments)
    assert done.returncode == 2 and reason in done.stderr and done.stderr.count("\n") == 1
