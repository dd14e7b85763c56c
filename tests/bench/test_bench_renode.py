"""`bench --on renode` with QEMU in Renode's place: the stand-in takes the script made for Renode, feeds the same
bytes to the same firmware image and writes down what it answers. What is counted is made up there (hooks are
Renode's own business); what is said is real."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from tests.bench.programs import compiled, small_program
from tests.bench.schema import violations
from tests.small_model import small_graph, small_model
from tinynas.bench.renode import script
from tinynas.bench.result import schema
from tinynas.bench.run import bench
from tinynas.bench.scripted import FIRST_SEQUENCE, Playback, Rehearsal, Request, client_of, rehearse
from tinynas.bench.session import Session
from tinynas.boards import load_board
from tinynas.codegen import model_hash
from tinynas.errors import LinkError, MeasureError, ToolError, UsageError
from tinynas.protocol import Decoder, encode
from tinynas.protocol.messages import AskImage, Hello, Identity, Invoke, Ready
from tinynas.target.emulate import renode_text
from tinynas.target.emulate.renode_text import mips

BOARD = "mps2-an500"
ROOT = Path(__file__).resolve().parents[2]

STAND_IN = f"""\
#!{sys.executable}
import sys, time, pathlib
if "--version" in sys.argv:
    print("Renode, version 1.16.1.5931 (stand-in)"); sys.exit(0)
sys.path.insert(0, {str(ROOT)!r})
from tinynas.bench.link import Link
from tinynas.boards import load_board
from tinynas.protocol import Decoder
from tinynas.protocol.messages import Invoke
from tinynas.target.emulate.qemu import Qemu
lines = pathlib.Path(sys.argv[sys.argv.index("-e") + 1].split("@")[1]).read_text().splitlines()
elf, said, marks, fed, count = "", None, [], bytearray(), 1000
for line in lines:
    words = line.split()
    if "LoadELF" in line:
        elf = words[2][1:]
    elif "CreateFileBackend" in line:
        said = open(words[2][1:], "wb")
    elif "AddHook" in line:
        marks.append(line.split("TINYNAS-MARK ")[1].split()[0])
machine = Qemu(load_board({BOARD!r})).start(pathlib.Path(elf), limit_s=120)
with machine, Link(machine.url, open_timeout_s=10) as link:
    def answer():
        frames, decoder, deadline = [], Decoder(), time.monotonic() + 20
        while not frames and time.monotonic() < deadline:
            data = link.read(0.2)
            said.write(data)
            frames += decoder.feed(data)
    for line in lines:
        if "WriteChar" in line:
            fed.append(int(line.split()[2], 16))
        elif "RunFor" in line:
            asked = [f.message for f in Decoder().feed(bytes(fed))]
            if fed:
                link.write(bytes(fed))
            answer()
            if asked and isinstance(asked[0], Invoke):
                for mark in marks:
                    count += 10 if mark in ("invoke", "0", "return") else 1000 * int(mark)
                    print("[INFO] cpu: TINYNAS-MARK", mark, count)
            fed.clear()
said.close()
"""


@pytest.fixture
def renode(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    program = tmp_path / "bin" / "renode"
    program.parent.mkdir()
    program.write_text(STAND_IN)
    program.chmod(0o755)
    monkeypatch.setenv("RENODE", str(program))
    monkeypatch.setattr(renode_text, "_UARTS", {"cmsdk": ("UART.CMSDK_APB_UART", None, False)})
    return program


@pytest.mark.emulator
def test_the_same_checks_and_the_same_result(renode: Path, tmp_path: Path) -> None:
    result = bench(small_program(), BOARD, "renode", inputs=3, warmup=1, repeats=2, directory=tmp_path / "out")
    assert result.correct and result.outputs_compared == 3 and result.on == "renode"
    assert result.emulator == "Renode 1.16.1" and result.cycles is None and result.latency_ms is None
    assert [layer.instructions for layer in result.layers] == [1000, 2000, 3000, 4000], "as the stand-in makes up"
    assert result.instructions == 10_020 and result.instructions_outside_layers == 20
    assert result.instructions_spread is not None and result.instructions_spread.low == 10_020
    exact = bench(small_program(), BOARD, inputs=3, directory=tmp_path / "qemu")
    assert result.sram == exact.sram and result.arena_high_water_bytes == exact.arena_high_water_bytes
    assert (tmp_path / "out" / "renode" / "run.resc").is_file()
    assert violations(result.to_json(), schema()) == []


@pytest.mark.emulator
def test_a_firmware_folder_is_taken_as_it_is(renode: Path, tmp_path: Path) -> None:
    from tinynas.compile import compile_graph
    from tinynas.firmware import build_firmware
    from tinynas.graph.read_tflite import read_tflite

    model = tmp_path / "small.tflite"
    model.write_bytes(small_model(np.random.default_rng(0)))
    board = load_board(BOARD)
    program = compile_graph(read_tflite(model), board)
    for variant in ("board", "qemu"):
        build_firmware(program, board, tmp_path / variant, variant=variant, model=model.read_bytes())
    for folder, on in (("board", "renode"), ("qemu", "qemu")):
        result = bench(tmp_path / folder, BOARD, on, inputs=2, directory=tmp_path / f"out-{on}")
        assert result.correct and result.image_crc == bench(
            model, BOARD, on, inputs=1, directory=tmp_path / f"again-{on}").image_crc
    with pytest.raises(UsageError, match="variant board; on qemu this needs one built with .* --variant qemu"):
        bench(tmp_path / "board", BOARD, "qemu", inputs=1)
    with pytest.raises(UsageError, match="is a firmware for mps2-an500"):
        bench(tmp_path / "qemu", "stm32f746g-disco", "qemu", inputs=1)
    (tmp_path / "qemu" / "model.tflite").unlink()
    with pytest.raises(UsageError, match="does not keep the model it was built from"):
        bench(tmp_path / "qemu", BOARD, "qemu", inputs=1)


def test_nothing_is_built_without_renode(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RENODE", "renode-not-there")
    with pytest.raises(ToolError, match="renode-not-there was not found: install Renode"):
        bench(small_program("nucleo-f446re"), "nucleo-f446re", "renode", inputs=1, directory=tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


# ---- rehearsal and playback ----------------------------------------------------------------------------------

def rehearsed(inputs: int = 1) -> tuple[list[Request], list[bytes]]:
    program = compiled(small_graph(np.random.default_rng(0)), load_board(BOARD))
    data = [bytes(range(120)) for _ in range(inputs)]

    def hold(client: object) -> None:
        session = Session(client, program, model_hash(program), 0x1234)  # type: ignore[arg-type]
        for one in data:
            session.infer(one, paint=0xA5)
        session.finish()

    return rehearse(program, model_hash(program), 0x1234, hold), data


def test_a_rehearsal_is_the_same_every_time() -> None:
    one, two = rehearsed()[0], rehearsed()[0]
    assert [r.raw for r in one] == [r.raw for r in two]
    assert isinstance(one[0].message, Hello) and isinstance(one[-1].message, AskImage)
    sequences = [next(iter(Decoder().feed(r.raw))).sequence for r in one]
    assert sequences == list(range(FIRST_SEQUENCE, FIRST_SEQUENCE + len(one)))


def test_every_request_gets_time_and_an_inference_the_most() -> None:
    program, board = small_program(), load_board(BOARD)
    requests, _ = rehearsed()
    feeds = script(program, board, 40_000, requests, 1)
    assert b"".join(f.data for f in feeds) == b"".join(r.raw for r in requests)
    longest = max(range(len(feeds)), key=lambda k: feeds[k].seconds)
    assert isinstance(requests[longest].message, Invoke)
    assert feeds[longest].seconds * mips(board) * 1e6 > 4_000_000
    assert [4 * f.seconds for f in feeds] == [f.seconds for f in script(program, board, 40_000, requests, 4)]


def conversation() -> tuple[list[Request], bytes]:
    """A rehearsal of a hello, and what a device says to it."""
    program = small_program()
    line = Rehearsal(program, model_hash(program), 1)
    client_of(line).connect()
    said = encode(Ready(1), 0)
    for k, _ in enumerate(line.requests):
        said += encode(Identity(1, 0, 4, 25_000_000, 0, 25_000_000, 120, 4, 500, 0), FIRST_SEQUENCE + k)
    return line.requests, said


def test_playback_answers_what_was_said() -> None:
    requests, said = conversation()
    assert client_of(Playback(requests, b"m-init-done\r\n" + said)).connect().clock_hz == 25_000_000


def test_playback_refuses_what_cannot_be_trusted() -> None:
    requests, said = conversation()
    with pytest.raises(LinkError, match="asks something else than was rehearsed"):
        client_of(Playback(requests, said)).image_crc()
    cut = said[:len(encode(Ready(1), 0))]
    with pytest.raises(LinkError, match="no answer to Hello in its virtual time"):
        client_of(Playback(requests, cut)).connect()
    with pytest.raises(LinkError, match="no answer to Ready in its virtual time; it said: garbled boot"):
        client_of(Playback(requests, b"garbled boot")).connect()
    fault = cut + b"\r\nTINYNAS-FAULT exc=0x00000003 cfsr=0x00008200 pc=0x08000100\r\n"
    with pytest.raises(MeasureError, match="the firmware faulted: HardFault"):
        client_of(Playback(requests, fault)).connect()
    with pytest.raises(MeasureError, match="restarted in the middle"):
        Playback(requests, said + cut)


@pytest.mark.renode
@pytest.mark.parametrize("name", ["nucleo-f446re", "stm32f746g-disco"])
def test_live(name: str, tmp_path: Path) -> None:
    """Where Renode is: outputs equal, twice the same counts, and QEMU's within what the call itself costs."""
    first = bench(small_program(name), name, "renode", inputs=2, directory=tmp_path / "one")
    second = bench(small_program(name), name, "renode", inputs=2, directory=tmp_path / "two")
    exact = bench(small_program(name), name, inputs=2, directory=tmp_path / "qemu")
    assert first.correct and first.layers == second.layers and first.instructions == second.instructions
    assert [layer.instructions for layer in first.layers] == [layer.instructions for layer in exact.layers]
    assert first.instructions is not None and exact.instructions is not None
    assert 0 <= exact.instructions - first.instructions <= 12
    assert first.clock.hz == load_board(name).clock_hz and first.image_crc == second.image_crc
