"""The firmware's protocol, compiled for the host with sanitizers and talked to as a process."""

from __future__ import annotations

import binascii
import random
import struct
import subprocess
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.firmware.device import build_device
from tinynas import protocol
from tinynas.protocol import MESSAGES, Decoder, Frame, Message, encode
from tinynas.protocol.messages import (
    AskImage,
    AskMarks,
    AskStats,
    AskText,
    AskTicks,
    Code,
    Data,
    Error,
    Exit,
    Exiting,
    Hello,
    Identity,
    Image,
    Invoke,
    Marks,
    Place,
    Ran,
    Read,
    Ready,
    Reset,
    Resetting,
    Text,
    TextId,
    Ticks,
    Write,
    Written,
)

INPUT = bytes(range(24))
OUTPUT = bytes([sum(range(16)) % 256] * 4) + bytes(k + 1 for k in range(16, 24))


@pytest.fixture(scope="session")
def device(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_device(tmp_path_factory.mktemp("device"))


def talk(device: Path, sent: bytes, status: int = 0) -> list[Frame]:
    """What it answers, without the Ready it starts with."""
    done = subprocess.run([device], input=sent, capture_output=True, timeout=60, check=False)
    assert done.returncode == status, done.stderr.decode(errors="replace")[-2000:]
    frames = list(Decoder().feed(done.stdout))
    assert frames[0].message == Ready(protocol.VERSION) and frames[0].sequence == 0
    return frames[1:]


def ask(device: Path, *requests: Message, status: int = 0) -> list[Message]:
    """Answers to these requests, after a Hello."""
    sent = b"".join(encode(m, n) for n, m in enumerate((Hello(), *requests)))
    answers = talk(device, sent, status)
    assert [a.sequence for a in answers] == [n for n in range(len(requests) + 1)]
    assert isinstance(answers[0].message, Identity)
    return [a.message for a in answers[1:]]


def values(message: Ticks | Marks) -> list[int]:
    return [v for (v,) in struct.iter_unpack("<Q", message.ticks)]


def test_identity_texts_and_image(device):
    identity, *texts, image = ask(device, Hello(), *(AskText(t) for t in TextId), AskImage())
    assert identity == Identity(
        version=protocol.VERSION, counter_fallback=0, layers=3, clock_hz=2000, clock_status=0, ticks_hz=1000,
        input_bytes=24, output_bytes=12, arena_bytes=90, area_bytes=1024,
    )
    assert texts[TextId.MODEL_HASH] == Text(b"0123456789abcdef")
    assert texts[TextId.BOARD] == Text(b"process")
    assert texts[TextId.COUNTER] == Text(b"readings")
    assert texts[TextId.COMPILER].text.startswith(b"gcc ")
    assert image == Image(0xCAFEBABE)


def test_inputs_are_written_run_and_read_back_one_by_one(device):
    answers = ask(
        device,
        Write(Place.INPUT, 0, INPUT[:16]), Write(Place.INPUT, 16, INPUT[16:]), Read(Place.INPUT, 18, 4),
        Invoke(Place.INPUT, 0, 0, 0, 0, 0, 1), Read(Place.OUTPUT, 0, 4), Read(Place.OUTPUT, 4, 8),
    )
    assert answers[:3] == [Written(16), Written(8), Data(INPUT[18:22])]
    assert isinstance(answers[3], Ran) and answers[3].status == 0 and answers[3].flags == 0
    assert answers[4].data + answers[5].data == OUTPUT


def test_paint_spares_an_input_that_was_written(device):
    *_, stats, first, second = ask(
        device, Write(Place.INPUT, 0, INPUT[:16]), Write(Place.INPUT, 16, INPUT[16:]),
        Invoke(Place.INPUT, 1, 0x5A, 0, 0, 0, 1), AskStats(), Read(Place.OUTPUT, 0, 4),
        Read(Place.OUTPUT, 4, 8),
    )
    assert stats.arena_high_water_bytes == 88
    assert first.data + second.data == OUTPUT


def test_every_run_from_the_area_gets_its_input_back_and_is_timed_alone(device):
    written, ran, ticks, none, marks, stats, first, second = ask(
        device, Write(Place.AREA, 100, INPUT), Invoke(Place.AREA, 1, 0xA5, 0, 100, 2, 5),
        AskTicks(0), AskTicks(5), AskMarks(0), AskStats(), Read(Place.OUTPUT, 0, 4), Read(Place.OUTPUT, 4, 8),
    )
    # Each reading advances the device's counter by 10, the second layer by 70 more.
    assert ran == Ran(status=0, flags=0, layers=3, overhead_ticks=10, mark_ticks=10)
    assert values(ticks) == [120] * 5 and values(none) == []
    starts = values(marks)
    assert [b - a for a, b in zip(starts, starts[1:], strict=False)] == [10, 80, 10]
    assert stats.stack_bytes == 48 and stats.arena_high_water_bytes == 88
    assert first.data + second.data == OUTPUT


@pytest.mark.parametrize("request_, code", [
    (Write(Place.INPUT, 16, bytes(9)), Code.BAD_RANGE),
    (Write(Place.INPUT, 8, bytes(9)), Code.BAD_RANGE),
    (Write(Place.INPUT, 2**32 - 1, bytes(4)), Code.BAD_RANGE),
    (Write(Place.OUTPUT, 0, b"x"), Code.BAD_RANGE),
    (Write(Place.AREA, 1020, bytes(5)), Code.BAD_RANGE),
    (Write(7, 0, b"x"), Code.BAD_RANGE),
    (Read(Place.OUTPUT, 4, 9), Code.BAD_RANGE),
    (Read(Place.AREA, 0, 513), Code.BAD_RANGE),
    (Read(Place.AREA, 2**32 - 4, 8), Code.BAD_RANGE),
    (Invoke(Place.AREA, 0, 0, 0, 1001, 0, 1), Code.BAD_RANGE),
    (Invoke(Place.AREA, 0, 0, 0, 0, 0, 0), Code.BAD_VALUE),
    (Invoke(Place.AREA, 0, 0, 0, 0, 0, 65), Code.BAD_VALUE),
    (Invoke(Place.AREA, 0, 0, 0, 0, 1001, 1), Code.BAD_VALUE),
    (Invoke(Place.INPUT, 0, 0, 0, 0, 0, 2), Code.BAD_VALUE),
    (Invoke(Place.OUTPUT, 0, 0, 0, 0, 0, 1), Code.BAD_VALUE),
    (AskText(200), Code.BAD_VALUE),
    (Ready(1), Code.BAD_TYPE),
    (Data(b"abc"), Code.BAD_TYPE),
])
def test_senseless_requests_are_refused_with_a_reason(device, request_, code):
    (error,) = ask(device, request_)
    assert isinstance(error, Error) and error.code == code and error.request == request_.TYPE
    assert len(error.text) > 5


def test_wrong_length_and_wrong_version(device):
    short = bytearray(encode(AskText(0), 1))
    longer = encode(Write(0, 0, b""), 1)  # as a Hello: five bytes too many
    head = bytes([protocol.VERSION, Hello.TYPE]) + longer[4:8]
    hello = encode(Hello(), 0)
    answers = talk(device, hello + _reframe(head, longer[10:-4]) + encode(Hello(), 2, version=9) + bytes(short))
    assert [a.message.code for a in answers[1:3]] == [Code.BAD_LENGTH, Code.BAD_VERSION]
    assert answers[3].message == Text(b"0.0")


def _reframe(head: bytes, payload: bytes) -> bytes:

    check = binascii.crc_hqx(head, 0xFFFF).to_bytes(2, "little")
    crc = zlib.crc32(payload, zlib.crc32(head)).to_bytes(4, "little")
    return protocol.SYNC + head + check + payload + crc


def test_a_request_sent_twice_is_executed_once_and_answered_twice(device):
    run = encode(Invoke(Place.INPUT, 0, 0, 0, 0, 0, 1), 2)
    sent = encode(Write(Place.INPUT, 0, INPUT[:16]), 1) + run + run + encode(Read(Place.OUTPUT, 0, 4), 3)
    *_, once, again, data = talk(device, encode(Hello(), 0) + sent)
    assert once == again
    assert data.message == Data(OUTPUT[:4])  # a second run on the destroyed input would give zeros


def test_a_device_that_has_not_been_asked_who_it_is_answers_nothing_that_depends_on_the_past(device):
    asked = (Write(Place.AREA, 0, b"x"), Invoke(Place.AREA, 0, 0, 0, 0, 0, 1), Read(Place.OUTPUT, 0, 4), AskTicks(0))
    answers = talk(device, b"".join(encode(m, n) for n, m in enumerate((*asked, Hello(), asked[0]))))
    assert [a.message.code for a in answers[:4]] == [Code.FAILED] * 4
    assert b"restarted" in answers[0].message.text
    assert answers[5].message == Written(1)


def test_reset_and_exit_answer_first(device):
    assert ask(device, Reset(), status=99) == [Resetting()]
    assert ask(device, Exit(5), status=5) == [Exiting()]


requests = st.sampled_from([m for m in MESSAGES if m.TYPE < protocol.REPLY and m not in (Reset, Exit)])


@settings(max_examples=15)
@given(st.lists(st.one_of(st.binary(max_size=60), st.tuples(requests, st.integers(0, 2**32))), max_size=30))
def test_whatever_arrives_the_next_request_is_answered(device, parts):
    """Garbage, random but well-framed requests, damaged ones: then Hello must be answered."""
    stream = bytearray()
    for part in parts:
        if isinstance(part, bytes):
            stream += part
            continue
        kind, seed = part
        random_ = random.Random(seed)
        body = random_.randbytes(random_.choice([0, 1, 2, 5, 7, 12, 30, 512]))
        head = struct.pack("<BBHH", 1, kind.TYPE, random_.randrange(2**16), len(body))
        frame = bytearray(_reframe(head, body))
        if random_.random() < 0.3:
            frame[random_.randrange(len(frame))] ^= 1 << random_.randrange(8)
        stream += frame
    answers = talk(device, bytes(stream) + protocol.FLUSH + encode(Hello(), 0xBEEF))
    assert isinstance(answers[-1].message, Identity) and answers[-1].sequence == 0xBEEF


def test_a_megabyte_of_noise_with_sync_bytes_in_it(device):
    random_ = random.Random(1)
    noise = b"".join(random_.choice([protocol.SYNC, random_.randbytes(9)]) for _ in range(200_000))
    answers = talk(device, noise + protocol.FLUSH + encode(Hello(), 1))
    assert isinstance(answers[-1].message, Identity)
