"""Clips -> int8 feature maps, once, kept in the user's cache and shared by all training processes.

The features are the device's own (`tinynas.audio`), so the network learns on exactly the integers it will
meet. Training clips get their augmented variants here; masks are drawn later, in the training loop. The
cache folder's name says everything the content depends on; it appears whole or not at all.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from math import ceil
from pathlib import Path

import numpy as np

from tinynas.audio import FrontEnd, Quantizer, features, features_to_float
from tinynas.data import SILENCE, Dataset
from tinynas.errors import DataError
from tinynas.runs import atomic_write_json, content_key, user_cache
from tinynas.train.augment import silence, variant
from tinynas.train.recipe import Augment

OUTSIDE = 1e-4  # share of feature values beyond either end of the int8 range
SCALE_STEPS = 1 << 14  # input scales are multiples of 1 / this: exact in float32, whatever multiplies them
VERSION = "3"  # of this file's own arithmetic
CHUNK = 256

Progress = Callable[[int, int, float], None]  # done, total, seconds left


@dataclass(frozen=True, eq=False)
class Prepared:
    """Feature maps of one data set and front end. Arrays are memory-mapped, never loaded whole.

    train_x: int8 [N, variants, frames, width]; val_x, test_x: int8 [N, frames, width]; *_y: int64 [N].
    """

    folder: Path
    classes: tuple[str, ...]
    front_end: FrontEnd
    quantizer: Quantizer
    train_x: np.ndarray
    train_y: np.ndarray
    val_x: np.ndarray
    val_y: np.ndarray
    test_x: np.ndarray
    test_y: np.ndarray

    @property
    def input_shape(self) -> tuple[int, int, int]:
        return int(self.val_x.shape[1]), int(self.val_x.shape[2]), 1


def prepare(dataset: Dataset, front_end: FrontEnd, settings: Augment, progress: Progress | None = None,
            threads: int = 2) -> Prepared:
    """Feature maps of `dataset`, from the cache when they are there.

    Raises DataError when a split is empty. The work is about a millisecond and a half a variant and core.
    """
    for side, split in dataset.splits().items():
        if not len(split):
            raise DataError(f"data set '{dataset.task}' has no {side} clips ({dataset.source})")
    folder = user_cache("features", _key(dataset, front_end, settings))
    if not (folder / "meta.json").is_file():
        _build(folder, dataset, front_end, settings, progress, threads)
    return load_prepared(folder)


def load_prepared(folder: str | Path) -> Prepared:
    """Open a folder `prepare` made (another process's, say). DataError when it is not one."""
    root = Path(folder)
    try:
        meta = json.loads((root / "meta.json").read_text())
        arrays = {name: np.load(root / f"{name}.npy", mmap_mode="r")
                  for name in ("train_x", "train_y", "val_x", "val_y", "test_x", "test_y")}
        return Prepared(root, tuple(meta["classes"]), FrontEnd(**meta["front_end"]),
                        Quantizer(**meta["quantizer"]), **arrays)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"feature folder {root} is damaged ({error}); delete it and run again") from error


def _key(dataset: Dataset, front_end: FrontEnd, settings: Augment) -> str:
    """Names the content, by the front end's results rather than its version: a probe goes through it."""
    probe = np.random.default_rng(0).integers(-8000, 8000, (2, 16_000)).astype(np.int16)
    return content_key(VERSION, dataset.key, json.dumps(asdict(front_end)), json.dumps(asdict(settings)),
                       features(front_end, probe).tobytes(), length=24)


def _build(folder: Path, dataset: Dataset, front_end: FrontEnd, settings: Augment, progress: Progress | None,
           threads: int) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        quantizer = fit_quantizer(dataset.train.clips, front_end)
        maker = _Maker(dataset, front_end, settings, quantizer)
        labels = maker.train_labels()
        total = len(labels) + len(dataset.val) + len(dataset.test)
        meter = _Meter(total, progress)
        shape = (front_end.frames(dataset.train.clips.shape[1]), front_end.width)
        with ThreadPoolExecutor(threads) as pool:
            train = np.lib.format.open_memmap(part / "train_x.npy", "w+", np.int8,
                                              (len(labels), settings.variants, *shape))
            _fill(train, maker.train, pool, meter)
            train.flush()
            for side in ("val", "test"):
                clips = dataset.splits()[side].clips
                out = np.lib.format.open_memmap(part / f"{side}_x.npy", "w+", np.int8, (len(clips), *shape))
                _fill(out, partial(_maps, front_end, quantizer, clips), pool, meter)
                out.flush()
        for side, y in (("train", labels), ("val", dataset.val.labels), ("test", dataset.test.labels)):
            np.save(part / f"{side}_y.npy", np.asarray(y, np.int64))
        atomic_write_json(part / "meta.json", {
            "classes": list(dataset.classes), "front_end": asdict(front_end), "quantizer": asdict(quantizer),
            "augment": asdict(settings), "dataset": dataset.key, "source": dataset.source})
        _publish(part, folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _publish(part: Path, folder: Path) -> None:
    """Rename into place; another process may have been first, with the same content."""
    try:
        os.replace(part, folder)
    except OSError:
        if not (folder / "meta.json").is_file():
            shutil.rmtree(folder, ignore_errors=True)
            os.replace(part, folder)


def fit_quantizer(clips: np.ndarray, front_end: FrontEnd) -> Quantizer:
    """One mean and deviation over all values of clean clips, and an int8 scale that spans what occurs.

    clips: int16 [N, samples]. The range leaves out a ten-thousandth of the values at either end; it always
    holds 0, the value of padding and masks."""
    counts = np.zeros(1 << 16, np.int64)
    for start in range(0, len(clips), CHUNK):
        maps = features(front_end, np.asarray(clips[start:start + CHUNK]))
        counts += np.bincount(maps.reshape(-1).astype(np.int64) + (1 << 15), minlength=1 << 16)
    values = features_to_float(np.arange(-(1 << 15), 1 << 15), front_end).astype(np.float64)
    total = counts.sum()
    mean = float((counts * values).sum() / total)
    deviation = float(max((counts * (values - mean) ** 2).sum() / total, 1e-12) ** 0.5)
    low, high = np.searchsorted(np.cumsum(counts), np.array([OUTSIDE, 1 - OUTSIDE]) * total)
    least = min(0.0, (float(values[low]) - mean) / deviation)
    most = max(0.0, (float(values[min(high, len(values) - 1)]) - mean) / deviation)
    scale = ceil(max(most - least, 1e-3) / 255 * SCALE_STEPS) / SCALE_STEPS
    return Quantizer(scale, int(np.clip(round(-128 - least / scale), -128, 127)), mean, deviation)


def _maps(front_end: FrontEnd, quantizer: Quantizer, clips: np.ndarray, start: int, stop: int) -> np.ndarray:
    return features(front_end, np.asarray(clips[start:stop]), quantizer)


def _fill(out: np.ndarray, make: Callable[[int, int], np.ndarray], pool: ThreadPoolExecutor,
          meter: _Meter) -> None:
    def work(start: int) -> int:
        stop = min(start + CHUNK, len(out))
        out[start:stop] = make(start, stop)
        return stop - start

    for done in pool.map(work, range(0, len(out), CHUNK)):
        meter.add(done)


@dataclass(frozen=True, eq=False)
class _Maker:
    """Training rows: the clips in order, then the made silences."""

    dataset: Dataset
    front_end: FrontEnd
    settings: Augment
    quantizer: Quantizer

    @property
    def silences(self) -> int:
        return self.settings.silences if SILENCE in self.dataset.classes else 0

    def train_labels(self) -> np.ndarray:
        made = np.full(self.silences, self.dataset.classes.index(SILENCE) if self.silences else 0)
        return np.concatenate([self.dataset.train.labels, made])

    def train(self, start: int, stop: int) -> np.ndarray:
        """int8 [stop - start, variants, frames, width]."""
        waves = np.stack([wave for index in range(start, stop) for wave in self._variants(index)])
        maps = features(self.front_end, waves, self.quantizer)
        return maps.reshape(stop - start, self.settings.variants, *maps.shape[1:])

    def _variants(self, index: int) -> list[np.ndarray]:
        rng = np.random.default_rng((self.settings.seed, index))
        noises = [noise for _, noise in self.dataset.noises]
        clips = self.dataset.train.clips
        if index >= len(clips):
            return [silence(noises, clips.shape[1], rng) for _ in range(self.settings.variants)]
        clip = np.asarray(clips[index])
        return [clip] + [variant(clip, self.settings, noises, rng, self.dataset.sample_rate_hz)
                         for _ in range(self.settings.variants - 1)]


class _Meter:
    """Counts rows and tells how long the rest will take at the pace so far."""

    def __init__(self, total: int, progress: Progress | None) -> None:
        self.total, self.progress, self.done, self.began = total, progress, 0, time.monotonic()

    def add(self, count: int) -> None:
        self.done += count
        if self.progress is not None:
            pace = (time.monotonic() - self.began) / max(1, self.done)
            self.progress(self.done, self.total, pace * (self.total - self.done))
