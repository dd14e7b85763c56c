"""`tinynas search` through the real command: what it refuses before any work, and a short run end to end."""

from __future__ import annotations

import importlib.util
import json
import wave
from pathlib import Path

import numpy as np
import pytest

from tinynas.data import KWS12_CLASSES

ASK = ("search", "kws", "--board", "stm32f746g-disco")
without_training = pytest.mark.skipif(
    importlib.util.find_spec("tensorflow") is None or importlib.util.find_spec("optuna") is None,
    reason="the extras train and search are not installed",
)


def refused(result, *words: str) -> None:
    assert result.returncode == 2, result.stderr + result.stdout
    (line,) = result.stderr.strip().splitlines()
    assert line.startswith("error: ")
    for word in words:
        assert word in line, line


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("search", "cats", "--board", "mps2-an500"), ("cats", "kws")),
        (("search", "kws"), ("--board",)),
        ((*ASK, "--sram", "many"), ("'many'",)),
        ((*ASK, "--strategy", "guess"), ("guess", "random")),
        ((*ASK, "--task", "kws77"), ("kws77", "kws12")),
        ((*ASK, "--minutes", "-1"), ("minutes",)),
    ],
)
@without_training
@pytest.mark.emulator
def test_refused(run_cli, tmp_path: Path, arguments: tuple[str, ...], words: tuple[str, ...]) -> None:
    refused(run_cli(*arguments), *words)
    assert not list(tmp_path.iterdir())


@without_training
@pytest.mark.emulator
def test_a_budget_nothing_meets_is_refused_before_training(run_cli, tmp_path: Path) -> None:
    result = run_cli(*ASK, "--sram", "1k", "--flash", "2k", "--latency", "10us", "--out", tmp_path / "run")
    refused(result, "flash", "SRAM")
    assert not (tmp_path / "run").exists()


def test_missing_tools_are_known_before_training(run_cli, tmp_path: Path) -> None:
    refused(run_cli(*ASK, "--out", tmp_path / "run", env={"PATH": str(tmp_path)}), "arm-none-eabi-gcc")
    assert not (tmp_path / "run").exists()


@pytest.fixture
def spoken(tmp_path: Path) -> Path:
    """The official layout in small: every word is a chord of its own, spoken by 16 speakers."""
    rng = np.random.default_rng(0)
    folder = tmp_path / "spoken"
    time = np.arange(16_000) / 16_000
    lists: dict[str, list[str]] = {"validation_list.txt": [], "testing_list.txt": []}
    for number, word in enumerate((*(w for w in KWS12_CLASSES if not w.startswith("_")), "bed", "cat")):
        (folder / word).mkdir(parents=True)
        for speaker in range(16):
            pitch = 200 * (1 + number) * rng.uniform(0.97, 1.03)
            sound = np.sin(2 * np.pi * pitch * time) + rng.normal(0, 0.05, time.size)
            name = f"{word}/{speaker:08x}_nohash_0.wav"
            write_wav(folder / name, (8000 * sound).clip(-32768, 32767).astype(np.int16))
            if speaker >= 10:
                lists["validation_list.txt" if speaker < 13 else "testing_list.txt"].append(name)
    (folder / "_background_noise_").mkdir()
    write_wav(folder / "_background_noise_" / "hiss.wav", rng.normal(0, 300, 160_000).astype(np.int16))
    for name, lines in lists.items():
        (folder / name).write_text("\n".join(lines) + "\n")
    return folder


def write_wav(path: Path, samples: np.ndarray) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(samples.tobytes())


@without_training
@pytest.mark.emulator
@pytest.mark.slow
def test_a_short_search_ends_with_measured_firmware(run_cli, tmp_path: Path, spoken: Path) -> None:
    """Half a minute of training on a few synthetic clips: the line, not the accuracy."""
    out = tmp_path / "run"
    arguments = ("search", "kws", "--demo", "--data", spoken, "--minutes", "0.3", "--out", out, "--json")
    result = run_cli(*arguments, timeout_s=600, env={"TINYNAS_CACHE": str(tmp_path / "cache")})
    assert result.returncode == 0, result.stderr
    summary = json.loads(result.stdout)
    assert summary == json.loads((out / "summary.json").read_text())
    assert summary["board"] == "stm32f746g-disco"
    asked = {"sram_bytes": 65536, "flash_bytes": 204800, "latency_ms": 5.0}
    assert {name: limit for name, limit in summary["budgets"].items() if limit is not None} == asked
    assert summary["budgets_missed"] == []
    assert (summary["outputs_compared"], summary["outputs_different"]) == (20, 0)
    assert summary["candidates_costed"] > summary["candidates_trained"] > 0
    assert 0 <= summary["val_accuracy_int8"] <= 1 and 0 <= summary["test_accuracy_int8"] <= 1
    for part in ("arena_bytes", "state_bytes"):
        assert summary["predicted"]["sram"][part] == summary["measured"]["sram"][part]
    for part in ("weights_bytes", "tables_bytes"):
        assert summary["predicted"]["flash"][part] == summary["measured"]["flash"][part]
    assert (out / "model.tflite").read_bytes()[4:8] == b"TFL3"
    assert (out / summary["firmware"]["elf"]).read_bytes()[:4] == b"\x7fELF"
    assert "stm32f746g-disco" in (out / "report.md").read_text()
    again = run_cli(*arguments, timeout_s=600, env={"TINYNAS_CACHE": str(tmp_path / "cache")})
    assert again.returncode == 0, again.stderr
    assert json.loads(again.stdout)["candidates_trained"] == summary["candidates_trained"]
    other = run_cli(*arguments, "--seed", "5", env={"TINYNAS_CACHE": str(tmp_path / "cache")})
    refused(other, "another run")
