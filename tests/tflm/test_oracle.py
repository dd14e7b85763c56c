"""The interpreter behind one function: right outputs, clear errors."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from tinynas.errors import ModelError, ToolError
from tinynas.tflm import interpreter_run


@pytest.mark.tflm
def test_runs_every_input_and_returns_every_output(shared_models: Path) -> None:
    model = (shared_models / "ad01_int8.tflite").read_bytes()
    rng = np.random.default_rng(1)
    inputs = [[rng.integers(-128, 128, (1, 640)).astype(np.int8)] for _ in range(3)]
    outputs = interpreter_run(model, inputs)
    assert [o[0].shape for o in outputs] == [(1, 640)] * 3
    again = interpreter_run(model, inputs)
    assert all(np.array_equal(a[0], b[0]) for a, b in zip(outputs, again, strict=True))
    assert not np.array_equal(outputs[0][0], outputs[1][0])


@pytest.mark.tflm
def test_wrong_input_is_refused(shared_models: Path) -> None:
    model = (shared_models / "ad01_int8.tflite").read_bytes()
    with pytest.raises(ModelError, match="refuses"):
        interpreter_run(model, [[np.zeros((1, 3), np.int8)]], "ad01")


@pytest.mark.tflm
def test_not_a_model_is_refused() -> None:
    with pytest.raises(ModelError, match="TFL3"):
        interpreter_run(b"not a model at all", [])


def test_missing_interpreter_is_said_plainly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tflite_micro.python.tflite_micro", None)
    with pytest.raises(ToolError, match="pip install tflite-micro"):
        interpreter_run(b"", [])
