"""MLPerf Tiny over a pseudo-terminal of QEMU: a session to the byte, both protocols by turns, garbled lines."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import numpy as np
import pytest

from tests.bench.programs import compiled, small_program
from tests.firmware.transcript import garbled_lines, turns, without_times
from tests.small_model import small_graph
from tinynas.bench.client import Client
from tinynas.bench.link import Link
from tinynas.bench.mlperf import MlperfClient, let_boot
from tinynas.boards import load_board
from tinynas.codegen import project
from tinynas.codegen.project import generate_firmware
from tinynas.errors import LinkError
from tinynas.graph import Graph, Tensor
from tinynas.graph.ops import Dequantize
from tinynas.graph.read_tflite import read_tflite
from tinynas.graph.run import run
from tinynas.protocol.messages import Place
from tinynas.target.elf import footprint, symbols
from tinynas.target.emulate.qemu import Qemu
from tinynas.target.toolchain import build

pytestmark = pytest.mark.emulator
BOARD = "mps2-an386"
INPUT = bytes((7 * k) % 256 for k in range(120))
Opened = Callable[..., AbstractContextManager[Link]]


@pytest.fixture(scope="module")
def elf(tmp_path_factory):
    folder = tmp_path_factory.mktemp("firmware") / "firmware"
    return build(generate_firmware(small_program(BOARD), load_board(BOARD), folder, "qemu").directory)


@contextmanager
def over_pty(elf: Path) -> Iterator[Link]:
    with Qemu(load_board(BOARD)).start(elf, pty=True) as machine, Link(machine.url) as link:
        assert machine.url.startswith("/dev/")
        machine.resume()
        yield link


def said_by(link: Link, command: bytes, answer_s: float = 10.0) -> bytes:
    """The reply as it comes."""
    link.write(command)
    reply, end = b"", time.monotonic() + answer_s
    while not reply.endswith(b"m-ready\r\n"):
        assert time.monotonic() < end, (command, reply)
        reply += link.read(0.5)
    return reply


def test_a_session_to_the_byte(elf):
    with over_pty(elf) as link:
        boot = link.read(5)
        while data := link.read(0.3):
            boot += data
        assert boot.startswith(b"m-init-done\r\nm-ready\r\n\xa7\xd3"), "words, then the frame Ready"
        for command, reply in turns("mlperf_qemu.txt"):
            assert without_times(said_by(link, command)) == reply, command


def test_a_program_that_only_knows_ascii_opens_the_port_after_the_boot(elf):
    """As the official runner does: pyserial, one byte at a time, decoded strictly."""
    import serial

    with Qemu(load_board(BOARD)).start(elf, pty=True) as machine:
        let_boot(machine)
        with serial.Serial(machine.url, 115200, timeout=0.1) as port:
            for _ in range(3):
                port.write(b"profile%")
                said, end = "", time.monotonic() + 5
                while "m-ready\r\n" not in said:
                    assert time.monotonic() < end
                    said += port.read(1).decode()
                assert said.splitlines()[1:] == ["m-model-[small]", "m-ready"]


def test_both_protocols_by_turns(elf):
    with over_pty(elf) as link:
        framed, text = Client(link), MlperfClient(link)
        identity = framed.connect()
        assert text.connect() == f"tinynas {BOARD}"
        for k in range(4):
            data = bytes((b + k) % 256 for b in INPUT)
            framed.write(Place.AREA, 0, data)
            ran = framed.invoke(Place.AREA, 0, repeats=10)
            ticks = sum(framed.ticks(10)) - 10 * ran.overhead_ticks
            out = np.frombuffer(framed.read(Place.OUTPUT, 0, 4), np.int8)
            assert text.results() == pytest.approx((out + 128.0) / 256, abs=0.00051)
            text.load(data)
            done = text.infer(10, 3)
            assert done.results == text.results() == pytest.approx((out + 128.0) / 256, abs=0.00051)
            elapsed_us = done.lap_us[1] - done.lap_us[0]
            assert abs(elapsed_us - ticks * 1e6 / identity.ticks_hz) <= 1, "the same time by both protocols"
            with pytest.raises(LinkError, match="timed 0 runs"):
                framed.ticks(10)
        assert framed.stats().rx_lost == 0 and framed.repeats_sent == 0


def test_a_thousand_garbled_lines(elf):
    """After each the next command must be answered; at the end both protocols still compute the right thing."""
    with over_pty(elf) as link:
        text, framed = MlperfClient(link), Client(link)
        framed.connect()
        text.connect()
        text.load(INPUT)
        right = text.infer(3, 0).results
        for line in garbled_lines(1000, seed=7):
            reply = said_by(link, line + b"%" + bytes(12) + b"name%", 30)
            while not reply.endswith(b"m-name-dut-[tinynas mps2-an386]\r\nm-ready\r\n"):
                more = link.read(30)
                assert more, line
                reply += more
        text.connect()
        text.load(INPUT)
        assert text.infer(3, 0).results == right
        framed.write(Place.AREA, 0, INPUT)
        assert framed.invoke(Place.AREA, 0).status == 0


def test_the_copy_is_there_when_it_fits_to_the_byte(elf, tmp_path, monkeypatch):
    """Else the firmware is built all the same, and says so."""
    found = symbols(elf)
    free = found["__tn_ram_high"].address - found["__tn_copy_start"].address
    for more, room in ((0, free), (1, 0)):
        monkeypatch.setattr(project, "wire_bytes", lambda graph, wanted=free + more: wanted)
        written = generate_firmware(small_program(BOARD), load_board(BOARD), tmp_path / str(more), "qemu")
        tight = build(written.directory)
        assert footprint(tight)[1].harness_bytes - footprint(elf)[1].harness_bytes == room - 120
        with Qemu(load_board(BOARD)).start(tight) as machine, Link(machine.url, open_timeout_s=10) as link:
            client = MlperfClient(link)
            client.connect()
            if room == 0:
                with pytest.raises(LinkError, match="120 bytes, but this firmware has memory for a copy of 0"):
                    client.load(INPUT)
            else:
                client.load(INPUT)
                assert len(client.infer(70, 10).results) == 4


def test_performance_and_accuracy_modes(elf):
    with over_pty(elf) as link:
        text = MlperfClient(link)
        text.connect()
        performance = text.performance(INPUT, runs=70, warmup=10, loops=5)
        assert len(performance.us_each) == 5 and max(performance.us_each) - min(performance.us_each) < 0.1
        others = [bytes((b * 3 + k) % 256 for b in INPUT) for k in range(5)]
        graph = small_program(BOARD).graph
        for data, got in zip(others, text.accuracy(others), strict=True):
            assert got == pytest.approx(expected(graph, np.frombuffer(data, np.int8)), abs=0.00051)


def test_a_float_output_is_told_as_it_is(tmp_path):
    small = small_graph(np.random.default_rng(0))
    real = Tensor("real", small.tensors[small.outputs[0]].shape, "float32", None)
    ops = (*small.ops, Dequantize("real", small.outputs, (len(small.tensors),)))
    graph = Graph("floats", (*small.tensors, real), ops, small.inputs, (len(small.tensors),))
    board = load_board(BOARD)
    elf = build(generate_firmware(compiled(graph, board), board, tmp_path / "firmware", "qemu").directory)
    with Qemu(board).start(elf) as machine, Link(machine.url, open_timeout_s=10) as link:
        client = MlperfClient(link)
        client.connect()
        client.load(INPUT)
        (want,) = run(graph, [np.frombuffer(INPUT, np.int8).reshape(graph.tensors[graph.inputs[0]].shape)])
        assert want.dtype == np.float32
        assert client.infer(3, 1).results == tuple(float(f"{v:.3f}") for v in want.reshape(-1).tolist())


def expected(graph: Graph, data: np.ndarray) -> np.ndarray:
    shape = graph.tensors[graph.inputs[0]].shape
    (out,) = run(graph, [data.reshape(shape)])
    tensor = graph.tensors[graph.outputs[0]]
    return (out.reshape(-1).astype(np.float64) - tensor.zero_point) * tensor.scale


@pytest.mark.parametrize("model, task", [
    ("kws_ref_model", "kws01"), ("pretrainedResnet_quant", "ic01"), ("vww_96_int8", "vww01"), ("ad01_int8", "ad01"),
    ("str_ww_ref_model", "str_ww_ref_model"),
])
def test_the_benchmarks_own_models(shared_models, tmp_path, model, task):
    """Each task's input as its runner sends it, the results as its reference tells them."""
    graph = read_tflite(shared_models / f"{model}.tflite")
    board = load_board("mps2-an500")
    elf = build(generate_firmware(compiled(graph, board), board, tmp_path / "firmware", "qemu").directory)
    rng = np.random.default_rng(5)
    tensor = graph.tensors[graph.inputs[0]]
    raw = rng.integers(-128, 128, tensor.shape, dtype=np.int8)
    sent, want = raw.tobytes(), expected(graph, raw)
    if task in ("ic01", "vww01"):
        sent = (raw.astype(np.int16) + 128).astype(np.uint8).tobytes()
    if task == "ad01":
        real = ((raw.astype(np.float32) - tensor.zero_point) * np.float32(tensor.scale)).astype(np.float32)
        sent = real.tobytes()
        want = np.array([np.mean((want.astype(np.float32) - real.reshape(-1)) ** 2)])
    with Qemu(board).start(elf) as machine, Link(machine.url, open_timeout_s=10) as link:
        text = MlperfClient(link, answer_s=5)
        text.connect()
        assert text.profile()[1] == task
        text.load(sent, verify=len(sent) < 4000)
        done = text.infer(2, 1)
        assert done.results == pytest.approx(tuple(want), abs=0.00051, rel=1e-6)
        assert text.infer(1, 0).results == done.results
