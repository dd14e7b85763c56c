"""Counts the front end's instructions per hop in QEMU and fits the coefficients of `tinynas.audio.cost`.

    python tools/measure_frontend.py            # all cores: rewrites tinynas/audio/instructions.json
    python tools/measure_frontend.py --show     # the default front end only, prints the counts

A program holding some thirty front ends runs a few noisy hops of each; the counts are fitted by the features
`tinynas.audio.cost` lists. The fit's worst error is stored beside it. Needs arm-none-eabi-gcc and
qemu-system-arm.
"""

from __future__ import annotations

import argparse
import itertools
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tools")]

import bare_metal  # noqa: E402

from tinynas.audio import FrontEnd, Quantizer  # noqa: E402
from tinynas.audio.cost import code_key, front_end_key, trip_counts  # noqa: E402
from tinynas.audio.generate import config_header, config_source, frontend_c  # noqa: E402
from tinynas.audio.host import SOURCES, source_dir  # noqa: E402
from tinynas.audio.tables import make_tables  # noqa: E402
from tinynas.errors import UsageError  # noqa: E402

HOPS = 6
WARM = 2
TARGET = ROOT / "tinynas" / "audio" / "instructions.json"
# Front ends people use: hops of 10, 20 and 30 ms, few and many bands, MFCC, powers.
USUAL = [
    FrontEnd(),
    FrontEnd(kind="mfcc", coefficients=10),
    FrontEnd(kind="mfcc", coefficients=10, low_hz=20, high_hz=4_000),
    FrontEnd(kind="mfcc", coefficients=13),
    FrontEnd(power=2, floor=1e-6),
    FrontEnd(bands=32),
    FrontEnd(bands=24),
    FrontEnd(bands=20),
    FrontEnd(frame=640, fft=1024),
    FrontEnd(frame=640, fft=1024, kind="mfcc", coefficients=10),
    FrontEnd(frame=512, hop=256),
    FrontEnd(frame=400, hop=160),
    FrontEnd(frame=480, hop=160),
    FrontEnd(frame=480, hop=480),
    FrontEnd(frame=512, hop=512),
    FrontEnd(frame=256, hop=256, fft=256, bands=20),
    FrontEnd(frame=256, hop=128, fft=256, bands=24),
]


def spanning() -> list[FrontEnd]:
    """Random front ends (seeded) over the whole space."""
    rng = np.random.default_rng(11)
    found: list[FrontEnd] = []
    for fft, power, kind in itertools.cycle(
        itertools.product((256, 512, 1024), (1, 1, 2), ("logmel", "mfcc"))
    ):
        frame = int(rng.integers(fft // 4 + 1, fft // 2 + 1)) * 2
        bands = int(rng.integers(8, 21 if fft == 256 else 44))
        fields = {
            "fft": fft,
            "frame": frame,
            "hop": int(rng.integers(frame // 8, frame // 2 + 1)) * 2,
            "bands": bands,
            "power": power,
            "kind": kind,
            "low_hz": int(rng.integers(20, 200)),
            "high_hz": int(rng.integers(3_000, 8_001)),
            "floor": 1e-3 if power == 1 else 1e-6,
            "coefficients": int(rng.integers(4, bands + 1)) if kind == "mfcc" else 0,
        }
        try:
            candidate = FrontEnd(**fields)
            make_tables(candidate)
        except UsageError:
            continue
        found.append(candidate)
        if len(found) == 36:
            return found
    raise AssertionError("cycle never ends")


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

static uint32_t seed;

static void noise(int32_t count, int32_t loudness)
{
    for (int32_t i = 0; i < count; i++) {
        seed = seed * 1664525u + 1013904223u;
        samples[i] = (int16_t)((int32_t)seed >> (16 + loudness));
    }
}

static void count(const tinynas_frontend *f)
{
    const tinynas_frontend_quantizer q = {20000, 1 << 19, 20};
    const int32_t width = f->coefficients ? f->coefficients : f->bands;
    seed = 1;
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


def measure(
    cpu: str, front_ends: list[FrontEnd], flags: tuple[str, ...] = bare_metal.FLAGS
) -> list[tuple[float, float]]:
    """(instructions of a hop, of quantizing its column) per front end, mean over hops."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sources = program(front_ends, folder)
        elf = bare_metal.build(cpu, sources, [source_dir(), folder], folder, flags)
        ticks = [int(line) for line in bare_metal.run(cpu, elf).split()]
    counts = np.array([bare_metal.instructions(cpu, t) for t in ticks], float).reshape(len(front_ends), -1, 2)
    return [(float(hop), float(quantize)) for hop, quantize in counts.mean(axis=1)]


def fit(front_ends: list[FrontEnd], counts: np.ndarray) -> tuple[dict[str, float], float]:
    """Least squares of relative errors; returns coefficients by name and the worst relative error."""
    rows = [trip_counts(f) for f in front_ends]
    names = sorted({name for row in rows for name in row})
    matrix = np.array([[row.get(name, 0.0) for name in names] for row in rows])
    solution, *_ = np.linalg.lstsq(matrix / counts[:, None], np.ones(len(counts)), rcond=None)
    worst = float(np.abs(matrix @ solution / counts - 1).max())
    return {name: round(float(value), 4) for name, value in zip(names, solution, strict=True)}, worst


EMPTY = '#include "bare.h"\nint main(void) { return 0; }\n'
LINKED = """
#include "tinynas_frontend_config.h"
static uint32_t state[1024], scratch[1200];
static int16_t samples[1024] __attribute__((aligned(4))), column[128];
static int8_t bytes[128];
int main(void)
{
    tinynas_frontend_reset(&tinynas_frontend_config, state);
    tinynas_frontend_prime(&tinynas_frontend_config, state, samples);
    tinynas_frontend_hop(&tinynas_frontend_config, state, scratch, samples, column);
    tinynas_frontend_quantize(&tinynas_frontend_config_quantizer, column, bytes, 40);
    return 0;
}
"""


def code_bytes(cpu: str, front_end: FrontEnd) -> int:
    """Linked size of the code of a front end, without its tables and the five calls."""

    def text_size(files: dict[str, str]) -> int:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            for file, text in files.items():
                (folder / file).write_text(text)
            elf = bare_metal.build(cpu, [folder / f for f in files if f.endswith(".c")], [folder], folder)
            out = subprocess.run(
                ["arm-none-eabi-size", "-A", str(elf)], capture_output=True, text=True, check=True
            )
            return int(next(line.split()[1] for line in out.stdout.splitlines() if line.startswith(".text")))

    files = frontend_c(front_end, Quantizer(0.03, 0))
    tables = make_tables(front_end).flash_bytes + 4 * (65 + 32) + 64 + 12
    return text_size({**files, "main.c": LINKED}) - text_size({"main.c": EMPTY}) - tables


def measure_core(cpu: str, front_ends: list[FrontEnd]) -> dict[str, object]:
    """Everything instructions.json holds about a core."""
    counts = np.array([hop + quantize for hop, quantize in measure(cpu, front_ends)])
    coefficients, worst = fit(front_ends, counts)
    variants = {code_key(f): f for f in reversed(front_ends)}
    print(f"{cpu}: default {counts[0]:,.0f} instructions a hop, worst error of the model {worst:.2%}")
    return {
        "machine": bare_metal.MACHINES[cpu].name,
        "worst_error": round(worst, 5),
        "coefficients": coefficients,
        "code_bytes": {key: code_bytes(cpu, f) for key, f in sorted(variants.items())},
        "measured": {front_end_key(f): round(float(c)) for f, c in zip(front_ends, counts, strict=True)},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--show", action="store_true", help="count the default front end only")
    if parser.parse_args().show:
        for cpu in bare_metal.MACHINES:
            print(cpu, [round(a + b) for a, b in measure(cpu, USUAL[:5])])
        return
    version = subprocess.run(
        ["arm-none-eabi-gcc", "--version"], capture_output=True, text=True, check=True
    ).stdout
    table = {
        "command": "python tools/measure_frontend.py",
        "how": "QEMU -icount, mean over hops of white noise at four levels, int8 quantization included",
        "compiler": version.splitlines()[0],
        "flags": " ".join(bare_metal.FLAGS),
        "cores": {cpu: measure_core(cpu, USUAL + spanning()) for cpu in bare_metal.MACHINES},
    }
    TARGET.write_text(json.dumps(table, indent=1) + "\n")


if __name__ == "__main__":
    main()
