"""Building and running the small test application."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tinynas.boards import load_board
from tinynas.codegen.firmware import write_firmware
from tinynas.target.toolchain import build

HELLO = Path(__file__).with_name("hello_app.c")
BuildHello = Callable[..., Path]


@pytest.fixture(scope="session")
def build_hello(tmp_path_factory: pytest.TempPathFactory) -> BuildHello:
    """`build_hello(board, variant="qemu", arena_bytes=100)` -> ELF of the test application, built once."""
    root = tmp_path_factory.mktemp("firmware")
    done: dict[tuple[str, str, int], Path] = {}

    def make(board: str, variant: str = "qemu", arena_bytes: int = 100) -> Path:
        key = (board, variant, arena_bytes)
        if key not in done:
            project = write_firmware(load_board(board), variant, root / f"{board}-{variant}-{arena_bytes}",
                                     [HELLO], arena_bytes=arena_bytes)
            done[key] = build(project.directory, cache=root / "objects")
        return done[key]

    return make
