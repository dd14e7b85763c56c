"""Serial drivers no emulator here can run: compiled for the host against registers that are memory."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tinynas.resources import resource_dir

MOCK = Path(__file__).with_name("mock")


def _observe(kind: str, tmp_path: Path) -> dict[str, list[int]]:
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("no host C compiler")
    runtime = resource_dir("firmware") / "runtime"
    ring = (runtime / "uart_ring.c").read_text()
    # Waiting for an interrupt is the one thing a process cannot do.
    head, _, tail = ring.partition("void tn_wait(void)")
    (tmp_path / "uart_ring.c").write_text(head + tail[tail.index("\n}\n") + 3:] if tail else ring)
    driver = (runtime / f"uart_{kind}.c").read_text().replace('"dsb 0xf"', '""')
    (tmp_path / "driver.c").write_text(driver)
    program = tmp_path / "observe"
    subprocess.run([compiler, "-std=gnu11", "-Wall", "-no-pie", "-fno-pie", f"-DDRIVER_{kind}", f"-I{MOCK}",
                    f"-I{runtime}", str(MOCK / "mock.c"), str(tmp_path / "driver.c"),
                    str(tmp_path / "uart_ring.c"), "-o", str(program)], check=True)
    lines = subprocess.run([program], capture_output=True, text=True, check=True, timeout=20).stdout.split()
    found: dict[str, list[int]] = {}
    for line in lines:
        name, value = line.split("=")
        found.setdefault(name, []).append(int(value, 0))
    return found


NONE = 0xFFFFFFFF
RING = {"first": [ord("A")], "second": [ord("B")], "none": [NONE], "lost": [1]}


def test_stm32_new(tmp_path: Path) -> None:
    assert _observe("stm32_new", tmp_path) == {
        "irq": [1 << 5], "cr1": [1 << 0 | 1 << 2 | 1 << 3 | 1 << 5], "brr": [938], "icr": [1 << 3],
        "tdr": [ord("t")], **RING}


def test_uarte(tmp_path: Path) -> None:
    assert _observe("uarte", tmp_path) == {
        "irq": [1 << 5], "enable": [8], "baudrate": [938], "inten": [1 << 4 | 1 << 9], "maxcnt": [1],
        "startrx": [1, 1, 1], "endrx": [0, 0], "error": [0], "starttx": [1], "sent": [ord("t")], "count": [1],
        **RING}
