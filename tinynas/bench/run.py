"""`bench()`: from a model to a checked, measured result. The steps are in the files beside this one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tinynas.bench.figures import Comparison, result
from tinynas.bench.link import Link
from tinynas.bench.measure import Task, baud, measure, variant_on
from tinynas.bench.reference import Arrays, expected_outputs, test_inputs
from tinynas.bench.result import BenchResult
from tinynas.bench.session import Inference
from tinynas.bench.workplace import workplace
from tinynas.boards import Board, load_board
from tinynas.codegen import model_hash
from tinynas.compile import CompileOptions, Program, check_fit, compile_graph
from tinynas.errors import UsageError
from tinynas.graph.read_tflite import read_tflite
from tinynas.protocol import MAX_REPEATS, MAX_WARMUP
from tinynas.target.emulate.renode import Renode
from tinynas.target.flash import tool_for
from tinynas.target.folder import FirmwareFolder, read_folder
from tinynas.target.toolchain import find_toolchain

ONS = ("qemu", "renode", "board")


def bench(
    model: Path | str | Program, board: Board | str, on: str = "qemu", *, inputs: int = 20, seed: int = 0,
    warmup: int = 0, repeats: int = 1, reference: str = "tflm", port: str | None = None,
    directory: Path | None = None, probe: str | None = None, tool: str | None = None,
    options: CompileOptions | None = None,
) -> BenchResult:
    """Compile, build, run, compare every output, measure.

    `model`: a .tflite, a folder that `tinynas build` has left, or a Program compiled for `board`. `on`: "qemu",
    "renode", or "board" for one that listens on `port` and has been flashed with the firmware built here, or is
    flashed now through `probe` (a serial number) by `tool` (either is enough). `inputs`: inferences, each compared with
    `reference` ("tflm": the TFLite Micro interpreter; "numpy"). `warmup`, `repeats`: runs of each input.
    `options`: of the compiler, for a model.
    `directory`: keeps the built firmware (absent, empty, or of an earlier run); None: tinynas' cache.

    Outputs that differ are reported in the result. What must not be trusted raises MeasureError; what does
    not fit, BudgetError; a dead port, LinkError; a missing tool, ToolError. Nothing half-written stays
    behind."""
    board = load_board(board) if isinstance(board, str) else board
    _check(on, warmup, repeats, port)
    if on == "renode":
        Renode(board)  # what is missing is known at once, not after the build
    if probe is not None or tool is not None:
        _check_flashing(on, board, tool)
    project = None if isinstance(model, Program) else _project(Path(model), board, on)
    if project is not None:
        model = _model_of(project)
    data, name, program = _program(model, board, options)
    check_fit(program)
    values = test_inputs(program.graph, inputs, seed)
    if port is not None and on == "board":
        Link(port, baud(board)).close()  # a dead port is known at once, not after the build
    find_toolchain()
    expected, judge = expected_outputs(data, program.source or program.graph, values, reference)
    raw = [b"".join(np.ascontiguousarray(v).tobytes() for v in arrays) for arrays in values]
    task = Task(program, board, on, port, raw, warmup, repeats, probe, tool,
                project.directory if project else None)
    with workplace(directory, f"{program.graph.name}-{board.name}-{on}-{model_hash(program)}") as place:
        measured = measure(task, place.path)
        compared = _compare(program, measured.inferences, expected)
        return result(task, measured, compared, name, judge, seed, place.final)


def _check(on: str, warmup: int, repeats: int, port: str | None) -> None:
    if on not in ONS:
        raise UsageError(f"cannot bench on '{on}': choose {' or '.join(ONS)}")
    if not 1 <= repeats <= MAX_REPEATS or not 0 <= warmup <= MAX_WARMUP:
        raise UsageError(f"repeats must be 1 to {MAX_REPEATS}, warm-up runs 0 to {MAX_WARMUP}")
    if on == "board" and port is None:
        raise UsageError("bench on a board needs its serial port (--port /dev/ttyACM0, say)")


def _check_flashing(on: str, board: Board, tool: str | None) -> None:
    if on != "board":
        raise UsageError(f"--probe and --tool flash a board; nothing is flashed on '{on}'")
    tool_for(board, tool)


def _project(path: Path, board: Board, on: str) -> FirmwareFolder | None:
    """The firmware folder at `path`, None when it is a model. UsageError when it is of another board."""
    if not path.is_dir():
        return None
    folder = read_folder(path)
    if (folder.board, folder.variant) != (board.name, variant_on(on)):
        raise UsageError(f"{path} is a firmware for {folder.board}, variant {folder.variant}; on {on} this "
                         f"needs "
                         f"one built with --board {board.name} --variant {variant_on(on)}")
    return folder


def _model_of(folder: FirmwareFolder) -> Path:
    if folder.model is None:
        raise UsageError(f"{folder.directory} does not keep the model it was built from: build it again, or "
                         f"bench "
                         "the model itself")
    return folder.model


def _program(
    model: Path | str | Program, board: Board, options: CompileOptions | None,
) -> tuple[bytes | None, str, Program]:
    """(bytes of the file, how to call it, the program)."""
    if isinstance(model, Program):
        if model.board.name != board.name:
            raise UsageError(f"the program was compiled for {model.board.name}, not for {board.name}")
        return None, model.graph.name, model
    graph = read_tflite(Path(model))
    return Path(model).read_bytes(), str(model), compile_graph(graph, board, options=options)


def _compare(program: Program, runs: Sequence[Inference], expected: Sequence[Arrays]) -> Comparison:
    """Inferences whose bytes differ anywhere from the reference's."""
    different, first = 0, None
    for k, (run, wanted) in enumerate(zip(runs, expected, strict=True)):
        for j, (got, want) in enumerate(zip(run.outputs, wanted, strict=True)):
            mine = np.frombuffer(got, want.dtype)
            other = np.ascontiguousarray(want).reshape(-1)
            if mine.tobytes() != other.tobytes():
                different += 1
                byte = np.flatnonzero(mine.view(np.uint8) != other.view(np.uint8))[0]
                at = int(byte) // want.dtype.itemsize
                first = first or f"input {k}, output {j}, value {at}: {mine[at]}, should be {other[at]}"
                break
    return Comparison(len(runs), different, first)
