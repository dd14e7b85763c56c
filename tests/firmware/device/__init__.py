"""The firmware's protocol as a program of this machine: serial in and out are its stdin and stdout."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tinynas import protocol
from tinynas.resources import resource_dir

SOURCES = ("protocol", "app_main", "app_run", "mlperf", "mlperf_db", "mlperf_infer", "mlperf_model", "text")
HERE = Path(__file__).parent
FLAGS = (
    "-std=c11", "-O1", "-g", "-Wall", "-Wextra", "-Wconversion", "-Werror", "-DTINYNAS_PROFILE",
    "-DTN_FIRMWARE_VERSION=0.0", "-fsanitize=address,undefined", "-fno-sanitize-recover=all",
)


def build_device(folder: Path) -> Path:
    """The program, compiled with sanitizers into `folder`; skips the test without a host compiler."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        pytest.skip("no host C compiler")
    runtime = resource_dir("firmware") / "runtime"
    (folder / "tinynas_protocol.h").write_text(protocol.c_header())
    sources = [HERE / "device.c", *(runtime / f"{name}.c" for name in SOURCES)]
    includes = [f"-I{folder}", f"-I{HERE}", f"-I{runtime}"]
    command = [compiler, *FLAGS, *includes, *map(str, sources), "-o", str(folder / "device")]
    subprocess.run(command, check=True)
    return folder / "device"


def build_text(folder: Path) -> Path:
    """A program that reads float32 values and prints each with text_put_float(), one a line."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        pytest.skip("no host C compiler")
    runtime = resource_dir("firmware") / "runtime"
    command = [compiler, *FLAGS, f"-I{runtime}", str(HERE / "floats.c"), str(runtime / "text.c"), "-o",
               str(folder / "floats")]
    subprocess.run(command, check=True)
    return folder / "floats"
