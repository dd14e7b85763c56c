"""Building a program's firmware, running it on all inputs, and what can be counted while it runs.

Two firmwares are built. The one that is measured holds no marks: its bytes, stack and instructions are
those of the code a user ships. The other one, for emulators, has a mark between layers and is only asked
where the time goes; what a mark costs is measured on the device and taken off.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from tinynas.bench.device import Running, on_board, on_qemu
from tinynas.bench.link import BAUD
from tinynas.bench.session import PAINTS, About, Inference, Session
from tinynas.boards import Board
from tinynas.codegen import model_hash
from tinynas.codegen.project import generate_firmware
from tinynas.compile import Program
from tinynas.errors import BoardError, MeasureError
from tinynas.runs.files import user_cache
from tinynas.target.elf import image_crc
from tinynas.target.toolchain import build

ALIGN = 4  # of each inference's inputs in the test area
MAX_INPUT_BYTES = 1 << 20


@dataclass(frozen=True)
class Task:
    """`inputs`: of each inference, all inputs one after another. `port`: of a board that runs the
    firmware."""

    program: Program
    board: Board
    on: str  # "qemu" | "board"
    port: str | None
    inputs: Sequence[bytes]
    warmup: int = 0
    repeats: int = 1


@dataclass(frozen=True)
class Measured:
    """`inferences`: one per input, without marks. `profiled`: input number `typical` once more, with
    marks."""

    project: Path  # folder of the measured firmware
    elf: Path
    about: About
    emulator: str | None
    inferences: tuple[Inference, ...]
    typical: int
    profiled: Inference | None
    high_water_bytes: int


def baud(board: Board) -> int:
    return board.uart.baud if board.uart else BAUD


def measure(task: Task, folder: Path) -> Measured:
    """Build in `folder`, run, and check all the way; errors as `tinynas.bench.run.bench`."""
    variant = "qemu" if task.on == "qemu" else "board"
    project = generate_firmware(task.program, task.board, folder / "firmware", variant)
    elf = build(project.directory, cache=user_cache("objects"))
    if task.on == "board":
        return _measure_board(task, project.directory, elf)
    inferences: list[Inference] = []
    for batch in _batches(task):
        about, emulator, runs = run_batch(task, elf, batch, folder)
        inferences += runs
    typical = _typical(inferences)
    profiled = _profile(task, folder, typical)
    if profiled.outputs != inferences[typical].outputs:
        raise MeasureError("the firmware with marks between layers computes other outputs than without")
    high_water = max(run.high_water_bytes for run in inferences)
    return Measured(project.directory, elf, about, emulator, tuple(inferences), typical, profiled, high_water)


def _measure_board(task: Task, project: Path, elf: Path) -> Measured:
    assert task.port is not None
    with on_board(task.port, baud(task.board)) as running:
        session = _session(task, elf, running)
        _check_clock(task.board, session.about)
        runs = [
            session.infer(data, paint=PAINTS[k % 2], repeats=task.repeats, warmup=task.warmup)
            for k, data in enumerate(task.inputs)
        ]
        session.finish()
    high_water = max(run.high_water_bytes for run in runs)
    return Measured(project, elf, session.about, None, tuple(runs), _typical(runs), None, high_water)


def _check_clock(board: Board, about: About) -> None:
    found = about.identity
    if found.clock_status or found.clock_hz != board.clock_hz:
        raise MeasureError(f"the core runs at {found.clock_hz} Hz (set-up status {found.clock_status}), the "
                           f"board file says {board.clock_hz} Hz: no figure would hold")


def run_batch(
    task: Task, elf: Path, batch: Sequence[bytes], folder: Path, running_elf: Path | None = None
) -> tuple[About, str | None, list[Inference]]:
    """One start of the emulator with these inputs in its test area. `elf`: what was built; `running_elf`:
    what is started, if that is another file. Every run paints the arena; the paint alternates, so that a byte
    the model leaves equal to one paint is seen with the other."""
    stride = _stride(batch)
    with _device(task, running_elf or elf, batch, folder) as running:
        session = _session(task, elf, running)
        runs = [
            session.infer(data, at=k * stride, paint=PAINTS[k % 2], repeats=task.repeats, warmup=task.warmup)
            for k, data in enumerate(batch)
        ]
        if len(batch) == 1:
            session.infer(batch[0], at=0, paint=PAINTS[1])
        session.finish()
        return session.about, running.emulator, runs


def _profile(task: Task, folder: Path, typical: int) -> Inference:
    """The typical input once through a firmware with marks between layers."""
    project = generate_firmware(task.program, task.board, folder / "profile", "qemu", profile=True)
    elf = build(project.directory, cache=user_cache("objects"))
    batch = [task.inputs[typical]]
    with _device(task, elf, batch, folder) as running:
        session = _session(task, elf, running)
        run = session.infer(batch[0], at=0, paint=PAINTS[0])
        session.finish()
    if len(run.marks) != len(task.program.steps) + 1:
        raise MeasureError(f"{len(run.marks)} marks came from {len(task.program.steps)} layers")
    return run


def _device(task: Task, elf: Path, batch: Sequence[bytes], folder: Path) -> AbstractContextManager[Running]:
    stride = _stride(batch)
    return on_qemu(task.board, elf, b"".join(data.ljust(stride, b"\0") for data in batch), folder)


def _session(task: Task, elf: Path, running: Running) -> Session:
    return Session(running.client, task.program, model_hash(task.program), image_crc(elf))


def _stride(batch: Sequence[bytes]) -> int:
    """Distance of one inference's inputs to the next one's in the test area."""
    return -(-max(len(data) for data in batch) // ALIGN) * ALIGN


def _batches(task: Task) -> list[Sequence[bytes]]:
    """As many inputs as the test area holds at once; all kept equally long."""
    assert task.board.emulate is not None
    room, stride = task.board.emulate.testdata_length, _stride(task.inputs)
    each = room // max(stride, 1)
    if each < 1:
        raise BoardError(f"one input of {stride} bytes does not fit the {room} bytes of test data memory of "
                         f"the emulated {task.board.name}")
    return [task.inputs[k:k + each] for k in range(0, len(task.inputs), each)]


def _typical(runs: Sequence[Inference]) -> int:
    """The input whose time is the (lower) median: layers are taken from it."""
    times = [statistics.median_low(run.ticks) for run in runs]
    return times.index(statistics.median_low(times))
