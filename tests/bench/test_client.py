"""The client against the firmware's own protocol code, over a line that may lose, garble and invent bytes."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.bench.lines import ProcessLink, ScriptedLink, spoiler
from tests.firmware.device import build_device
from tinynas import protocol
from tinynas.bench.client import Client
from tinynas.errors import LinkError, MeasureError
from tinynas.protocol import encode
from tinynas.protocol.messages import Identity, Place, Ready, TextId

INPUT = bytes(range(24))
OUTPUT = bytes([sum(range(16)) % 256] * 4) + bytes(k + 1 for k in range(16, 24))


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_device(tmp_path_factory.mktemp("device"))


def test_a_whole_conversation(program):
    with ProcessLink(program) as link:
        client = Client(link)
        assert client.connect().layers == 3
        assert client.text(TextId.MODEL_HASH) == "0123456789abcdef"
        assert client.image_crc() == 0xCAFEBABE
        client.write(Place.AREA, 200, INPUT)
        ran = client.invoke(Place.AREA, 200, paint=0xA5, warmup=1, repeats=3)
        assert client.ticks(3) == [120, 120, 120] and ran.overhead_ticks == 10
        marks = client.marks()
        assert [b - a - ran.mark_ticks for a, b in zip(marks, marks[1:], strict=False)] == [0, 70, 0]
        assert client.read(Place.OUTPUT, 0, 4) + client.read(Place.OUTPUT, 4, 8) == OUTPUT
        assert client.stats().stack_bytes == 48
        assert client.repeats_sent == 0
        client.exit(0)


def test_long_data_goes_in_pieces(program):
    data = random.Random(3).randbytes(1024)
    with ProcessLink(program) as link:
        client = Client(link)
        client.connect()
        client.write(Place.AREA, 0, data)
        assert client.read(Place.AREA, 0, 1024) == data
        assert client.read(Place.AREA, 7, 600) == data[7:607]
        with pytest.raises(LinkError, match="refused Read: .*test area"):
            client.read(Place.AREA, 1000, 25)


@pytest.mark.parametrize("seed", range(3))
def test_a_bad_line_costs_time_but_never_gives_a_wrong_figure(program, seed):
    """One byte in 700 is spoilt both ways. Every figure that comes back is right; giving up is allowed,
    once in a while, but only by a clear error."""
    right = failed = 0
    with ProcessLink(program, spoiler(seed, 1 / 700)) as link:
        client = Client(link, answer_s=0.15, attempts=8)
        assert isinstance(client.connect(boot_s=5), Identity)
        for k in range(25):
            data = bytes((v + k) % 256 for v in INPUT)
            try:
                client.write(Place.AREA, 0, data)
                assert client.invoke(Place.AREA, 0, repeats=2, answer_s=0.15).status == 0
                assert client.ticks(2) == [120, 120]
                out = client.read(Place.OUTPUT, 0, 4) + client.read(Place.OUTPUT, 4, 8)
            except LinkError as error:
                assert "\n" not in str(error)
                failed += 1
            else:
                want = bytes([sum(data[:16]) % 256] * 4) + bytes((v + 1) % 256 for v in data[16:])
                assert out == want
                right += 1
        assert client.repeats_sent > 0
    assert right >= 20, (right, failed)


def test_a_request_without_answer_is_sent_again_but_runs_once(program):
    """The device's first answer to Invoke is lost; a second run on the destroyed input would give zeros."""
    lost = {"next": False}

    def lose(data: bytes) -> bytes:
        if lost["next"] and data[:2] == protocol.SYNC and data[3] == 0x86:
            lost["next"] = False
            return b""
        return data

    with ProcessLink(program, lose) as link:
        client = Client(link, answer_s=0.2)
        client.connect()
        client.write(Place.INPUT, 0, INPUT[:16])
        client.write(Place.INPUT, 16, INPUT[16:])
        lost["next"] = True
        client.invoke(Place.INPUT, answer_s=0.2)
        assert not lost["next"] and client.repeats_sent == 1
        assert client.read(Place.OUTPUT, 0, 4) == OUTPUT[:4]


def test_silence_ends_in_an_error_that_says_who_was_asked():
    with pytest.raises(LinkError, match="no answer to Hello from script after 3 attempts"):
        Client(ScriptedLink(), answer_s=0.02, attempts=3).connect(boot_s=0.1)


def test_what_a_device_says_in_words_is_in_the_error():
    link = ScriptedLink(b"Hard luck, wrong baud rate\r\n")
    with pytest.raises(LinkError, match="it said: Hard luck, wrong baud rate"):
        Client(link, answer_s=0.02, attempts=2).connect(boot_s=0.1)


def test_a_fault_line_is_a_fault():
    link = ScriptedLink(encode(Ready(1), 0), b"\r\nTINYNAS-FAULT exc=3 cfsr=0x1 pc=0x2", b" lr=0x3\r\n")
    with pytest.raises(MeasureError, match="the firmware faulted: HardFault .*pc=0x00000002"):
        Client(link, answer_s=0.5).connect()


def test_a_device_that_restarts_is_not_believed():
    link = ScriptedLink(encode(Ready(1), 0), encode(Ready(1), 0))
    with pytest.raises(MeasureError, match="restarted during Hello"):
        Client(link, answer_s=0.5).connect()


def test_another_protocol_version_is_refused(program):
    identity = Identity(9, 0, 0, 0, 0, 0, 0, 0, 0, 0)
    link = ScriptedLink(encode(Ready(9), 0))
    client = Client(link, answer_s=0.5)
    link._answers.append(encode(identity, client._sequence % 0xFFFF + 1))
    with pytest.raises(LinkError, match="protocol version 9, not 1"):
        client.connect()
