"""From clips to `model.tflite`, `search.json` and the report, on a made-up data set of a hundred clips."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from tinynas.boards import load_board
from tinynas.compile import Budgets
from tinynas.data import KWS12_CLASSES, Dataset, Split
from tinynas.errors import BudgetError, ToolError, UsageError
from tinynas.graph.read_tflite import read_tflite
from tinynas.report import load_facts, write_report
from tinynas.search import Keywords, Progress, SearchSettings, keywords, search_keywords
from tinynas.space import Arch
from tinynas.train import Augment, Recipe

BOARD = load_board("stm32f746g-disco")
BUDGETS = Budgets(sram_bytes=64 * 1024, flash_bytes=200 * 1024, latency_ms=5.0)
TINY = Recipe(epochs=1, draws=64, batch=32, representative=8)
SETTINGS = SearchSettings(candidates=2, finalists=1, pool=1, strategy="random", short=TINY,
                          long=replace(TINY, epochs=2), augment=Augment(variants=2, silences=4))


def tones(count: int, seed: int) -> Split:
    """Clips of one tone each; the pitch tells the class."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % 12
    time = np.arange(16_000) / 16_000
    pitch = 200 * 1.3 ** labels[:, None]
    clips = 4000 * np.sin(2 * np.pi * pitch * time) + rng.normal(0, 100, (count, 16_000))
    names = tuple(f"{seed}/{i}.wav" for i in range(count))
    return Split(clips.astype(np.int16), labels, tuple(f"s{seed}" for _ in names), names)


@pytest.fixture
def made_up(monkeypatch: pytest.MonkeyPatch, tmp_path) -> Dataset:
    hiss = np.random.default_rng(9).normal(0, 300, 40_000).astype(np.int16)
    data = Dataset("kws12", KWS12_CLASSES, tones(48, 0), tones(24, 1), tones(24, 2), "tones made for a test",
                   "0123abcd", (("hiss", hiss),), synthetic=True)
    monkeypatch.setattr(keywords, "find_dataset", lambda task, place: data)
    monkeypatch.setenv("TINYNAS_CACHE", str(tmp_path / "cache"))
    return data


@pytest.mark.slow
def test_from_clips_to_report(made_up, tmp_path):
    told: list[Progress] = []
    found = search_keywords(Keywords(BOARD, BUDGETS), tmp_path / "run", SETTINGS, progress=told.append)
    graph = read_tflite(found.model.read_bytes())
    assert graph.tensors[graph.inputs[0]].shape == (1, 49, 40, 1)
    assert graph.tensors[graph.inputs[0]].scale == pytest.approx(found.quantizer.scale)
    assert graph.tensors[graph.outputs[0]].shape == (1, 12)
    assert {p.stage for p in told} == {"features", "short", "long", "test"}

    facts = load_facts(tmp_path / "run")
    assert facts["winner"]["arch_id"] == found.winner.arch.id == Arch.from_json(facts["winner"]["arch"]).id
    assert facts["candidates_trained"] == 2 and len(facts["trained"]) == 3
    assert facts["winner"]["test"]["clips"] == 24
    assert facts["winner"]["cost"]["latency_ms"] <= 5.0
    text = write_report(tmp_path / "run", commands=["tinynas search kws"]).read_text()
    assert "**Synthetic speech**" in text and found.winner.arch.id in text and "latency 5 ms" in text

    before = json.dumps(facts["winner"])
    again = search_keywords(Keywords(BOARD, BUDGETS), tmp_path / "run", SETTINGS)
    assert json.dumps(load_facts(tmp_path / "run")["winner"]) == before
    assert all(done.again for done in again.winner.trained)
    with pytest.raises(UsageError, match="another run"):
        search_keywords(Keywords(BOARD, Budgets(flash_bytes=10**6)), tmp_path / "run", SETTINGS)


def test_impossible_budgets_fail_before_the_data_is_touched(monkeypatch, tmp_path):
    monkeypatch.setattr(keywords, "find_dataset", lambda *_: pytest.fail("data were loaded"))
    with pytest.raises(BudgetError, match="flash by"):
        search_keywords(Keywords(BOARD, Budgets(flash_bytes=1_000)), tmp_path / "run", SETTINGS)
    assert not (tmp_path / "run").exists()


def test_a_missing_package_is_named_with_the_way_out(monkeypatch, tmp_path):
    monkeypatch.setattr(keywords, "find_spec", lambda name: None if name == "optuna" else object())
    with pytest.raises(ToolError, match=r"needs optuna: pip install 'tinynas\[train,search\]'"):
        search_keywords(Keywords(BOARD, BUDGETS), tmp_path, SETTINGS)


def test_an_unknown_task(tmp_path):
    with pytest.raises(UsageError, match="kws12"):
        search_keywords(Keywords(BOARD, BUDGETS, task="kws99"), tmp_path, SETTINGS)


def test_a_folder_without_a_search_has_no_report(tmp_path):
    with pytest.raises(UsageError, match="no finished search"):
        write_report(tmp_path)
    (tmp_path / "search.json").write_text("{")
    with pytest.raises(UsageError, match="cannot be read"):
        write_report(tmp_path)
