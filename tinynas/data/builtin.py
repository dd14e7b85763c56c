"""A small spoken set made on the spot with espeak-ng, for when there is no recorded speech at all.

It lets a newcomer see the whole line work without a download. Nobody spoke these words, and every place that
reports on them says so. Variety comes from many voices (a speaker is a voice variant with its own accent,
pitch and pace; a voice stands on one side of the split only), several takes a word, and made noise at random
levels. The recipe is datasets/builtin.toml; the same seed and the same espeak-ng give the same bytes.
"""

from __future__ import annotations

import io
import shutil
import subprocess
import wave
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinynas.data.cache import Row, cached_entry, content_key
from tinynas.data.dataset import CLIP_SAMPLES, SAMPLE_RATE_HZ, SILENCE, SPLITS, TASKS, UNKNOWN, Dataset
from tinynas.data.leakage import checked_splits
from tinynas.data.noise import NOISE_KINDS, make_noise
from tinynas.data.recipe import load_recipe, recipe_text
from tinynas.errors import DataError

_VERSION = "2"
_NOISE_SECONDS = 20
_THREADS = 2
_SOURCE = (
    "SYNTHETIC speech made with espeak-ng (nobody spoke it: accuracy on it says nothing about people); "
    "for recorded speech run `tinynas data fetch speech_commands` or set TINYNAS_DATA"
)


@dataclass(frozen=True)
class Speaker:
    """One voice: espeak-ng voice name, side of the split, base pitch (0-99) and pace."""

    voice: str
    side: str
    pitch: int
    words_per_minute: int


@dataclass(frozen=True)
class Take:
    """One clip to be made: what is said ("" for silence), how, and the seed of its noise."""

    speaker: Speaker
    label: str
    word: str
    pitch: int
    words_per_minute: int
    seed: int
    number: int


def load_builtin(task: str = "kws12", seed: int | None = None) -> Dataset:
    """The synthetic set of a task, made at first use and cached. Raises DataError without espeak-ng."""
    recipe = load_recipe("builtin")
    seed = int(recipe["seed"]) if seed is None else seed
    program = shutil.which("espeak-ng")
    if program is None:
        raise DataError(
            f"no recorded speech was found, and the synthetic set needs espeak-ng: {recipe['install']}"
        )
    classes = TASKS[task]
    takes = plan_takes(recipe, task, seed)
    rows = [
        Row(
            t.speaker.side,
            classes.index(t.label),
            t.speaker.voice,
            f"{t.speaker.voice}/{t.word or SILENCE}/{t.number}",
        )
        for t in takes
    ]
    key = content_key("builtin", _VERSION, task, str(seed), recipe_text("builtin"), _version(program))
    noises = tuple(
        (kind, make_noise(kind, _NOISE_SECONDS * SAMPLE_RATE_HZ, seed + i))
        for i, kind in enumerate(NOISE_KINDS)
    )

    def audio() -> Iterator[np.ndarray]:
        with ThreadPoolExecutor(_THREADS) as pool:
            yield from pool.map(lambda take: make_clip(program, take, recipe["mix"]), takes)

    entry = cached_entry(key, rows, audio)
    train, val, test = checked_splits(entry)
    return Dataset(
        task=task,
        classes=classes,
        train=train,
        val=val,
        test=test,
        noises=noises,
        key=key,
        synthetic=True,
        source=_SOURCE,
    )


def plan_speakers(recipe: dict[str, Any], seed: int) -> list[Speaker]:
    """The voices and their sides. Variants are shuffled by seed, accents go round, nothing is used twice."""
    rng = np.random.default_rng(seed)
    variants = [str(v) for v in rng.permutation(recipe["voices"]["variants"])]
    accents = recipe["voices"]["accents"]
    sides = [side for side in SPLITS for _ in range(int(recipe["split"][f"{side}_speakers"]))]
    if len(sides) > len(variants):
        raise DataError(
            f"datasets/builtin.toml asks for {len(sides)} speakers but lists {len(variants)} variants"
        )
    pitch, pace = recipe["voices"]["pitch"], recipe["voices"]["words_per_minute"]
    return [
        Speaker(
            f"{accents[i % len(accents)]}+{variants[i]}",
            side,
            int(rng.integers(pitch[0], pitch[1] + 1)),
            int(rng.integers(pace[0], pace[1] + 1)),
        )
        for i, side in enumerate(sides)
    ]


def plan_takes(recipe: dict[str, Any], task: str, seed: int) -> list[Take]:
    """Every clip of the set: which voice says what, with what pitch and pace."""
    keywords = [c for c in TASKS[task] if c not in (SILENCE, UNKNOWN)]
    clips = recipe["clips"]
    others = [w for w in clips["unknown_words"] if w not in keywords]
    takes: list[Take] = []
    for index, speaker in enumerate(plan_speakers(recipe, seed)):
        rng = np.random.default_rng((seed, index))
        said = [(word, word) for word in keywords for _ in range(int(clips["per_keyword"]))]
        said += [(UNKNOWN, str(word)) for word in rng.permutation(others)[: int(clips["unknown"])]]
        said += [(SILENCE, "")] * int(clips["silence"])
        for number, (label, word) in enumerate(said):
            takes.append(
                Take(
                    speaker,
                    label,
                    word,
                    pitch=int(np.clip(speaker.pitch + rng.integers(-15, 16), 0, 99)),
                    words_per_minute=int(
                        np.clip(speaker.words_per_minute * rng.uniform(0.85, 1.15), 90, 260)
                    ),
                    seed=int(rng.integers(2**31)),
                    number=number,
                )
            )
    return takes


def make_clip(program: str, take: Take, mix: dict[str, Any]) -> np.ndarray:
    """int16 [16000]: the word, or nothing, in made noise."""
    rng = np.random.default_rng(take.seed)
    noise = make_noise(str(rng.choice(NOISE_KINDS)), CLIP_SAMPLES, take.seed).astype(np.float64)
    noise /= max(1.0, float(np.sqrt(np.mean(noise**2))))
    level = 32768.0 * 10 ** (rng.uniform(*mix["level_dbfs"]) / 20)
    if not take.word:
        return _to_int16(noise * level * 10 ** (-rng.uniform(0, 40) / 20))
    speech = _trim(_say(program, take))
    speech *= level / max(1.0, float(np.sqrt(np.mean(speech**2))))
    reach = int(mix["shift_ms"]) * SAMPLE_RATE_HZ // 1000
    start = (CLIP_SAMPLES - len(speech)) // 2 + int(rng.integers(-reach, reach + 1))
    clip = noise * level * 10 ** (-rng.uniform(*mix["snr_db"]) / 20)
    first, last = max(0, start), min(CLIP_SAMPLES, start + len(speech))
    clip[first:last] += speech[first - start : last - start]
    return _to_int16(clip)


def _say(program: str, take: Take) -> np.ndarray:
    """espeak-ng's samples of one word at 16 kHz, as floats."""
    command = [
        program,
        "--stdout",
        "-v",
        take.speaker.voice,
        "-p",
        str(take.pitch),
        "-s",
        str(take.words_per_minute),
        take.word,
    ]
    try:
        done = subprocess.run(command, capture_output=True, timeout=30, check=True, stdin=subprocess.DEVNULL)
        with wave.open(io.BytesIO(done.stdout)) as reader:
            rate = reader.getframerate()
            # espeak-ng streams: the header's length is not to be trusted, the bytes are.
            samples = np.frombuffer(done.stdout[44 : len(done.stdout) // 2 * 2], "<i2").astype(np.float64)
    except (subprocess.SubprocessError, OSError, wave.Error, EOFError) as error:
        raise DataError(
            f"espeak-ng failed to say '{take.word}' as {take.speaker.voice}: {error}; "
            "reinstall it (sudo apt-get install --reinstall espeak-ng)"
        ) from error
    return resample(samples, rate, SAMPLE_RATE_HZ)


def resample(samples: np.ndarray, rate: int, wanted: int) -> np.ndarray:
    """Band-limited resampling by cutting (or padding) the spectrum; floats in, floats out."""
    step = rate // int(np.gcd(rate, wanted))
    padded = np.pad(samples, (0, -len(samples) % step))
    length = len(padded) * wanted // rate
    spectrum = np.fft.rfft(padded)[: length // 2 + 1]
    resampled: np.ndarray = np.fft.irfft(spectrum, length) * (length / max(1, len(padded)))
    return resampled


def _trim(samples: np.ndarray) -> np.ndarray:
    """Without the quiet before and after the word; at most one second."""
    loud = np.flatnonzero(np.abs(samples) > 0.02 * np.abs(samples).max(initial=0.0))
    return samples[loud[0] : loud[-1] + 1][:CLIP_SAMPLES] if len(loud) else samples[:CLIP_SAMPLES]


def _to_int16(samples: np.ndarray) -> np.ndarray:
    clipped: np.ndarray = np.clip(np.rint(samples), -32768, 32767).astype(np.int16)
    return clipped


def _version(program: str) -> str:
    try:
        done = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=30, check=True)
    except (subprocess.SubprocessError, OSError) as error:
        raise DataError(f"{program} does not run: {error}; reinstall espeak-ng") from error
    return done.stdout.split("Data at")[0].strip()
