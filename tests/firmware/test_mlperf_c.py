"""MLPerf Tiny's commands, compiled for the host with sanitizers: replies to the byte, and whatever else is sent."""

from __future__ import annotations

import random
import struct
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.firmware.device import build_device, build_text
from tests.firmware.transcript import GOLDEN, garbled_lines, turns
from tinynas.protocol import FLUSH, Decoder, Frame, encode
from tinynas.protocol.messages import AskTicks, Hello, Identity, Invoke, Place, Ran, Read, Ticks, Write

BOOT = b"m-init-done\r\nm-ready\r\n"
INPUT = bytes(range(24))
LOAD = b"db load 24%db " + INPUT.hex().encode() + b"%"


@pytest.fixture(scope="session")
def device(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_device(tmp_path_factory.mktemp("device"))


def talk(device: Path, sent: bytes) -> tuple[bytes, list[Frame]]:
    """What it says in text behind the boot lines, and its frames behind Ready. Only the last 4 KB of text."""
    done = subprocess.run([device], input=sent, capture_output=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr.decode(errors="replace")[-2000:]
    assert done.stdout.startswith(BOOT)
    decoder = Decoder()
    frames = list(decoder.feed(done.stdout[len(BOOT):]))
    return bytes(decoder.text), frames[1:]


def text(device: Path, sent: bytes) -> bytes:
    return talk(device, sent)[0]


def test_a_session_to_the_byte(device):
    session = turns("mlperf_host.txt")
    assert len(session) > 25
    sent = b""
    for k, (command, reply) in enumerate(session):
        sent += command
        assert text(device, sent).endswith(reply), (k, command)
    raw = subprocess.run([device], input=sent, capture_output=True, timeout=60, check=True).stdout
    assert raw.endswith(b"".join(reply for _, reply in session)), "nothing between the replies"


def test_the_golden_session_knows_every_command():
    told = (GOLDEN / "mlperf_host.txt").read_text()
    for command in ("name", "profile", "help", "timestamp", "db load", "db print", "infer", "results"):
        assert f"> {command}" in told


def test_every_inference_starts_from_the_input(device):
    """The model destroys its input: without the copy the second run would give zeros."""
    once = text(device, LOAD + b"infer 1 0%").splitlines()[-2]
    many = text(device, LOAD + b"infer 70 10%infer 5 3%").splitlines()[-2]
    assert once == many == b"m-results-[0.969,0.969,0.969,0.969,1386.000,1540.200,1694.400,1848.600]"


def test_time_is_that_of_the_runs_alone(device):
    """Every reading advances the device's counter by 10, the model by 100 more; 1,000 ticks a second."""
    for runs in (1, 7, 70):
        lines = text(device, LOAD + b"infer %d 3%%" % runs).splitlines()
        start, end = (int(line.rpartition(b"-")[2]) for line in lines if line.startswith(b"m-lap-us-"))
        assert end - start == runs * 110_000


def test_frames_and_commands_alternate(device):
    hello, tail = encode(Hello(), 1), encode(Read(Place.OUTPUT, 0, 4), 9)
    invoke = encode(Write(Place.AREA, 0, INPUT), 2) + encode(Invoke(Place.AREA, 0, 0, 0, 0, 0, 2), 3)
    sent = b"name%" + hello + LOAD + invoke + encode(AskTicks(0), 4) + b"infer 2 1%" + encode(AskTicks(0), 5) + tail
    said, frames = talk(device, sent)
    assert said.count(b"m-ready\r\n") == 4 and b"e-[" not in said
    assert isinstance(frames[0].message, Identity) and isinstance(frames[2].message, Ran)
    assert len(frames[3].message.ticks) == 16
    assert frames[4].message == Ticks(b""), "the ticks of another protocol's runs are nobody's answer"
    assert frames[5].message.data == bytes([sum(INPUT[:16])] * 4)


def test_a_frame_in_the_middle_of_a_command(device):
    said, frames = talk(device, b"na" + encode(Hello(), 7) + b"me%")
    assert said == b"m-name-dut-[tinynas process]\r\nm-ready\r\n" and isinstance(frames[0].message, Identity)


def test_results_of_an_input_that_was_overwritten_are_not_told(device):
    """Input and output share memory; what Write has touched is no output any more."""
    refused = b"e-[results: there is no output, run infer first]\r\nm-ready\r\n"
    assert text(device, b"results%") == refused
    said, _ = talk(device, LOAD + b"infer 1 0%" + encode(Hello(), 1) + encode(Write(Place.INPUT, 0, b"x"), 2)
                   + b"results%")
    assert said.endswith(refused)


def test_a_flush_ends_a_command_that_was_begun(device):
    assert text(device, b"db 01" + FLUSH + b"name%") == b"m-name-dut-[tinynas process]\r\nm-ready\r\n"
    damaged = bytearray(encode(Write(Place.AREA, 0, INPUT), 1))
    damaged[-1] ^= 1
    said, frames = talk(device, bytes(damaged) + FLUSH + encode(Hello(), 2) + b"name%")
    assert said.endswith(b"m-name-dut-[tinynas process]\r\nm-ready\r\n") and len(frames) == 1


def test_what_was_garbled_is_not_done(device):
    for bad in (b"name\x80", b"\x01name", b"na\x7fme", b"db load 24 0", b"name x", b"infer 1 0 0", b"infer +1",
                b"infer 1 -1", b"infer 1000000", b"infer 0x1", b"db load 0", b"db load 25", b"db load 0000000024",
                b"x" * 81, b"name" + b" " * 77):
        said = text(device, bad + b"%")
        assert said.startswith(b"e-[") and said.endswith(b"]\r\nm-ready\r\n") and said.count(b"\r\n") == 2, bad
    assert text(device, b"name" + b" " * 76 + b"%").startswith(b"m-name-dut")


def test_bytes_are_taken_whole_or_not_at_all(device):
    said = text(device, b"db load 24%db 0001zz%db 000%db print%db " + INPUT.hex().encode() + b"ffff%db 00%db print%")
    lines = said.decode().splitlines()
    assert lines[2].startswith("e-[db needs") and lines[4].startswith("e-[db needs")
    assert lines[6:9] == ["m-ready", "m-load-done", "m-ready"]
    assert lines[9].startswith("e-[db: no more bytes")
    assert bytes.fromhex("".join(x[9:] for x in lines[11:14]).replace("-", "")) == INPUT


@pytest.mark.parametrize("seed", range(4))
def test_garbled_lines_never_hang_or_crash(device, seed):
    """1,000 lines a seed; after all of them a whole session must be right."""
    sent = b"".join(line + b"%" for line in garbled_lines(1000, seed))
    said, frames = talk(device, sent + FLUSH + LOAD + b"infer 2 0%" + encode(Hello(), 5))
    assert said.endswith(b"1694.400,1848.600]\r\nm-ready\r\n")
    assert isinstance(frames[-1].message, Identity)


@settings(max_examples=20)
@given(st.lists(st.one_of(st.binary(max_size=100), st.sampled_from([LOAD, b"infer 1 0%", b"%", FLUSH])), max_size=20))
def test_whatever_arrives_the_next_command_is_answered(device, parts):
    said = text(device, b"".join(parts) + FLUSH + b"name%")
    assert said.endswith(b"m-name-dut-[tinynas process]\r\nm-ready\r\n")


@pytest.fixture(scope="session")
def printed(tmp_path_factory):
    """float32 bits -> what text_put_float writes."""
    program = build_text(tmp_path_factory.mktemp("text"))

    def run(bits: list[int]) -> list[str]:
        done = subprocess.run([program], input=b"".join(struct.pack("<I", b) for b in bits), capture_output=True,
                              timeout=60, check=True)
        return done.stdout.decode().split("\n")[:-1]

    return run


def test_numbers_are_printed_as_printf_does(printed):
    rng = random.Random(2)
    bits = [rng.getrandbits(32) for _ in range(3000)]
    bits += [struct.unpack("<I", struct.pack("<f", s * k / 2000))[0] for k in range(0, 4001) for s in (1, -1)]
    bits += [struct.unpack("<I", struct.pack("<f", k / 256))[0] for k in range(257)]
    bits += [0, 1 << 31, 1, 0x7F7FFFFF, 0xFF7FFFFF, 0x7F800000, 0xFF800000, 0x4B7FFFFF, 0x4B800000, 0x00800000]
    values = [struct.unpack("<f", struct.pack("<I", b))[0] for b in bits]
    for value, told in zip(values, printed(bits), strict=True):
        assert told == ("nan" if value != value else f"{value:.3f}"), value
