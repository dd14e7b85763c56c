"""Small pretended data sets, and a cache of their own for every test."""

from __future__ import annotations

import csv
import hashlib
import io
import tarfile
import wave
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tinynas.data.dataset import KWS12_CLASSES, SILENCE, UNKNOWN

KEYWORDS = tuple(c for c in KWS12_CLASSES if c not in (SILENCE, UNKNOWN))


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TINYNAS_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def tone(seed: int, samples: int = 16_000) -> np.ndarray:
    """Some audio nobody else has."""
    rng = np.random.default_rng(seed)
    return rng.integers(-3000, 3000, samples).astype(np.int16)


def write_wav(path: Path, samples: np.ndarray, rate: int = 16_000, channels: int = 1) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as out:
        out.setnchannels(channels)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(samples.astype("<i2").tobytes())


@pytest.fixture
def official(tmp_path: Path) -> Path:
    """Word folders in the official layout: ten keywords and two other words, 40 speakers."""
    folder = tmp_path / "speech"
    for w, word in enumerate((*KEYWORDS, "cat", "tree")):
        for s in range(40):
            speaker = hashlib.sha1(f"{s}".encode()).hexdigest()[:8]
            write_wav(folder / word / f"{speaker}_nohash_{s % 3}.wav", tone(100 * w + s, 15_000 + 50 * s))
    for i, name in enumerate(("pink", "tap")):
        write_wav(folder / "_background_noise_" / f"{name}.wav", tone(9_000 + i, 200_000))
    return folder


Row = dict[str, str]


@pytest.fixture
def make_subset(tmp_path: Path) -> Callable[..., Path]:
    """`make_subset(change=...)` writes a small archive; `change(rows)` may spoil its manifest."""
    import soundfile

    def make(change: Callable[[list[Row]], None] = lambda rows: None, name: str = "sub") -> Path:
        folder = tmp_path / name
        folder.mkdir()
        rows: list[Row] = []
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w") as tar:

            def put(
                path: str, samples: np.ndarray, label: str, speaker: str, side12: str, side9: str
            ) -> None:
                encoded = io.BytesIO()
                soundfile.write(encoded, samples, 16_000, format="FLAC", subtype="PCM_16")
                info = tarfile.TarInfo(path)
                info.size = len(encoded.getvalue())
                tar.addfile(info, io.BytesIO(encoded.getvalue()))
                rows.append(
                    {
                        "path": path,
                        "label": label,
                        "word": label,
                        "speaker": speaker,
                        "official_split": "",
                        "kws12": side12,
                        "kws9": side9,
                        "n_samples": str(len(samples)),
                        "md5_pcm": hashlib.md5(samples.tobytes()).hexdigest(),
                        "source": "here",
                    }
                )

            put("_background_noise_/hum.flac", tone(1, 150_000), "_background_noise_", "", "", "")
            sides = ("train", "train", "val", "test")
            for n, label in enumerate(KWS12_CLASSES):
                for s, side in enumerate(sides):
                    # kws9 splits the same speakers the other way round: the folders say nothing.
                    side9 = {"train": "test", "val": "val", "test": "train"}[side]
                    if label in ("go", "on", "off") or (label == SILENCE and side9 != "test"):
                        side9 = ""
                    speaker = "" if label == SILENCE else f"voice{s}"
                    put(
                        f"train/{label}/{s}.flac",
                        tone(1000 + 10 * n + s, 15_500),
                        label,
                        speaker,
                        side,
                        side9,
                    )
        (folder / "speech_commands_subset.tar").write_bytes(buffer.getvalue())
        change(rows)
        with open(folder / "speech_commands_subset.manifest.csv", "w", newline="") as out:
            writer = csv.DictWriter(out, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
        return folder

    return make
