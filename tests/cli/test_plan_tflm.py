"""`tinynas plan --runtime tflm`: figures known from devices, through the real command."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.small_model import small_model

Run = Callable[..., "subprocess.CompletedProcess[str]"]

# model: (used, needed); read on Cortex-M devices where both are given, needed is then the next multiple of 16 up
ANCHORS = {
    "kws_ref_model": (22_820, 22_836), "pretrainedResnet_quant": (54_996, None), "vww_96_int8": (100_708, 100_724),
    "ad01_int8": (2_580, 3_012), "str_ww_ref_model": (16_596, None),
}


@pytest.mark.parametrize("name", ANCHORS)
def test_anchors(run_cli: Run, shared_models: Path, name: str) -> None:
    result = run_cli("plan", shared_models / f"{name}.tflite", "--board", "mps2-an500", "--runtime", "tflm", "--json")
    assert result.returncode == 0, result.stderr
    told = json.loads(result.stdout)
    used, needed = ANCHORS[name]
    assert told["tflm"]["arena_used_bytes"] == used
    assert needed is None or told["tflm"]["arena_needed_bytes"] == needed
    assert told["tflm"]["arena_needed_bytes"] >= used
    assert told["tflm"]["exact"] is True and told["tflm"]["guessed"] == []
    assert "CONV_2D" in told["tflm"]["operators"] or name == "ad01_int8"
    ours = told["tinynas"]
    kept = ours["arena_bytes"] + ours["state_bytes"] + ours["static_bytes"]
    assert ours["less_bytes"] == told["tflm"]["arena_needed_bytes"] - kept > 0


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "small.tflite"
    path.write_bytes(small_model(np.random.default_rng(0)))
    return path


def test_what_to_paste(run_cli: Run, model: Path) -> None:
    told = json.loads(run_cli("plan", model, "--board", "mps2-an500", "--runtime", "tflm", "--json").stdout)
    text = run_cli("plan", model, "--board", "mps2-an500", "--runtime", "tflm").stdout
    needed = told["tflm"]["arena_needed_bytes"]
    for line in (
        f"constexpr int kTensorArenaSize = {needed};",
        "alignas(16) static uint8_t tensor_arena[kTensorArenaSize];",
        "tflite::MicroMutableOpResolver<5> resolver;", "resolver.AddDepthwiseConv2D();", "resolver.AddSoftmax();",
    ):
        assert line in text.splitlines(), text
    assert f"{needed:,}" in text and "bytes less" in text


def test_a_core_the_formula_was_not_checked_on_makes_it_an_estimate(run_cli: Run, model: Path) -> None:
    told = json.loads(run_cli("plan", model, "--board", "raspberry-pi-pico", "--runtime", "tflm", "--json").stdout)
    assert told["tflm"]["exact"] is False and "cortex-m0plus" in told["tflm"]["note"]
    assert told["tflm"]["arena_lines"][0].endswith("// estimate")


@pytest.mark.parametrize("extra, word", [
    (("--sram", "1k"), "the budget has 1,024"), (("--flash", "1k"), "--sram alone"), (("--why", "0"), "--why"),
    (("--picture", "x.svg"), "--picture"),
])
def test_refusals(run_cli: Run, model: Path, extra: tuple[str, ...], word: str) -> None:
    result = run_cli("plan", model, "--board", "mps2-an500", "--runtime", "tflm", *extra)
    assert result.returncode == 2 and word in result.stderr
    assert result.stderr.count("\n") == 1


def test_an_unknown_runtime(run_cli: Run, model: Path) -> None:
    result = run_cli("plan", model, "--board", "mps2-an500", "--runtime", "caffe")
    assert result.returncode == 2 and "tinynas or tflm" in result.stderr
