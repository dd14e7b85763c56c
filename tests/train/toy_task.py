"""A tiny made-up task with learnable classes, already prepared: no audio, no cache, milliseconds."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import numpy as np

from tinynas.audio import FrontEnd, Quantizer
from tinynas.runs import atomic_write_json
from tinynas.space import Arch, Conv, Fold, Separable
from tinynas.train import Prepared, Recipe, load_prepared

CLASSES = ("low", "mid", "high")
FRAMES, BANDS = 10, 8
RECIPE = Recipe(epochs=2, draws=256, batch=32, learning_rate=2e-2, representative=24, time_mask_frames=2,
                band_mask_bands=1)
ARCH = Arch("kws-conv", (FRAMES, BANDS, 1), 3,
            (Conv(4, (3, 3), (1, 2)), Fold(), Conv(8), Separable(8, (3, 1), residual=True)))


def maps(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """int8 [count, frames, bands]: noise with a bright band that tells the class."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(len(CLASSES), size=count)
    x = rng.normal(0, 12, (count, FRAMES, BANDS))
    for row, label in zip(x, labels, strict=True):
        row[:, 1 + 2 * label] += 60
    return np.clip(x, -128, 127).astype(np.int8), labels.astype(np.int64)


def make_prepared(folder: Path) -> Prepared:
    """96 training clips of two variants, 48 for validation, 48 for the test."""
    folder.mkdir(parents=True, exist_ok=True)
    train_x, train_y = maps(96, 0)
    again, _ = maps(96, 0)
    np.save(folder / "train_x.npy", np.stack([train_x, np.clip(again, -100, 100)], axis=1))
    np.save(folder / "train_y.npy", train_y)
    for side, seed in (("val", 1), ("test", 2)):
        x, y = maps(48, seed)
        np.save(folder / f"{side}_x.npy", x)
        np.save(folder / f"{side}_y.npy", y)
    atomic_write_json(folder / "meta.json", {
        "classes": CLASSES, "front_end": asdict(FrontEnd(bands=BANDS)),
        "quantizer": asdict(Quantizer(1 / 32, 0))})
    return load_prepared(folder)
