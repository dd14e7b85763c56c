"""Finding and running the compiler, and what it says when something is wrong."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from tests.target.conftest import HELLO
from tinynas.boards import load_board
from tinynas.codegen.firmware import write_firmware
from tinynas.errors import ToolError
from tinynas.target.toolchain import build, find_toolchain

pytestmark = pytest.mark.emulator


def test_missing_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TINYNAS_ARM_GCC", "arm-gcc-not-there")
    with pytest.raises(ToolError, match="arm-gcc-not-there was not found: sudo apt-get install gcc-arm"):
        find_toolchain()


def test_a_compiler_that_does_not_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    broken = tmp_path / "gcc"
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setenv("TINYNAS_ARM_GCC", str(broken))
    with pytest.raises(ToolError, match="does not run"):
        find_toolchain()


def test_a_compile_error_is_one_line_with_its_place(tmp_path: Path) -> None:
    app = tmp_path / "app.c"
    app.write_text("int main(void)\n{\n    return 1 +;\n}\n")
    project = write_firmware(load_board("mps2-an500"), "qemu", tmp_path / "fw", [app])
    with pytest.raises(ToolError, match=r"src/app\.c:3:\d+: error: ") as caught:
        build(project.directory)
    assert "\n" not in str(caught.value)


def test_warnings_are_errors(tmp_path: Path) -> None:
    app = tmp_path / "app.c"
    app.write_text("int main(void) { int unused; return 0; }\n")
    project = write_firmware(load_board("mps2-an500"), "qemu", tmp_path / "fw", [app])
    with pytest.raises(ToolError, match="unused variable"):
        build(project.directory)


def test_a_missing_function_is_named(tmp_path: Path) -> None:
    app = tmp_path / "app.c"
    app.write_text("int elsewhere(void);\nint main(void) { return elsewhere(); }\n")
    project = write_firmware(load_board("mps2-an500"), "qemu", tmp_path / "fw", [app])
    with pytest.raises(ToolError, match="undefined reference to .elsewhere"):
        build(project.directory)


def test_not_a_project(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="not a firmware project"):
        build(tmp_path)


def test_the_image_does_not_depend_on_where_it_is_built(tmp_path: Path) -> None:
    images: list[bytes] = []
    for folder in ("one", "two/deeper"):
        project = write_firmware(load_board("nucleo-l4r5zi"), "board", tmp_path / folder, [HELLO])
        images.append(build(project.directory, jobs=1 + len(images)).read_bytes())
    assert images[0] == images[1]
    assert str(tmp_path).encode() not in images[0]


def test_the_cache_gives_the_same_image_and_sees_every_change(tmp_path: Path) -> None:
    cache = tmp_path / "objects"
    app, header = tmp_path / "app.c", tmp_path / "value.h"

    def image(value: int, folder: str, cached: Path | None) -> bytes:
        header.write_text(f"#define VALUE {value}\n")
        app.write_text('#include "value.h"\n#include "tinynas_runtime.h"\n'
                       "int main(void) { tn_exit(VALUE); }\n")
        project = write_firmware(load_board("mps2-an386"), "qemu", tmp_path / folder, [app, header])
        return build(project.directory, cache=cached).read_bytes()

    first = image(1, "a", cache)
    assert image(1, "b", None) == first
    before = {p.name: os.stat(p).st_mtime_ns for p in cache.iterdir()}
    start = time.monotonic()
    assert image(1, "c", cache) == first
    assert {p.name: os.stat(p).st_mtime_ns for p in cache.iterdir()} == before, "nothing was compiled"
    assert time.monotonic() - start < 30
    changed = image(2, "d", cache)
    assert changed != first, "a changed header changes the image"
    assert changed == image(2, "e", None)
