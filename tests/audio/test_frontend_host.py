"""Features on the host: shapes, streaming, quantization, limits, and what is refused."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tinynas.audio import FrontEnd, Quantizer, features, features_to_float, quantize
from tinynas.audio.tables import make_tables
from tinynas.errors import UsageError


@st.composite
def front_ends(draw: st.DrawFn) -> FrontEnd:
    fft = draw(st.sampled_from([256, 512, 1024]))
    frame = 2 * draw(st.integers(fft // 4, fft // 2))
    bands = draw(st.integers(2, 40))
    kind = draw(st.sampled_from(["logmel", "mfcc"]))
    power = draw(st.sampled_from([1, 2]))
    try:
        front_end = FrontEnd(
            frame=frame,
            hop=2 * draw(st.integers(8, frame // 2)),
            fft=fft,
            bands=bands,
            kind=kind,
            power=power,
            low_hz=draw(st.integers(0, 400)),
            high_hz=draw(st.integers(1_000, 8_000)),
            coefficients=draw(st.integers(1, bands)) if kind == "mfcc" else 0,
            floor=draw(st.sampled_from([1e-6, 1e-3])),
        )
        make_tables(front_end)
    except UsageError:
        assume(False)
    return front_end


def clip(seed: int, samples: int = 4_000) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 2_000, (1, samples)).astype(np.int16)


@given(front_ends(), st.integers(0, 5))
def test_streaming_equals_the_whole_clip(front_end: FrontEnd, skip: int) -> None:
    """A column depends on its own samples only: later starts give the same later columns."""
    samples = clip(skip, 3 * 1024 + 5 * front_end.hop)
    whole = features(front_end, samples)
    assert whole.shape == (1, front_end.frames(samples.shape[1]), front_end.width)
    later = features(front_end, np.ascontiguousarray(samples[:, skip * front_end.hop :]))
    assert np.array_equal(whole[:, skip:], later)


@given(front_ends(), st.integers(0, 1000))
def test_clips_do_not_touch_each_other(front_end: FrontEnd, seed: int) -> None:
    clips = np.concatenate([clip(seed), clip(seed + 1), clip(seed + 2)])
    together = features(front_end, clips)
    assert np.array_equal(together[1:2], features(front_end, clips[1:2]))


@given(front_ends(), st.floats(0.002, 2.0), st.integers(-128, 127), st.floats(-8, 3), st.floats(0.3, 8))
def test_quantizer_rounds_the_float_formula(
    front_end: FrontEnd, scale: float, zero: int, mean: float, deviation: float
) -> None:
    quantizer = Quantizer(scale, zero, mean, deviation)
    columns = features(front_end, clip(3))
    measured = features(front_end, clip(3), quantizer).astype(int)
    exact = (features_to_float(columns, front_end).astype(float) - mean) / deviation / scale + zero
    expected = np.clip(np.floor(exact + 0.5), -128, 127)
    # The multiplier has at least 14 significant bits: values just at a rounding edge may fall either way.
    assert np.abs(measured - expected).max() <= 1
    assert (np.abs(np.clip(exact, -128, 127) - measured).max()) < 0.52 + 40 / scale / 2**20
    assert np.array_equal(quantize(columns, front_end, quantizer), measured)


def test_odd_lengths_and_views() -> None:
    front_end = FrontEnd()
    samples = np.random.default_rng(1).normal(0, 900, (4, 16_001)).astype(np.int16)
    expected = features(front_end, np.ascontiguousarray(samples[:, :16_000]))
    assert np.array_equal(features(front_end, samples), expected)
    assert np.array_equal(features(front_end, samples[::2]), expected[::2])
    assert np.array_equal(features(front_end, samples[:, 1:]), features(front_end, samples[:, 1:].copy()))
    assert features(front_end, samples[:, :479]).shape == (4, 0, 40)
    assert features(front_end, samples[:0]).shape == (0, 49, 40)


def test_threads_compute_the_same() -> None:
    clips = np.concatenate([clip(i, 16_000) for i in range(8)])
    expected = features(FrontEnd(), clips)
    with ThreadPoolExecutor(4) as pool:
        parts = list(pool.map(lambda i: features(FrontEnd(), clips[i : i + 1]), range(8)))
    assert np.array_equal(np.concatenate(parts), expected)


def test_speed() -> None:
    """Far above real time (a loose bound: the machine may be busy)."""
    import time

    clips = np.concatenate([clip(i, 16_000) for i in range(200)])
    features(FrontEnd(), clips[:1])
    start = time.process_time()
    features(FrontEnd(), clips)
    assert 200 / (time.process_time() - start) > 1_000


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"fft": 400}, "fft must be"),
        ({"frame": 481}, "frame must be even"),
        ({"frame": 600}, "at most fft"),
        ({"hop": 0}, "hop must be"),
        ({"hop": 500}, "at most frame"),
        ({"bands": 1}, "bands"),
        ({"low_hz": 5_000, "high_hz": 4_000}, "low_hz"),
        ({"high_hz": 9_000}, "half the rate"),
        ({"kind": "pcm"}, "kind"),
        ({"power": 3}, "power"),
        ({"floor": 0.0}, "floor must be"),
        ({"kind": "mfcc"}, "coefficients"),
        ({"kind": "mfcc", "coefficients": 41}, "coefficients"),
    ],
)
def test_senseless_front_ends_are_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        FrontEnd(**changes)  # type: ignore[arg-type]


def test_empty_bands_and_floods_are_refused() -> None:
    with pytest.raises(UsageError, match="holds no FFT bin"):
        make_tables(FrontEnd(frame=256, hop=256, fft=256, bands=120))
    with pytest.raises(UsageError, match="floor"):
        make_tables(FrontEnd(floor=1e6))
    with pytest.raises(UsageError, match="int16 clips"):
        features(FrontEnd(), np.zeros((1, 16_000), np.float32))
    with pytest.raises(UsageError, match="32 bits"):
        Quantizer(1e-5, 0, mean=-1e6).integers(FrontEnd())
    with pytest.raises(UsageError, match="positive"):
        Quantizer(0.0, 0).integers(FrontEnd())


_TRAPPED = """
import ctypes, sys
from pathlib import Path
import numpy as np
from tinynas.audio import host
from tinynas.audio import FrontEnd, Quantizer
from tinynas.native import build_library

flags = ["-O1", "-fsanitize=undefined,bounds", "-fsanitize-undefined-trap-on-error", "-fno-sanitize-recover"]
folder = host.source_dir()
names = [*host.SOURCES, "tinynas_frontend_batch.c"]
library = ctypes.CDLL(str(build_library([folder / n for n in names], [folder], flags)))
plain = host._library
t = np.arange(8_000)
rng = np.random.default_rng(0)
loud = [np.where((t // n) % 2, 32767, -32768) for n in (1, 2, 3, 5, 8, 16, 40, 100)]
clips = np.stack([*loud, np.full_like(t, -32768), np.full_like(t, 32767), np.zeros_like(t), (t % 999 == 5) *
-32768,
                  rng.integers(-32768, 32768, len(t)), np.where(np.sin(t * t / 9e3) > 0, 32767, -32768)])
clips = clips.astype(np.int16)
done = 0
for fft in (256, 512, 1024):
    for frame in (fft, fft - 2, fft // 2 + 2):
        for bands, low, high in ((4, 0, 8000), (13, 20, 8000), (20, 60, 7600), (10, 1000, 3000)):
            for power in (1, 2):
                for kind in ("logmel", "mfcc"):
                    floor = 1e-6 if power == 2 else 1e-3
                    f = FrontEnd(frame=frame, hop=frame // 4 * 2, fft=fft, bands=bands, low_hz=low,
                    high_hz=high,
                                 power=power, kind=kind, coefficients=bands if kind == "mfcc" else 0,
                                 floor=floor)
                    host._library = plain
                    expected = host.features(f, clips, Quantizer(0.05, 3, -3.0, 2.0))
                    host._library = lambda: library
                    got = host.features(f, clips, Quantizer(0.05, 3, -3.0, 2.0))
                    assert np.array_equal(got, expected), f
                    done += 1
print(done)
"""


def test_no_undefined_behaviour_at_the_limits(repo_root: Path) -> None:
    """Full-scale squares and steps through 144 front ends, every overflow, shift and index trapped."""
    done = subprocess.run(
        [sys.executable, "-c", _TRAPPED],
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, "PYTHONPATH": str(repo_root)},
    )
    assert done.returncode == 0, f"{done.returncode}: {done.stderr[-800:]}"
    assert int(done.stdout) == 144
