"""The same features, bit for bit, on the host and on emulated cores with and without DSP instructions."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from tinynas.audio import FrontEnd, Quantizer, features
from tinynas.audio.generate import frontend_c

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
import bare_metal  # noqa: E402

MAIN = """
#include "bare.h"
#include "tinynas_frontend_config.h"

extern const int16_t clips[];
static uint32_t state[TINYNAS_FRONTEND_CONFIG_STATE_WORDS], scratch[TINYNAS_FRONTEND_CONFIG_SCRATCH_WORDS];
static int16_t column[TINYNAS_FRONTEND_CONFIG_WIDTH];
static int8_t bytes[TINYNAS_FRONTEND_CONFIG_WIDTH];
static uint32_t hash;

static void add(int32_t value) { hash = (hash ^ (uint32_t)value) * 16777619u; }

int main(void)
{
    const tinynas_frontend *f = &tinynas_frontend_config;
    for (int i = 0; i < CLIPS; i++) {
        const int16_t *clip = clips + SAMPLES * i;
        tinynas_frontend_reset(f, state);
        tinynas_frontend_prime(f, state, clip);
        clip += f->frame - f->hop;
        for (int t = 0; t < FRAMES; t++, clip += f->hop) {
            tinynas_frontend_hop(f, state, scratch, clip, column);
            tinynas_frontend_quantize(&tinynas_frontend_config_quantizer, column, bytes, WIDTH);
            hash = 2166136261u;
            for (int k = 0; k < WIDTH; k++) {
                add(column[k]);
                add(bytes[k]);
            }
            bare_number((int32_t)hash);
        }
    }
    return 0;
}
"""
FRONT_ENDS = [
    FrontEnd(),
    FrontEnd(kind="mfcc", coefficients=10),
    FrontEnd(frame=400, hop=160, power=2, floor=1e-6, bands=23),
    FrontEnd(frame=256, hop=256, fft=256, bands=20, high_hz=4_000),
    FrontEnd(frame=1024, hop=512, fft=1024, bands=64, low_hz=20, high_hz=8_000),
    FrontEnd(frame=800, hop=320, fft=1024, bands=13, kind="mfcc", coefficients=13, low_hz=0),
]
QUANTIZER = Quantizer(scale=0.03, zero_point=-3, mean=-3.0, deviation=2.0)


def device_hashes(cpu: str, front_end: FrontEnd, clips: np.ndarray, folder: Path) -> list[int]:
    """One number per column, as the emulated core computed it."""
    files = frontend_c(front_end, QUANTIZER)
    for name, text in files.items():
        (folder / name).write_text(text)
    words = np.ascontiguousarray(clips).reshape(-1)
    rows = "\n".join(", ".join(map(str, words[i : i + 4000])) + "," for i in range(0, len(words), 4000))
    (folder / "clips.c").write_text(
        f"#include <stdint.h>\nextern const int16_t clips[];\n"
        f"__attribute__((aligned(4))) const int16_t clips[] = {{\n{rows}\n}};\n"
    )
    (folder / "main.c").write_text(MAIN)
    defines = [
        f"-DCLIPS={len(clips)}",
        f"-DSAMPLES={clips.shape[1]}",
        f"-DWIDTH={front_end.width}",
        f"-DFRAMES={front_end.frames(clips.shape[1])}",
    ]
    sources = [folder / name for name in (*files, "clips.c", "main.c") if name.endswith(".c")]
    elf = bare_metal.build(
        cpu, sources, [folder], folder, [*bare_metal.FLAGS, "-Wall", "-Wextra", "-Werror", *defines]
    )
    return [int(line) for line in bare_metal.run(cpu, elf).split()]


def host_hashes(front_end: FrontEnd, clips: np.ndarray) -> list[int]:
    columns = features(front_end, clips).astype(np.int64)
    values = np.stack([columns, features(front_end, clips, QUANTIZER).astype(np.int64)], axis=-1)
    flat = values.reshape(values.shape[0] * values.shape[1], -1)
    hashes = np.full(len(flat), 2166136261, np.uint64)
    for k in range(flat.shape[1]):
        hashes = ((hashes ^ (flat[:, k].astype(np.uint64) & 0xFFFFFFFF)) * 16777619) & 0xFFFFFFFF
    return [int(h) for h in hashes.astype(np.uint32).view(np.int32)]


def extreme_clips() -> np.ndarray:
    """Full-scale squares, the most negative constant, a single impulse, silence, white noise, a soft tone."""
    t = np.arange(16_000)
    rng = np.random.default_rng(5)
    return np.stack(
        [
            np.where((t // 8) % 2, 32767, -32768),
            np.full_like(t, -32768),
            (t == 8_000) * 32767,
            np.zeros_like(t),
            rng.integers(-32768, 32768, 16_000),
            np.rint(2 * np.sin(t / 7)),
        ]
    ).astype(np.int16)


@pytest.mark.emulator
@pytest.mark.parametrize("cpu", ["cortex-m7", "cortex-m4", "cortex-m33", "cortex-m55", "cortex-m0plus"])
def test_default_front_end_on_every_core(cpu: str, tmp_path: Path) -> None:
    clips = extreme_clips()
    assert device_hashes(cpu, FRONT_ENDS[0], clips, tmp_path) == host_hashes(FRONT_ENDS[0], clips)


@pytest.mark.emulator
@pytest.mark.parametrize("front_end", FRONT_ENDS[1:], ids=lambda f: f"{f.kind}{f.fft}-{f.bands}-{f.power}")
@pytest.mark.parametrize("cpu", ["cortex-m7", "cortex-m0plus"])
def test_other_front_ends(cpu: str, front_end: FrontEnd, tmp_path: Path) -> None:
    clips = extreme_clips()
    assert device_hashes(cpu, front_end, clips, tmp_path) == host_hashes(front_end, clips)


@pytest.mark.emulator
def test_real_recordings(shared_datasets: Path, tmp_path: Path) -> None:
    """24 recordings: every one of their 1,176 columns is the same on the M7 and here."""
    from tinynas.data import find_dataset

    split = find_dataset("kws12", shared_datasets).test
    clips = split.take(np.linspace(0, len(split) - 1, 24).astype(int)).clips
    assert device_hashes("cortex-m7", FrontEnd(), clips, tmp_path) == host_hashes(FrontEnd(), clips)
