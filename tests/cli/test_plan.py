"""`tinynas plan`: the memory map as text, JSON and pictures, and `--why`."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

from tests.small_model import small_model

Run = Callable[..., "subprocess.CompletedProcess[str]"]
BOARD = ("--board", "mps2-an500")
PLAIN = (*BOARD, "--fuse", "off")


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "small.tflite"
    path.write_bytes(small_model(np.random.default_rng(0)))
    return path


def planned(run_cli: Run, model: Path, *extra: str) -> dict[str, Any]:
    result = run_cli("plan", model, *(BOARD if "--fuse" in extra else PLAIN), "--json", *extra)
    assert result.returncode == 0, result.stderr
    told = json.loads(result.stdout)
    assert isinstance(told, dict)
    return told


def test_json_holds_the_whole_map(run_cli: Run, model: Path) -> None:
    told = planned(run_cli, model)
    memory = told["memory_map"]
    assert memory["arena_bytes"] == told["arena"]["arena_bytes"]
    assert {"bound_bytes", "proof", "buffers", "steps", "bottleneck", "suggestions", "summary"} <= set(memory)
    buffers = {b["tensor"]: b for b in memory["buffers"]}
    assert {b["role"] for b in buffers.values()} == {"input", "inner", "output"}
    assert max(b["offset_bytes"] + b["size_bytes"] for b in buffers.values()) <= memory["arena_bytes"]
    assert len(memory["steps"]) == len(told["layers"])
    for k, (step, layer) in enumerate(zip(memory["steps"], told["layers"], strict=True)):
        assert step["kind"] == layer["op"]
        born = [(buffers[t]["offset_bytes"], buffers[t]["size_bytes"]) for t in step["born"]]
        assert born == [(o["offset_bytes"], o["size_bytes"]) for o in layer["outputs"]]
        assert all(buffers[t]["first"] <= k <= buffers[t]["last"] for t in step["live"])
        assert step["need_bytes"] <= step["used_bytes"] <= memory["arena_bytes"]
    tight = memory["bottleneck"]
    assert tight["need_bytes"] == max(step["need_bytes"] for step in memory["steps"])
    assert all(memory["steps"][p]["need_bytes"] == tight["need_bytes"] for p in tight["positions"])


def test_text_shows_map_and_bottleneck(run_cli: Run, model: Path) -> None:
    text = run_cli("plan", model, *PLAIN).stdout
    tight = planned(run_cli, model)["memory_map"]["bottleneck"]["operators"]
    marked = [line.split()[0] for line in text.splitlines() if "<- bottleneck" in line]
    assert marked == [str(k) for k in tight]
    assert "Bottleneck: operator" in text and "What would lower it" in text


def test_suggestions_are_really_planned(run_cli: Run, shared_models: Path) -> None:
    told = planned(run_cli, shared_models / "vww_96_int8.tflite")["memory_map"]
    assert {s["kind"] for s in told["suggestions"]} >= {"channels", "stride"}
    for s in told["suggestions"]:
        assert s["saves_bytes"] == told["arena_bytes"] - s["arena_bytes"] > 0
        assert s["retrain"] == (s["kind"] in ("channels", "stride"))


def test_why_by_index_name_and_bottleneck(run_cli: Run, model: Path) -> None:
    by_index, by_name = (run_cli("plan", model, *PLAIN, "--why", w).stdout for w in ("1", "depthwise"))
    assert by_index == by_name and by_index.startswith("Operator 1 DEPTHWISE_CONV_2D 'depthwise'")
    assert "dies here" in by_index and "tensor 1 1x6x5x8" in by_index
    told = planned(run_cli, model, "--why", "bottleneck")
    assert told["why"]["positions"] == told["memory_map"]["bottleneck"]["positions"]
    assert any("the bottleneck" in line for line in told["why"]["text"])


@pytest.mark.parametrize("wanted, word", [("2", "operators 0, 1, 3 and 4"), ("e", "operators are named"),
                                          ("nobody", "no operator is named")])
def test_why_of_nothing(run_cli: Run, model: Path, wanted: str, word: str) -> None:
    result = run_cli("plan", model, *PLAIN, "--why", wanted)
    assert result.returncode == 2 and word in result.stderr
    assert result.stderr.count("\n") == 1


def test_pictures(run_cli: Run, model: Path, tmp_path: Path) -> None:
    for name in ("map.svg", "map.html"):
        result = run_cli("plan", model, *PLAIN, "--picture", name)
        assert result.returncode == 0, result.stderr
    root = ElementTree.fromstring((tmp_path / "map.svg").read_text())
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    page = (tmp_path / "map.html").read_text()
    assert page.startswith("<!doctype html>") and "What would lower it" in page
    assert "tensor 2 depthwise" in page


def test_a_picture_of_no_known_kind(run_cli: Run, model: Path, tmp_path: Path) -> None:
    result = run_cli("plan", model, *PLAIN, "--picture", "map.png")
    assert result.returncode == 2 and ".svg or .html" in result.stderr
    assert not (tmp_path / "map.png").exists()


def test_fusion_is_suggested_where_it_helps_and_then_explained(run_cli: Run, shared_models: Path) -> None:
    model = shared_models / "pretrainedResnet_quant.tflite"
    plain = planned(run_cli, model, "--fuse", "off")["memory_map"]
    options = {s["change"]: s["arena_bytes"] for s in plain["suggestions"] if s["kind"] == "option"}
    assert set(options) == {"--fuse short", "--fuse long"}
    fused = planned(run_cli, model, "--fuse", "long", "--why", "0")
    assert fused["memory_map"]["arena_bytes"] == options["--fuse long"] < plain["arena_bytes"]
    assert not [s for s in fused["memory_map"]["suggestions"] if s["kind"] == "option"]
    assert fused["why"]["text"][0].startswith("Fused operators 0")
    assert any("rings of rows" in line for line in fused["why"]["text"])


def test_an_unknown_fusion(run_cli: Run, model: Path) -> None:
    result = run_cli("plan", model, *BOARD, "--fuse", "medium")
    assert result.returncode == 2 and "medium" in result.stderr
