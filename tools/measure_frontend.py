"""Counts the front end's instructions per hop in QEMU and fits the coefficients of `tinynas.audio.cost`.

    python tools/measure_frontend.py            # all cores: rewrites tinynas/audio/instructions.json
    python tools/measure_frontend.py --show     # the default front end only, prints the counts

A program holding some thirty front ends runs a few noisy hops of each; the counts are fitted by the features
`tinynas.audio.cost` lists. The fit's worst error is stored beside it. Needs arm-none-eabi-gcc and qemu-system-arm.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tools")]

import bare_metal  # noqa: E402

from tinynas.audio import FrontEnd  # noqa: E402
from tinynas.audio.generate import config_header, config_source, frontend_c  # noqa: E402
from tinynas.audio.host import SOURCES, source_dir  # noqa: E402

HOPS = 6
WARM = 2


def program(front_ends: list[FrontEnd], folder: Path) -> list[Path]:
    """Write the C files of a program that prints the ticks of every hop of every front end."""
    sources = [source_dir() / name for name in SOURCES]
    body = ['#include "bare.h"', '#include "tinynas_frontend.h"']
    calls = []
    for i, front_end in enumerate(front_ends):
        name = f"config_{i}"
        (folder / f"{name}.h").write_text(config_header(front_end, None, name))
        (folder / f"{name}.c").write_text(config_source(front_end, None, name))
        sources.append(folder / f"{name}.c")
        body.append(f'#include "{name}.h"')
        calls.append(f"    count(&{name});")
    body.append(MAIN.replace("CALLS", "\n".join(calls)))
    (folder / "main.c").write_text("\n".join(body))
    return [*sources, folder / "main.c"]


MAIN = """
static uint32_t state[1024], scratch[1200];
static int16_t samples[1024] __attribute__((aligned(4)));
static int16_t column[128];
static int8_t bytes[128];

static void noise(int32_t count, int32_t loudness)
{
    static uint32_t seed = 1;
    for (int32_t i = 0; i < count; i++) {
        seed = seed * 1664525u + 1013904223u;
        samples[i] = (int16_t)((int32_t)seed >> (16 + loudness));
    }
}

static void count(const tinynas_frontend *f)
{
    const tinynas_frontend_quantizer q = {20000, 1 << 19, 20};
    const int32_t width = f->coefficients ? f->coefficients : f->bands;
    tinynas_frontend_reset(f, state);
    for (int i = 0; i < HOPS; i++) {
        noise(f->hop, 2 * i);
        const uint32_t t0 = bare_ticks();
        tinynas_frontend_hop(f, state, scratch, samples, column);
        const uint32_t t1 = bare_ticks();
        tinynas_frontend_quantize(&q, column, bytes, width);
        const uint32_t t2 = bare_ticks();
        const uint32_t t3 = bare_ticks();
        if (i >= WARM) {
            bare_number((int32_t)(bare_elapsed(t0, t1) - bare_elapsed(t2, t3)));
            bare_number((int32_t)(bare_elapsed(t1, t2) - bare_elapsed(t2, t3)));
        }
    }
}

int main(void)
{
CALLS
    return 0;
}
""".replace("HOPS", str(HOPS)).replace("WARM", str(WARM))


def measure(cpu: str, front_ends: list[FrontEnd], flags: tuple[str, ...] = bare_metal.FLAGS) -> list[tuple[float, float]]:
    """(instructions of a hop, of quantizing its column) per front end, mean over hops of different loudness."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sources = program(front_ends, folder)
        elf = bare_metal.build(cpu, sources, [source_dir(), folder], folder, flags)
        ticks = [int(line) for line in bare_metal.run(cpu, elf).split()]
    counts = np.array([bare_metal.instructions(cpu, t) for t in ticks], float).reshape(len(front_ends), -1, 2)
    return [(float(hop), float(quantize)) for hop, quantize in counts.mean(axis=1)]
