"""A conversation whose host side is written down before it takes place.

An emulator that runs without ports cannot be asked and answered; it takes a script. So the session is held
twice, by the very code that talks to boards. First with nobody (`Rehearsal`): a device made of paper gives
answers of the right sizes, and every request is noted. The noted requests are fed to the real firmware, one by
one, at fixed virtual times. Then the session is held again (`Playback`): each request must be the noted one,
and what the firmware really said to it is the answer; all checks are made on that."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass

from tinynas.bench.client import Client
from tinynas.compile import Program
from tinynas.errors import LinkError, MeasureError, UsageError
from tinynas.protocol import VERSION, Decoder, Frame, Message, encode
from tinynas.protocol.messages import (
    BY_TYPE,
    AskImage,
    AskMarks,
    AskStats,
    AskText,
    AskTicks,
    Data,
    Hello,
    Identity,
    Image,
    Invoke,
    Marks,
    Ran,
    Read,
    Ready,
    Stats,
    Text,
    TextId,
    Ticks,
    Write,
    Written,
)

FIRST_SEQUENCE = 1
MOST_REQUESTS = 0xFFFF  # each needs a sequence number of its own
_READY = encode(Ready(VERSION), 0)


@dataclass(frozen=True)
class Request:
    """One noted request: its bytes on the wire, and what it asks."""

    raw: bytes
    message: Message


class _Line:
    """What a Client needs of a link, without one."""

    port = "the emulator's script"

    def __init__(self) -> None:
        self._waiting = bytearray()

    def read(self, timeout_s: float) -> bytes:
        data, self._waiting = bytes(self._waiting), bytearray()
        if not data:
            raise LinkError(self._nothing())
        return data

    def _nothing(self) -> str:
        return "nothing was said"


class Rehearsal(_Line):
    """The device made of paper: believes everything, computes nothing."""

    def __init__(self, program: Program, model_hash: str, image_crc: int) -> None:
        super().__init__()
        graph = program.graph
        self.requests: list[Request] = []
        self._decoder = Decoder()
        self._waiting += _READY
        self._texts = {TextId.BOARD: program.board.name, TextId.MODEL_HASH: model_hash}
        self._crc = image_crc
        self._sizes = (sum(graph.tensors[t].size_bytes for t in graph.inputs),
                       sum(graph.tensors[t].size_bytes for t in graph.outputs))
        self._repeats = 1

    def write(self, data: bytes) -> None:
        for frame in self._decoder.feed(data):
            self.requests.append(Request(data, frame.message))
            self._waiting += encode(self._answer(frame.message), frame.sequence)

    def _answer(self, request: Message) -> Message:
        if isinstance(request, Hello):
            return Identity(VERSION, 0, 0, 1, 0, 1, *self._sizes, 0, 0)
        if isinstance(request, AskText):
            return Text(self._texts.get(TextId(request.which), "").encode())
        if isinstance(request, AskImage):
            return Image(self._crc)
        if isinstance(request, Write):
            return Written(len(request.data))
        if isinstance(request, Read):
            return Data(bytes(request.length))
        if isinstance(request, Invoke):
            self._repeats = request.repeats
            return Ran(0, 0, 0, 0, 0)
        if isinstance(request, AskTicks):
            return Ticks(struct.pack(f"<{self._repeats}Q", *[1] * self._repeats))
        if isinstance(request, AskMarks):
            return Marks(b"")
        if isinstance(request, AskStats):
            return Stats(0, 0, 0, 0, 0)
        raise MeasureError(f"{type(request).__name__} cannot be rehearsed")


class Playback(_Line):
    """The device as it was recorded: `said` is all it sent, from its Ready on."""

    def __init__(self, requests: list[Request], said: bytes) -> None:
        super().__init__()
        decoder = Decoder()
        self._requests = list(requests)
        frames = [frame for frame in decoder.feed(said) if frame.type in BY_TYPE]
        self._replies = {frame.sequence: frame for frame in frames}
        self._text = bytes(decoder.text)
        if sum(frame.type == Ready.TYPE for frame in frames) > 1:
            raise MeasureError("the firmware restarted in the middle of the measurement")
        self._asked: Message | None = None
        if 0 in self._replies:
            self._waiting += _raw(self._replies[0])

    def write(self, data: bytes) -> None:
        if not self._requests or self._requests[0].raw != data:
            raise LinkError("the session asks something else than was rehearsed: it depends on answers, and "
                            "cannot be scripted")
        request = self._requests.pop(0)
        self._asked = request.message
        sequence = next(iter(Decoder().feed(data))).sequence
        reply = self._replies.get(sequence)
        self._waiting += _raw(reply) if reply is not None else self._text

    def _nothing(self) -> str:
        asked = type(self._asked).__name__ if self._asked is not None else "Ready"
        words = " ".join(self._text.decode("ascii", "replace").split())[-200:]
        told = f"; it said: {words}" if words else ""
        return f"the firmware gave no answer to {asked} in its virtual time{told}"


def _raw(frame: Frame) -> bytes:
    """The frame's bytes again."""
    return encode(frame.message, frame.sequence, frame.version)


def rehearse(
    program: Program, model_hash: str, image_crc: int, hold: Callable[[Client], object]
) -> list[Request]:
    """The requests that `hold` makes of a device, in order."""
    line = Rehearsal(program, model_hash, image_crc)
    hold(client_of(line))
    if len(line.requests) > MOST_REQUESTS:
        raise UsageError(f"{len(line.requests)} requests are too many for one scripted run: fewer --inputs")
    return line.requests


def client_of(line: Rehearsal | Playback) -> Client:
    """A client whose requests have the same bytes every time, and that asks once."""
    return Client(line, attempts=1, first_sequence=FIRST_SEQUENCE)  # type: ignore[arg-type]

