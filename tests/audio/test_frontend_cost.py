"""The front end's price: tables and buffers exactly, instructions as counted."""

from __future__ import annotations

import ctypes
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tinynas.audio import FrontEnd, Quantizer, features, frontend_c, frontend_cost, host
from tinynas.audio.cost import front_end_key, measurements
from tinynas.audio.generate import scratch_bytes, state_bytes
from tinynas.errors import UsageError

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
import make_frontend_lines  # noqa: E402
import measure_frontend  # noqa: E402

CORES = ("cortex-m7", "cortex-m4", "cortex-m33", "cortex-m55", "cortex-m0plus")


def same_compiler() -> bool:
    out = subprocess.run(
        ["arm-none-eabi-gcc", "--version"], capture_output=True, text=True, check=True
    ).stdout
    return out.splitlines()[0] == measurements()["compiler"]


@pytest.mark.emulator
@pytest.mark.parametrize("core", CORES)
def test_measured_counts_hold(core: str) -> None:
    chosen = measure_frontend.USUAL[::4]
    counted = [a + b for a, b in measure_frontend.measure(core, chosen)]
    stored = [frontend_cost(f, core, 49).instructions_per_hop for f in chosen]
    assert all(frontend_cost(f, core, 49).measured for f in chosen)
    tolerance = 1e-4 if same_compiler() else 0.1
    assert np.allclose(counted, stored, rtol=tolerance, atol=2)


@pytest.mark.emulator
@pytest.mark.parametrize("core", ["cortex-m7", "cortex-m0plus"])
def test_estimates_hold_for_what_was_not_measured(core: str) -> None:
    strangers = [
        FrontEnd(bands=36, low_hz=100, high_hz=6_500),
        FrontEnd(frame=512, hop=200, bands=30, kind="mfcc", coefficients=12),
        FrontEnd(frame=960, hop=480, fft=1024, bands=48, high_hz=8_000),
        FrontEnd(frame=200, hop=100, fft=256, bands=16, power=2, floor=1e-6),
    ]
    counted = [a + b for a, b in measure_frontend.measure(core, strangers)]
    for front_end, count in zip(strangers, counted, strict=True):
        cost = frontend_cost(front_end, core, 49)
        assert not cost.measured and 0 < cost.error < 0.03
        slack = 1.5 * cost.error + (0 if same_compiler() else 0.1)
        assert abs(cost.instructions_per_hop / count - 1) <= slack, front_end_key(front_end)


@pytest.mark.emulator
@pytest.mark.parametrize("front_end", measure_frontend.USUAL[:5:2], ids=front_end_key)
def test_tables_are_what_the_linker_places(front_end: FrontEnd, tmp_path: Path) -> None:
    files = frontend_c(front_end, Quantizer(0.02, 1))
    total = 0
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    for name in files:
        if name.endswith(".c"):
            subprocess.run(
                [
                    "arm-none-eabi-gcc",
                    "-mcpu=cortex-m4",
                    "-mthumb",
                    "-O2",
                    "-std=c11",
                    "-Wall",
                    "-Wextra",
                    "-Werror",
                    "-c",
                    name,
                    "-o",
                    "x.o",
                ],
                cwd=tmp_path,
                check=True,
            )
            out = subprocess.run(
                ["arm-none-eabi-size", "-A", "x.o"], cwd=tmp_path, capture_output=True, text=True, check=True
            ).stdout
            total += sum(int(line.split()[1]) for line in out.splitlines() if line.startswith(".rodata"))
    assert total == frontend_cost(front_end, "cortex-m4", 49).tables_bytes


@pytest.mark.emulator
def test_code_bytes_hold() -> None:
    front_end = FrontEnd()
    expected = frontend_cost(front_end, "cortex-m7", 49).code_bytes
    counted = measure_frontend.code_bytes("cortex-m7", front_end)
    assert counted == expected if same_compiler() else abs(counted / expected - 1) < 0.2


@pytest.mark.parametrize(
    "front_end", [FrontEnd(), FrontEnd(kind="mfcc", coefficients=9, bands=39, power=2)], ids=front_end_key
)
def test_buffers_are_large_enough_and_no_larger(front_end: FrontEnd) -> None:
    """Guard words around state and scratch stay; the last word of each is used."""
    clip = np.random.default_rng(0).normal(0, 3_000, front_end.frame).astype(np.int16)
    struct, _ = host._struct(front_end)
    state_words, scratch_words = state_bytes(front_end) // 4, scratch_bytes(front_end) // 4
    mark = np.uint32(0xA5A5A5A5)
    state, scratch = np.full(state_words + 2, mark, np.uint32), np.full(scratch_words + 2, mark, np.uint32)
    column = np.zeros((1, 1, front_end.width), np.int16)
    host._library().tinynas_frontend_batch(
        ctypes.byref(struct),
        ctypes.c_void_p(clip.ctypes.data),
        ctypes.c_int64(1),
        ctypes.c_int64(len(clip)),
        ctypes.c_void_p(state.ctypes.data + 4),
        ctypes.c_void_p(scratch.ctypes.data + 4),
        ctypes.c_void_p(column.ctypes.data),
    )
    for buffer in (state, scratch):
        assert buffer[0] == mark and buffer[-1] == mark
        assert buffer[1] != mark and buffer[-2] != mark
    assert np.array_equal(column, features(front_end, clip[None]))


def test_memory_adds_up() -> None:
    cost = frontend_cost(FrontEnd(), "cortex-m7", 49)
    assert (cost.state_bytes, cost.scratch_bytes, cost.ring_bytes) == (1_024, 2_048, 49 * 40)
    assert cost.sram_bytes == 1_024 + 2_048 + 49 * 40
    assert cost.flash_bytes == cost.code_bytes + cost.tables_bytes
    with pytest.raises(UsageError, match="not known on 'cortex-m9'"):
        frontend_cost(FrontEnd(), "cortex-m9", 49)


def test_generated_text_is_stable_and_safe() -> None:
    assert frontend_c(FrontEnd()) == frontend_c(FrontEnd())
    assert frontend_c(FrontEnd(), name="ears")["ears.h"].count("ears") >= 1
    with pytest.raises(UsageError, match="no C identifier"):
        frontend_c(FrontEnd(), name="a b")


def test_line_tables_are_what_the_tool_writes() -> None:
    assert make_frontend_lines.TARGET.read_text() == make_frontend_lines.render()
