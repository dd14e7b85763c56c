"""A model measured as MLPerf Tiny measures it, by its text protocol; or left standing for the official runner.

Accuracy mode: every input once, its results compared with the reference's. Performance mode: five downloads of one
input, each followed by many inferences; the median counts. In an emulator time is virtual: as many nanoseconds an
instruction as the emulator was told, which says nothing about a board.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tinynas.bench.link import Link
from tinynas.bench.measure import baud
from tinynas.bench.mlperf import MlperfClient, Performance, let_boot
from tinynas.bench.reference import Arrays, expected_outputs, test_inputs
from tinynas.boards import Board
from tinynas.codegen import model_hash
from tinynas.codegen.mlperf import task_of
from tinynas.codegen.project import generate_firmware
from tinynas.compile import Program, check_fit, compile_graph
from tinynas.errors import UsageError
from tinynas.graph import Graph
from tinynas.graph.read_tflite import read_tflite
from tinynas.runs.files import user_cache
from tinynas.target.emulate.qemu import Machine, Qemu
from tinynas.target.toolchain import build

VERIFY_BYTES = 8192  # longer inputs are not read back: the text form is slow
ERROR_OFF = 1e-5  # of the anomaly score, which is summed up in float32


@dataclass(frozen=True)
class MlperfResult:
    """`task`: what the device says it runs. `clock`: whose microseconds these are."""

    model: str
    task: str
    board: str
    device: str
    clock: str
    runs: int
    warmup: int
    us_each: tuple[float, ...]
    median_us: float
    inferences_per_second: float
    outputs_compared: int
    outputs_different: int
    first_difference: str | None
    reference: str

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def run_mlperf(
    model: Path, board: Board, on: str = "qemu", *, port: str | None = None, runs: int = 70, warmup: int = 10,
    loops: int = 5, inputs: int = 5, seed: int = 0, reference: str = "tflm",
) -> MlperfResult:
    """Build, run (or talk to a board at `port` that holds the firmware), compare, time. Errors as `bench`."""
    if on not in ("qemu", "board") or (on == "board") != (port is not None):
        raise UsageError("MLPerf Tiny runs on qemu, or on a board with its serial port (--on board --port ...)")
    program = compile_graph(read_tflite(model), board)
    check_fit(program)
    graph = program.source or program.graph
    values = test_inputs(graph, inputs, seed)
    expected, judge = expected_outputs(model.read_bytes(), graph, values, reference)
    wanted = [told(graph, v, e) for v, e in zip(values, expected, strict=True)]
    sent = [wire_input(graph, v) for v in values]
    with _line(program, board, port) as (link, device, clock):
        client = MlperfClient(link, answer_s=5.0)
        client.connect()
        task = client.profile()[1]
        got = _accuracy(client, sent)
        performance = _performance(client, sent[0], runs, warmup, loops)
    wrong = [k for k, (g, w) in enumerate(zip(got, wanted, strict=True)) if not _close(g, w, task)]
    first = f"input {wrong[0]}: {got[wrong[0]]}, should be {wanted[wrong[0]]}" if wrong else None
    median = performance.median_us
    return MlperfResult(str(model), task, board.name, device, clock, runs, warmup, performance.us_each, median,
                        1e6 / median, len(got), len(wrong), first, judge)


@contextmanager
def served(model: Path, board: Board) -> Iterator[Machine]:
    """The model's firmware running in QEMU; `url` is the pseudo-terminal an official runner may open."""
    program = compile_graph(read_tflite(model), board)
    check_fit(program)
    with Qemu(board).start(_elf(program, board), pty=True, limit_s=7 * 86400.0) as machine:
        let_boot(machine)
        yield machine


def wire_input(graph: Graph, values: Arrays) -> bytes:
    """One inference's inputs as the task's runner sends them."""
    task = task_of(graph)
    if task is None or task.wire == "SAME":
        return b"".join(np.ascontiguousarray(v).tobytes() for v in values)
    if task.wire == "PIXELS":
        return (values[0].astype(np.int16) + 128).astype(np.uint8).tobytes()
    return _real(graph, values[0]).tobytes()


def told(graph: Graph, values: Arrays, outputs: Arrays) -> tuple[float, ...]:
    """What the device must say to these outputs: three decimals each, or the mean squared error."""
    task = task_of(graph)
    if task is not None and task.wire == "FLOAT":
        tensor = graph.tensors[graph.outputs[0]]
        real = (outputs[0].astype(np.float32) - tensor.zero_point) * np.float32(tensor.scale)
        return (float(np.mean((real.reshape(-1) - _real(graph, values[0]).reshape(-1)) ** 2)),)
    numbers: list[float] = []
    for t, output in zip(graph.outputs, outputs, strict=True):
        tensor = graph.tensors[t]
        exact = output.reshape(-1).astype(np.float64)
        if tensor.dtype in ("int8", "int16") and tensor.quantization is not None:
            exact = (exact - tensor.zero_point) * tensor.scale
        numbers += [float(f"{v:.3f}") for v in exact.tolist()]
    return tuple(numbers)


def _real(graph: Graph, data: np.ndarray) -> np.ndarray:
    tensor = graph.tensors[graph.inputs[0]]
    real: np.ndarray = (data.astype(np.float32) - np.float32(tensor.zero_point)) * np.float32(tensor.scale)
    return real


def _close(got: tuple[float, ...], wanted: tuple[float, ...], task: str) -> bool:
    if task == "ad01":
        return len(got) == 1 and abs(got[0] - wanted[0]) <= 0.0006 + ERROR_OFF * wanted[0]
    return got == wanted


def _accuracy(client: MlperfClient, sent: Sequence[bytes]) -> list[tuple[float, ...]]:
    return client.accuracy(sent, verify=len(sent[0]) <= VERIFY_BYTES)


def _performance(client: MlperfClient, data: bytes, runs: int, warmup: int, loops: int) -> Performance:
    return client.performance(data, runs, warmup, loops, verify=len(data) <= VERIFY_BYTES)


def _elf(program: Program, board: Board) -> Path:
    place = user_cache("mlperf", f"{program.graph.name}-{board.name}-{model_hash(program)}")
    return build(generate_firmware(program, board, place, "qemu").directory, cache=user_cache("objects"))


@contextmanager
def _line(program: Program, board: Board, port: str | None) -> Iterator[tuple[Link, str, str]]:
    """(the link, whose other end that is, what its microseconds are)."""
    if port is not None:
        with Link(port, baud(board)) as link:
            yield link, port, f"the board's, {board.clock_hz} Hz core"
        return
    qemu = Qemu(board)
    with qemu.start(_elf(program, board)) as machine, Link(machine.url, open_timeout_s=10) as link:
        yield link, qemu.name, f"virtual: {2**qemu.emulation.icount_shift} ns an instruction"
