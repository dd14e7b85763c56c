"""Bad input through the real command: one line on stderr, status 2, nothing half-written."""

from __future__ import annotations

import os
import pty
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.small_model import small_model

Run = Callable[..., "subprocess.CompletedProcess[str]"]
BOARD = "mps2-an500"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "small.tflite"
    path.write_bytes(small_model(np.random.default_rng(0)))
    return path


def assert_refused(result: subprocess.CompletedProcess[str], *words: str) -> None:
    """Status 2 and exactly one line, which holds every word; no traceback."""
    lines = result.stderr.strip().splitlines()
    assert result.returncode == 2, result.stderr + result.stdout
    assert len(lines) == 1, result.stderr
    assert lines[0].startswith("error: ")
    for word in words:
        assert word in lines[0], lines[0]


COMMANDS: list[Callable[[Path], list[str]]] = [
    lambda m: ["plan", str(m), "--board", BOARD],
    lambda m: ["build", str(m), "--board", BOARD, "--out", "out"],
    lambda m: ["bench", str(m), "--board", BOARD, "--on", "qemu", "--inputs", "1"],
]
each_command = pytest.mark.parametrize("command", COMMANDS, ids=["plan", "build", "bench"])


def assert_nothing_written(folder: Path, *known: Path) -> None:
    assert {p.name for p in folder.iterdir()} <= {p.name for p in known}


@each_command
def test_truncated_model(
    run_cli: Run, model: Path, tmp_path: Path, command: Callable[[Path], list[str]]
) -> None:
    model.write_bytes(model.read_bytes()[:400])
    assert_refused(run_cli(*command(model)), "small.tflite")
    assert_nothing_written(tmp_path, model)


@each_command
@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 not a model at all" * 40])
def test_not_a_model(
    run_cli: Run, model: Path, tmp_path: Path, command: Callable[[Path], list[str]], content: bytes
) -> None:
    model.write_bytes(content)
    assert_refused(run_cli(*command(model)), "small.tflite")
    assert_nothing_written(tmp_path, model)


@each_command
def test_no_such_model(run_cli: Run, tmp_path: Path, command: Callable[[Path], list[str]]) -> None:
    assert_refused(run_cli(*command(tmp_path / "absent.tflite")), "absent.tflite")
    assert_nothing_written(tmp_path)


@each_command
def test_unknown_board(
    run_cli: Run, model: Path, tmp_path: Path, command: Callable[[Path], list[str]]
) -> None:
    arguments = ["mps2-an501" if a == BOARD else a for a in command(model)]
    assert_refused(run_cli(*arguments), "mps2-an501", "mps2-an500")
    assert_nothing_written(tmp_path, model)


@pytest.mark.parametrize(
    ("field", "command"),
    [("hz", COMMANDS[0]), ("origin", COMMANDS[1]), ("kind", COMMANDS[2]), ("irq_count", COMMANDS[0])],
    ids=["plan", "build", "bench", "plan again"],
)
def test_board_file_with_a_missing_field(
    run_cli: Run,
    model: Path,
    tmp_path: Path,
    repo_root: Path,
    command: Callable[[Path], list[str]],
    field: str,
) -> None:
    text = (repo_root / "boards" / f"{BOARD}.toml").read_text()
    lines = text.replace(f'name = "{BOARD}"', 'name = "mine"').splitlines()
    at = next(k for k, line in enumerate(lines) if line.startswith(f"{field} ="))
    board = tmp_path / "mine.toml"
    board.write_text("\n".join(lines[:at] + lines[at + 1 :]))
    arguments = [str(board) if a == BOARD else a for a in command(model)]
    assert_refused(run_cli(*arguments), "mine.toml", field)
    assert_nothing_written(tmp_path, model, board)


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("--sram", "100", ("SRAM", "100", "bytes")),
        ("--flash", "1k", ("flash", "1,024", "bytes")),
        ("--latency", "1us", ("0.001 ms",)),
    ],
)
@pytest.mark.parametrize("command", COMMANDS[:2], ids=["plan", "build"])
def test_a_budget_nothing_meets(
    run_cli: Run,
    model: Path,
    tmp_path: Path,
    command: Callable[[Path], list[str]],
    option: str,
    value: str,
    words: tuple[str, ...],
) -> None:
    assert_refused(run_cli(*command(model), option, value), *words)
    assert_nothing_written(tmp_path, model)


@pytest.mark.parametrize(
    ("command", "option", "value"),
    [(COMMANDS[0], "--sram", "lots"), (COMMANDS[1], "--flash", "-3k"), (COMMANDS[0], "--latency", "5")],
)
def test_a_budget_that_is_no_quantity(
    run_cli: Run, model: Path, command: Callable[[Path], list[str]], option: str, value: str
) -> None:
    assert_refused(run_cli(*command(model), f"{option}={value}"), f"'{value}'")


@pytest.mark.parametrize("command", COMMANDS[1:], ids=["build", "bench"])
def test_missing_compiler(
    run_cli: Run, model: Path, tmp_path: Path, command: Callable[[Path], list[str]]
) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    assert_refused(run_cli(*command(model), env={"PATH": str(empty)}), "arm-none-eabi-gcc")
    assert_nothing_written(tmp_path, model, empty)


def test_dead_serial_port(run_cli: Run, model: Path) -> None:
    """A port that opens and never answers: a pseudo-terminal nobody serves."""
    master, slave = pty.openpty()
    try:
        result = run_cli(
            "bench",
            model,
            "--board",
            "stm32f746g-disco",
            "--on",
            "board",
            "--port",
            os.ttyname(slave),
            timeout_s=120,
        )
        assert_refused(result)
    finally:
        os.close(master)
        os.close(slave)


def test_no_such_serial_port(run_cli: Run, model: Path) -> None:
    result = run_cli(
        "bench", model, "--board", "stm32f746g-disco", "--on", "board", "--port", "/dev/ttyNONE7"
    )
    assert_refused(result, "/dev/ttyNONE7")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["frobnicate"], ("frobnicate",)),
        (["plan"], ("MODEL", "tinynas plan --help")),
        (["plan", "m.tflite"], ("--board",)),
        (["plan", "m.tflite", "--board", BOARD, "--fast"], ("--fast",)),
    ],
)
def test_misused_command(run_cli: Run, arguments: list[str], words: tuple[str, ...]) -> None:
    assert_refused(run_cli(*arguments), *words)
