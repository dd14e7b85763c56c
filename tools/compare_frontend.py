"""Our front end beside TFLM's microfrontend and CMSIS-DSP's arm_mfcc_q15: instructions per hop, counted in
QEMU.

    python tools/compare_frontend.py                 # fetches the peers by name (pip, npm) into the cache
    python tools/compare_frontend.py --json out.json

All compute one column from 512-point spectra of 480-sample frames, 40 mel bands, at the same noise, compiled
by the same compiler with -O2 and -O3 (the quicker counts; ours with -O2 only). What each includes: - ours:
copying the hop in, window, FFT, bands, logarithm [, DCT], int8 quantization. - microfrontend: the same with
its noise reduction, which cannot be left out, and PCAN on or off; 16-bit FFT;
  quantization to int8 is left to its caller.
- arm_mfcc_q15: normalization, window, FFT, bands, logarithm, DCT; framing and quantization are its caller's.
The peers are downloaded for this comparison only; nothing of them is part of tinynas.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tools")]

import bare_metal  # noqa: E402
import measure_frontend  # noqa: E402

from tinynas.audio import FrontEnd  # noqa: E402
from tinynas.audio.mel import mel_filters  # noqa: E402
from tinynas.audio.tables import window_q15  # noqa: E402
from tinynas.data.cache import cache_dir  # noqa: E402
from tinynas.data.fetch import extract_tar  # noqa: E402

PYPI = ("pymicro-features==2.0.2", "cmsisdsp==1.10.3")
NPM = "@xpack-3rd-party/arm-cmsis-core@5.4.0-6"
LOGMEL = FrontEnd(low_hz=125, high_hz=7_500)
MFCC = FrontEnd(low_hz=125, high_hz=7_500, kind="mfcc", coefficients=10)
CORES = ("cortex-m7", "cortex-m4", "cortex-m33", "cortex-m0plus")


@dataclass(frozen=True)
class Peers:
    """Unpacked sources."""

    micro: Path
    dsp: Path
    core: Path


def fetch_peers() -> Peers:
    """Download (once) and unpack the peers. Raises CalledProcessError when pip or npm cannot."""
    folder = cache_dir("peers")
    folder.mkdir(parents=True, exist_ok=True)
    for name in PYPI:
        stem = name.replace("-", "_").replace("==", "-")
        if not (folder / f"{stem}.tar.gz").exists():
            subprocess.run(
                [
                    sys.executable,
                    "-m",
                    "pip",
                    "download",
                    "-q",
                    "--no-deps",
                    "--no-build-isolation",
                    "--no-binary",
                    ":all:",
                    "-d",
                    str(folder),
                    name,
                ],
                check=True,
            )
        if not (folder / stem).exists():
            extract_tar(folder / f"{stem}.tar.gz", folder)
    if not (folder / "package").exists():
        packed = subprocess.run(
            ["npm", "pack", "--silent", NPM], cwd=folder, capture_output=True, text=True, check=True
        ).stdout.split()[-1]
        with tarfile.open(folder / packed) as tar:
            tar.extractall(folder, filter="data")
    include = next((folder / "package").rglob("cmsis_compiler.h")).parent
    return Peers(folder / "pymicro_features-2.0.2", folder / "cmsisdsp-1.10.3", include)


COUNT = """
#include "bare.h"
static int16_t samples[1024] __attribute__((aligned(4)));
static uint32_t seed = 1;
static void noise(int count, int loudness)
{
    for (int i = 0; i < count; i++) {
        seed = seed * 1664525u + 1013904223u;
        samples[i] = (int16_t)((int32_t)seed >> (16 + loudness));
    }
}
"""

MICRO = (
    COUNT
    + """
extern "C" {
#include "tensorflow/lite/experimental/microfrontend/lib/frontend.h"
#include "tensorflow/lite/experimental/microfrontend/lib/frontend_util.h"
}
int main(void)
{
    FrontendConfig config;
    FrontendState state;
    FrontendFillConfigWithDefaults(&config);
    config.window.size_ms = 30;
    config.window.step_size_ms = 20;
    config.filterbank.num_channels = 40;
    config.filterbank.lower_band_limit = 125.0f;
    config.filterbank.upper_band_limit = 7500.0f;
    config.pcan_gain_control.enable_pcan = PCAN;
    config.log_scale.enable_log = 1;
    if (!FrontendPopulateState(&config, &state, 16000)) {
        return 1;
    }
    size_t read;
    noise(480, 0);
    FrontendProcessSamples(&state, samples, 480, &read);
    for (int i = 0; i < 4; i++) {
        noise(320, 2 * i + 4);
        const uint32_t from = bare_ticks();
        const FrontendOutput out = FrontendProcessSamples(&state, samples, 320, &read);
        const uint32_t to = bare_ticks();
        if (out.size != 40 || read != 320) {
            return 2;
        }
        bare_number((int32_t)bare_elapsed(from, to));
    }
    return 0;
}
"""
)

MICRO_FILES = (
    "kiss_fft_int16 fft fft_util filterbank filterbank_util frontend frontend_util log_lut log_scale "
    "log_scale_util noise_reduction noise_reduction_util pcan_gain_control pcan_gain_control_util window "
    "window_util"
).split()


def count_micro(cpu: str, peers: Peers, pcan: bool, level: str) -> float:
    """Mean instructions of a microfrontend hop."""
    library = peers.micro / "tensorflow/lite/experimental/microfrontend/lib"
    sources = [library / f"{name}.cc" for name in MICRO_FILES]
    sources += [peers.micro / "kissfft/kiss_fft.cc", peers.micro / "kissfft/tools/kiss_fftr.cc"]
    main = MICRO.replace("PCAN", str(int(pcan)))
    flags = ["-DFIXED_POINT=16", "-fno-exceptions", "-fno-rtti", "-fpermissive", "-w"]
    return _count(cpu, main, "main.cc", sources, [peers.micro, peers.micro / "kissfft"], [level, *flags])


MFCC_MAIN = (
    COUNT
    + """
#include "arm_math.h"
#include "tables.h"
static q15_t column[16];
static q31_t temporary[1100];
int main(void)
{
    arm_mfcc_instance_q15 mfcc;
    if (arm_mfcc_init_512_q15(&mfcc, 40, 10, dct, positions, lengths, filters, window) != ARM_MATH_SUCCESS) {
        return 1;
    }
    for (int i = 0; i < 4; i++) {
        noise(480, 2 * i + 4);
        for (int k = 480; k < 512; k++) {
            samples[k] = 0;
        }
        const uint32_t from = bare_ticks();
        const arm_status status = arm_mfcc_q15(&mfcc, samples, column, temporary);
        const uint32_t to = bare_ticks();
        if (status != ARM_MATH_SUCCESS) {
            return 2;
        }
        bare_number((int32_t)bare_elapsed(from, to));
    }
    return 0;
}
"""
)

DSP_FILES = """TransformFunctions/arm_mfcc_q15 TransformFunctions/arm_mfcc_init_q15
TransformFunctions/arm_rfft_q15 TransformFunctions/arm_rfft_init_q15 TransformFunctions/arm_cfft_q15
TransformFunctions/arm_cfft_init_q15 TransformFunctions/arm_cfft_radix4_q15
TransformFunctions/arm_bitreversal2 CommonTables/arm_common_tables CommonTables/arm_const_structs
BasicMathFunctions/arm_scale_q15 BasicMathFunctions/arm_mult_q15 BasicMathFunctions/arm_dot_prod_q15
BasicMathFunctions/arm_scale_q31 BasicMathFunctions/arm_offset_q31 BasicMathFunctions/arm_shift_q31
BasicMathFunctions/arm_shift_q15 FastMathFunctions/arm_divide_q15 FastMathFunctions/arm_vlog_q31
FastMathFunctions/arm_sqrt_q31 BasicMathFunctions/arm_abs_q15 ComplexMathFunctions/arm_cmplx_mag_q15
StatisticsFunctions/arm_absmax_q15 MatrixFunctions/arm_mat_vec_mult_q15""".split()


def mfcc_tables() -> str:
    """Filters, DCT and window of arm_mfcc_q15 as a C header (Q15)."""
    weights = mel_filters(16_000, 512, 40, 125, 7_500)
    weights /= weights.max()
    positions, lengths, filters = [], [], []
    for row in weights:
        used = np.flatnonzero(row)
        positions.append(int(used[0]))
        lengths.append(len(used))
        filters += [min(32767, round(float(v) * 32768)) for v in row[used]]
    dct = np.cos(np.pi / 40 * np.outer(np.arange(10), np.arange(40) + 0.5)) * np.sqrt(2 / 40) * 32767
    window = window_q15(480, 512)

    def array(kind: str, name: str, values: object) -> str:
        return f"static const {kind} {name}[] = {{{', '.join(str(int(v)) for v in values)}}};"  # type: ignore

    return "\n".join(
        [
            array("q15_t", "dct", np.rint(dct).reshape(-1)),
            array("uint32_t", "positions", positions),
            array("uint32_t", "lengths", lengths),
            array("q15_t", "filters", filters),
            array("q15_t", "window", window),
        ]
    )


def count_mfcc(cpu: str, peers: Peers, level: str) -> float:
    """Mean instructions of arm_mfcc_q15."""
    sources = [peers.dsp / "Source" / f"{name}.c" for name in DSP_FILES]
    includes = [peers.dsp / "Include", peers.dsp / "PrivateInclude", peers.core]
    return _count(
        cpu,
        MFCC_MAIN,
        "main.c",
        sources,
        includes,
        [level, "-DARM_MATH_LOOPUNROLL", "-w"],
        {"tables.h": mfcc_tables()},
    )


def _count(
    cpu: str,
    main: str,
    name: str,
    sources: list[Path],
    includes: list[Path],
    flags: list[str],
    extra: dict[str, str] | None = None,
) -> float:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        (folder / name).write_text(main)
        for file, text in (extra or {}).items():
            (folder / file).write_text(text)
        base = ["-mthumb", "-ffunction-sections", "-fdata-sections"]
        elf = bare_metal.build(cpu, [*sources, folder / name], [*includes, folder], folder, [*base, *flags])
        ticks = [int(line) for line in bare_metal.run(cpu, elf).split()]
    return float(np.mean([bare_metal.instructions(cpu, t) for t in ticks]))


def _quickest(count: Callable[[str], float]) -> float:
    """The lower count of two optimization levels; NaN when the peer cannot be built for the core."""
    try:
        return min(count(level) for level in ("-O2", "-O3"))
    except subprocess.CalledProcessError as error:
        print(f"not built: {error.args[0]} from {Path(error.cmd[-1]).name}", file=sys.stderr)
        return float("nan")


def compare(cpu: str, peers: Peers) -> dict[str, float]:
    """Instructions per hop of everything on one core."""
    (logmel, q1), (mfcc, q2) = measure_frontend.measure(cpu, [LOGMEL, MFCC])
    return {
        "tinynas log-mel 40": logmel + q1,
        "microfrontend": _quickest(lambda level: count_micro(cpu, peers, False, level)),
        "microfrontend with PCAN": _quickest(lambda level: count_micro(cpu, peers, True, level)),
        "tinynas MFCC 10 of 40": mfcc + q2,
        "arm_mfcc_q15 10 of 40": _quickest(lambda level: count_mfcc(cpu, peers, level)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path, help="write the figures here too")
    parser.add_argument("--cores", default=",".join(CORES))
    options = parser.parse_args()
    peers = fetch_peers()
    table = {cpu: compare(cpu, peers) for cpu in options.cores.split(",")}
    names = list(next(iter(table.values())))
    print(f"{'instructions per hop':26}" + "".join(f"{cpu:>15}" for cpu in table))
    for name in names:
        print(f"{name:26}" + "".join(f"{table[cpu][name]:>15,.0f}" for cpu in table))
    if options.json:
        options.json.write_text(json.dumps(table, indent=1) + "\n")


if __name__ == "__main__":
    main()
