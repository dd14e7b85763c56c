"""The two tables of tools/: what they add up, and that they run as printed in their heads."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest


def tool(root: Path, name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, root / "tools" / f"{name}.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def test_errors_are_summed_up_and_held_against_their_targets(repo_root: Path) -> None:
    table = tool(repo_root, "predictor_table")
    layers = [table.LayerError("m", "p", 100, 100 * (1 + e), e, -e, {}) for e in (0.01, -0.02, 0.03, -0.04, 0.05)]
    models = [table.ModelError("m", 500, 515.0, 0.03, None, 0), table.ModelError("n", 100, 99.0, -0.01, None, 1)]
    found = table.summary(layers, models)
    assert found["layer_median"] == pytest.approx(0.03) and found["layer_p90"] == pytest.approx(0.046)
    assert found["whole_model"] == pytest.approx(0.03) and found["whole_model_median"] == pytest.approx(0.02)
    assert table.missed(found, models) == [
        "layer_median 3.0% is over 2%", "whole_model 3.0% is over 2%", "n: 1 outputs differ"]


def test_architectures_differ_and_look_like_exports(repo_root: Path) -> None:
    table = tool(repo_root, "predictor_table")
    graphs = list(table.random_graphs(3, 0))
    assert len({graph.name for graph in graphs}) == 3
    for graph in graphs:
        assert all(t.data is not None for t in graph.tensors if t.constant)
        scales = [graph.tensors[op.outputs[0]].scale for op in graph.ops if op.kind == "CONV_2D"]
        assert len(set(scales)) == len(scales)
    again = next(iter(table.random_graphs(1, 0)))
    pairs = zip(graphs[0].tensors, again.tensors, strict=True)
    assert all(np.array_equal(a.data, b.data) for a, b in pairs if a.constant)


def test_a_row_says_how_far_a_prediction_is_off(repo_root: Path) -> None:
    table = tool(repo_root, "bench_table")
    assert table.figure(103.4, 100) == table.Figure(103, 100, pytest.approx(0.034))
    assert table.figure(1.0, None) is None
    row = table.Row("m", "b", "c", outputs_compared=3, outputs_different=1, instructions=table.figure(98, 100))
    assert table.cells(row)[2:6] == ("2 of 3", "0", "100", "-2.00%")
    assert "does not fit" in table.cells(table.Row("m", "b", "c", refused="too big"))


@pytest.mark.emulator
@pytest.mark.tflm
@pytest.mark.slow
def test_the_table_of_models_is_printed_by_one_command(repo_root: Path, shared_models: Path) -> None:
    done = subprocess.run(
        [sys.executable, "tools/bench_table.py", "--boards", "raspberry-pi-pico", "--inputs", "2", "--json"],
        cwd=repo_root, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)["rows"]
    assert len(rows) == len(list(shared_models.glob("*.tflite")))
    for row in rows:
        assert row["outputs_different"] == 0 and row["outputs_compared"] == 2
        assert row["arena_bytes"]["error"] == 0, "the arena is predicted exactly"
        assert abs(row["instructions"]["error"]) < 0.05 and abs(row["flash_bytes"]["error"]) < 0.02
