"""The wire: what is encoded is decoded, and noise makes no receiver miss good frames for good."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinynas import protocol
from tinynas.errors import LinkError
from tinynas.protocol import MESSAGES, Decoder, Message, encode, layout, unpack
from tinynas.protocol.messages import Hello, Read, Write

RANGES = {"B": (0, 2**8 - 1), "H": (0, 2**16 - 1), "I": (0, 2**32 - 1), "i": (-(2**31), 2**31 - 1)}


@st.composite
def messages(draw: st.DrawFn, tail_bytes: int = 40) -> Message:
    kind = draw(st.sampled_from(MESSAGES))
    fixed, tail = layout(kind)
    values = {name: draw(st.integers(*RANGES[form])) for name, form in fixed}
    return kind(**values, **({tail: draw(st.binary(max_size=tail_bytes))} if tail else {}))


sequences = st.integers(0, 2**16 - 1)


@given(st.lists(st.tuples(messages(), sequences), max_size=5), st.randoms(use_true_random=False))
def test_frames_survive_any_cutting_of_the_stream(sent, random):
    stream = b"".join(encode(m, s) for m, s in sent)
    decoder, got = Decoder(), []
    while stream:
        cut = random.randint(1, len(stream))
        got += decoder.feed(stream[:cut])
        stream = stream[cut:]
    assert [(f.message, f.sequence) for f in got] == sent
    assert not decoder.text


@given(st.binary(max_size=200), messages(), sequences)
def test_a_frame_behind_garbage_and_flush_is_found(garbage, message, sequence):
    frames = list(Decoder().feed(garbage + protocol.FLUSH + encode(message, sequence)))
    assert frames and frames[-1].message == message and frames[-1].sequence == sequence


@given(messages(), st.data())
def test_a_damaged_frame_is_never_taken_and_costs_no_later_one(message, data):
    raw = bytearray(encode(message, 7))
    at = data.draw(st.integers(0, len(raw) - 1))
    raw[at] ^= data.draw(st.integers(1, 255))
    follower = encode(Read(1, 2, 3), 8)
    frames = list(Decoder().feed(bytes(raw) + protocol.FLUSH + follower))
    assert [(f.message, f.sequence) for f in frames] == [(Read(1, 2, 3), 8)]


@given(messages(), st.data())
def test_a_shortened_frame_costs_no_later_one(message, data):
    raw = encode(message, 7)
    start = data.draw(st.integers(0, len(raw) - 1))
    end = data.draw(st.integers(start + 1, len(raw)))
    frames = list(Decoder().feed(raw[:start] + raw[end:] + protocol.FLUSH + encode(Hello(), 8)))
    assert [f.message for f in frames] == [Hello()]


def test_text_on_the_line_is_kept_apart():
    decoder = Decoder()
    frames = list(decoder.feed(b"FAULT exc=3\r\n" + encode(Hello(), 1) + b"m-ready\r\n"))
    assert [f.message for f in frames] == [Hello()]
    assert bytes(decoder.text) == b"FAULT exc=3\r\nm-ready\r\n"


def test_endless_garbage_is_not_kept():
    decoder = Decoder()
    for _ in range(100):
        assert not list(decoder.feed(b"\xa7\x00" * 500))
    assert len(decoder.text) <= 4096


@given(st.binary(max_size=300))
def test_random_bytes_make_no_frame_and_no_failure(data):
    assert not list(Decoder().feed(protocol.SYNC + data))


@given(st.integers(0, 255), st.binary(max_size=60))
def test_unpack_gives_a_message_or_a_clear_error(type_, payload):
    try:
        message = unpack(type_, payload)
    except LinkError as e:
        assert "\n" not in str(e)
    else:
        assert protocol.pack(message) == payload


def test_a_value_that_does_not_fit_is_refused():
    with pytest.raises(LinkError, match="does not fit"):
        encode(Read(300, 0, 0), 0)
    with pytest.raises(LinkError, match="512"):
        encode(Write(0, 0, bytes(512)), 0)


def test_types_are_distinct_and_replies_belong_to_requests():
    types = {m.TYPE for m in MESSAGES}
    assert len(types) == len(MESSAGES)
    requests = {t for t in types if t < protocol.REPLY}
    assert {t | protocol.REPLY for t in requests} <= types
    assert all(dataclasses.is_dataclass(m) for m in MESSAGES)
    assert all(byte >= 0x80 for byte in protocol.SYNC)


def test_c_header_is_the_golden_one():
    """When the messages change: raise VERSION, then write the golden file again."""
    golden = Path(__file__).parent / "firmware" / "golden" / "tinynas_protocol.h"
    assert protocol.c_header() == golden.read_text()
