"""Building a program's firmware, running it on all inputs, and what can be counted while it runs.

The firmware that is measured holds no marks: its bytes, stack and instructions are those of the code a user
ships. Where the time goes is asked in a run of its own (tinynas.bench.profile).
"""

from __future__ import annotations

import shutil
import statistics
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from tinynas.bench.device import Running, on_board, on_qemu
from tinynas.bench.link import BAUD
from tinynas.bench.profile import Profile, profile_of_blocks, profile_of_marks
from tinynas.bench.renode import run_scripted
from tinynas.bench.session import PAINTS, About, Inference, Session
from tinynas.boards import Board
from tinynas.codegen import model_hash
from tinynas.codegen.project import generate_firmware
from tinynas.compile import Program
from tinynas.errors import BoardError, LinkError, MeasureError, ToolError
from tinynas.runs.files import user_cache
from tinynas.target.elf import image_crc
from tinynas.target.emulate.profile import counts_file, plugin_arguments, read_counts
from tinynas.target.flash import flash
from tinynas.target.toolchain import build

ALIGN = 4  # of each inference's inputs in the test area
MAX_INPUT_BYTES = 1 << 20


@dataclass(frozen=True)
class Task:
    """`inputs`: of each inference, all inputs one after another. `port`: of a board that runs the
    firmware; with `probe` (a serial number) or `tool` it is flashed first. `project`: an existing firmware
    project to take instead of a generated one."""

    program: Program
    board: Board
    on: str  # "qemu" | "renode" | "board"
    port: str | None
    inputs: Sequence[bytes]
    warmup: int = 0
    repeats: int = 1
    probe: str | None = None
    tool: str | None = None
    project: Path | None = None


@dataclass(frozen=True)
class Measured:
    """`inferences`: one per input. `profile`: of input number `typical`, None on boards. `executed`:
    instructions of every timed run, where the emulator itself counts them."""

    project: Path  # folder of the measured firmware
    elf: Path
    about: About
    emulator: str | None
    inferences: tuple[Inference, ...]
    typical: int
    profile: Profile | None
    high_water_bytes: int
    executed: tuple[int, ...] | None = None


def baud(board: Board) -> int:
    return board.uart.baud if board.uart else BAUD


def measure(task: Task, folder: Path) -> Measured:
    """Build in `folder`, run, and check all the way; errors as `tinynas.bench.run.bench`."""
    project = _project(task, folder / "firmware")
    elf = build(project, cache=user_cache("objects"))
    if task.on == "board":
        return _measure_board(task, project, elf)
    if task.on == "renode":
        return _measure_renode(task, project, elf, folder)
    inferences: list[Inference] = []
    for batch in _batches(task):
        about, emulator, runs = run_batch(task, elf, batch, folder)
        inferences += runs
    typical = _typical(inferences)
    profile = _profile(task, elf, folder, typical, inferences[typical])
    high_water = max(run.high_water_bytes for run in inferences)
    return Measured(project, elf, about, emulator, tuple(inferences), typical, profile, high_water)


def variant_on(on: str) -> str:
    """The variant of the firmware that runs there."""
    return "qemu" if on == "qemu" else "board"


def _project(task: Task, folder: Path) -> Path:
    if task.project is None:
        return generate_firmware(task.program, task.board, folder, variant_on(task.on)).directory
    shutil.copytree(task.project, folder, ignore=shutil.ignore_patterns("build"))
    return folder


def _measure_renode(task: Task, project: Path, elf: Path, folder: Path) -> Measured:
    done = run_scripted(task.program, task.board, elf, task.inputs, folder / "renode", warmup=task.warmup,
                        repeats=task.repeats)
    _check_clock(task.board, done.about)
    totals = [counted.total for counted in done.counted]
    typical = totals.index(statistics.median_low(totals))
    high_water = max(run.high_water_bytes for run in done.runs)
    return Measured(project, elf, done.about, done.emulator, done.runs, typical // task.repeats,
                    Profile(done.counted[typical].layers, None), high_water, tuple(totals))


def _measure_board(task: Task, project: Path, elf: Path) -> Measured:
    assert task.port is not None
    flashed = task.probe is not None or task.tool is not None
    if flashed:
        flash(elf, task.board, probe=task.probe, tool=task.tool)
    with on_board(task.port, baud(task.board), open_timeout_s=10.0 if flashed else 0.0) as running:
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


def _profile(task: Task, elf: Path, folder: Path, typical: int, before: Inference) -> Profile:
    """The typical input once more, counted; by marks where the emulator or the host cannot do better."""
    batch = [task.inputs[typical]]
    try:
        extra = plugin_arguments(elf, folder)
        with _device(task, elf, batch, folder, extra) as running:
            run = _session(task, elf, running).infer(batch[0], at=0)
        blocks = read_counts(counts_file(folder))
        profile = profile_of_blocks(blocks, len(task.program.steps), elf, task.board.core.name)
    except (ToolError, LinkError):
        run, profile = _profile_by_marks(task, folder, batch)
    if run.outputs != before.outputs:
        raise MeasureError("the profiled inference computes other outputs than the measured one")
    return profile


def _profile_by_marks(task: Task, folder: Path, batch: Sequence[bytes]) -> tuple[Inference, Profile]:
    project = generate_firmware(task.program, task.board, folder / "profile", "qemu", profile=True)
    elf = build(project.directory, cache=user_cache("objects"))
    with _device(task, elf, batch, folder) as running:
        run = _session(task, elf, running).infer(batch[0], at=0, paint=PAINTS[0])
    if len(run.marks) != len(task.program.steps) + 1:
        raise MeasureError(f"{len(run.marks)} marks came from {len(task.program.steps)} layers")
    return run, profile_of_marks(task.board, run)


def _device(
    task: Task, elf: Path, batch: Sequence[bytes], folder: Path, extra: Sequence[str] = (),
) -> AbstractContextManager[Running]:
    stride = _stride(batch)
    data = b"".join(data.ljust(stride, b"\0") for data in batch)
    return on_qemu(task.board, elf, data, folder, extra)


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
