"""The MLPerf Tiny client against the firmware's own code, and on lines that lose, invent and fall silent."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest

from tests.bench.lines import ProcessLink, ScriptedLink, spoiler
from tests.firmware.device import build_device
from tinynas.bench.client import Client
from tinynas.bench.mlperf import MlperfClient
from tinynas.errors import LinkError, MeasureError
from tinynas.protocol import encode
from tinynas.protocol.messages import Place, Write

INPUT = bytes(range(24))
RESULTS = (0.969,) * 4 + (1386.0, 1540.2, 1694.4, 1848.6)


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_device(tmp_path_factory.mktemp("device"))


def test_a_whole_conversation(program):
    with ProcessLink(program) as link:
        client = MlperfClient(link)
        assert client.connect() == "tinynas process"
        assert client.profile() == ("ULPMark for tinyML Firmware V0.0.1", "process model")
        first = client.timestamp_us()
        assert client.timestamp_us() > first
        client.load(INPUT)
        assert client.stored(24) == INPUT
        done = client.infer(70, 10)
        assert done.us_each == 110_000 and done.results == client.results() == RESULTS
        assert "infer" in "\n".join(client.command("help"))


def test_performance_is_the_median_of_the_loops(program):
    with ProcessLink(program) as link:
        client = MlperfClient(link)
        client.connect()
        performance = client.performance(INPUT, runs=7, warmup=2)
        assert performance.us_each == (110_000,) * 5 and performance.median_us == 110_000
        assert performance.results == RESULTS
        assert client.accuracy([INPUT, bytes(24), INPUT])[::2] == [RESULTS, RESULTS]


def test_what_the_device_refuses_is_told_in_its_words(program):
    with ProcessLink(program) as link:
        client = MlperfClient(link)
        client.connect()
        with pytest.raises(LinkError, match="the device refused 'results': results: there is no output"):
            client.results()
        with pytest.raises(LinkError, match="memory for a copy of 24"):
            client.load(bytes(25))
        with pytest.raises(LinkError, match="refused 'infer 0 0': infer needs 1 to 100000"):
            client.infer(0)


@pytest.mark.parametrize("begun", [b"db 00", b"\xa7\xd3", encode(Write(Place.AREA, 0, bytes(400)), 1)[:20]])
def test_whatever_was_begun_before_is_ended(program, begun):
    """Half a command, a sync that was noise, half a frame."""
    with ProcessLink(program) as link:
        link.write(begun)
        assert MlperfClient(link, answer_s=0.5).connect(boot_s=1) == "tinynas process"


def test_silence_is_an_error_in_bounded_time():
    start = time.monotonic()
    with pytest.raises(LinkError, match="no m-ready from script after '%'"):
        MlperfClient(ScriptedLink(), answer_s=0.05).connect(boot_s=0.3)
    assert time.monotonic() - start < 4


@pytest.mark.parametrize("reply", [
    "m-warmup-start-0\r\nm-warmup-done\r\nm-infer-start-7\r\nm-lap-us-1\r\nm-lap-us-2\r\nm-infer-done\r\nm-results-[0]",
    "m-warmup-start-0\r\nm-warmup-done\r\nm-infer-start-1\r\nm-lap-us-1\r\nm-infer-done\r\nm-results-[0]",
    "m-warmup-start-0\r\nm-warmup-done\r\nm-infer-start-1\r\nm-lap-us-1\r\nm-lap-us-x\r\nm-infer-done\r\nm-results-[0]",
    "m-warmup-start-0\r\nm-warmup-done\r\nm-infer-start-1\r\nm-lap-us-1\r\nm-lap-us-2\r\nm-infer-done\r\nm-results-[a]",
    "",
])
def test_an_answer_that_makes_no_sense_is_none(reply):
    link = ScriptedLink(reply.encode() + b"\r\nm-ready\r\n")
    with pytest.raises(LinkError, match="makes no sense|are no numbers"):
        MlperfClient(link).infer(1, 0)


def test_time_that_stands_still_restarts_and_faults_are_not_believed():
    still = (b"m-warmup-start-0\r\nm-warmup-done\r\nm-infer-start-1\r\nm-lap-us-5\r\nm-lap-us-5\r\nm-infer-done\r\n"
             b"m-results-[0.5]\r\nm-ready\r\n")
    with pytest.raises(MeasureError, match="no time has passed"):
        MlperfClient(ScriptedLink(still)).infer(1, 0)
    with pytest.raises(MeasureError, match="restarted during 'infer 1 0'"):
        MlperfClient(ScriptedLink(b"m-warmup-start-0\r\nm-init-done\r\nm-ready\r\n")).infer(1, 0)
    with pytest.raises(MeasureError, match="faulted: HardFault"):
        MlperfClient(ScriptedLink(b"\r\nTINYNAS-FAULT exc=3 pc=0x2\r\n")).infer(1, 0)


@pytest.mark.parametrize("seed", range(3))
def test_an_input_that_was_loaded_is_the_input_that_was_sent(program, seed):
    """One byte in 400 to the device is spoilt: the input is read back, so a wrong one is sent again."""
    rng, loaded = random.Random(seed), 0
    with ProcessLink(program) as link:
        client = MlperfClient(link, answer_s=1.0)
        client.connect()
        write, spoil = link.write, spoiler(seed, 1 / 400)
        for _ in range(15):
            data = rng.randbytes(24)
            link.write = lambda sent: write(spoil(sent))
            try:
                client.load(data)
            except LinkError as error:
                assert "\n" not in str(error)
            else:
                loaded += 1
                link.write = write
                assert client.stored(24) == data
            link.write = write
            client.connect()
    assert loaded >= 10


def test_both_protocols_on_one_line(program):
    with ProcessLink(program) as link:
        framed, text = Client(link), MlperfClient(link)
        framed.connect()
        text.connect()
        text.load(INPUT)
        for _ in range(20):
            framed.write(Place.AREA, 0, INPUT)
            framed.invoke(Place.AREA, 0, repeats=2)
            assert framed.ticks(2) == [120, 120]
            assert text.results() == RESULTS
            assert text.infer(2, 1).results == RESULTS
            assert framed.read(Place.OUTPUT, 0, 4) == bytes([120] * 4)
        assert framed.repeats_sent == 0
