"""What host and device say to each other: one frozen dataclass per message, fields in wire order.

Annotations carry the wire type, so layout, Python codec (`codec.py`) and C header (`c_header.py`) all come
from the class itself. The host asks, the device answers: reply type = request type + `REPLY`, same sequence
number; or `Error`. The device keeps its last reply and sends it again when the same request (sequence, CRC)
arrives again, so that a request sent twice is executed once.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Annotated, ClassVar

MAX_PAYLOAD = 512
REPLY = 0x80
MAX_REPEATS = 64  # runs of one Invoke whose ticks the device keeps
MAX_WARMUP = 1000

U8 = Annotated[int, "B"]
U16 = Annotated[int, "H"]
U32 = Annotated[int, "I"]
I32 = Annotated[int, "i"]


class Place(enum.IntEnum):
    """What Read and Write address. AREA: test data outside the measured memory, empty on some boards."""

    INPUT = 0
    OUTPUT = 1
    AREA = 2


class TextId(enum.IntEnum):
    """What the device says about itself in words (`AskText`)."""

    FIRMWARE = 0
    MODEL_HASH = 1
    BOARD = 2
    VARIANT = 3
    CORE = 4
    CLOCK = 5
    COUNTER = 6
    COMPILER = 7


class Code(enum.IntEnum):
    """Why the device refused (`Error.code`)."""

    BAD_TYPE = 1
    BAD_LENGTH = 2
    BAD_RANGE = 3
    BAD_VALUE = 4
    BAD_VERSION = 5
    FAILED = 6


class RunFlag(enum.IntFlag):
    """`Ran.flags`."""

    COUNTER_STALLED = 1
    GUARDS_BROKEN = 2
    STACK_OVERFLOWED = 4


class Message:
    """Base of all messages: fields in wire order; a last field of type `bytes` takes the rest."""

    TYPE: ClassVar[int]


@dataclass(frozen=True)
class Ready(Message):
    """The device has booted. Unasked, sequence 0."""

    TYPE: ClassVar[int] = 0xC0
    version: U8  # of the protocol


@dataclass(frozen=True)
class Error(Message):
    """The device refuses: `code` is a `Code`, `request` the type it answers, `text` says why."""

    TYPE: ClassVar[int] = 0xFF
    code: U8
    request: U8
    text: bytes


@dataclass(frozen=True)
class Hello(Message):
    """Who are you?"""

    TYPE: ClassVar[int] = 0x01


@dataclass(frozen=True)
class Identity(Message):
    TYPE: ClassVar[int] = 0x81
    version: U8
    counter_fallback: U8  # 1: the board's own counter stalled and another is used
    layers: U16
    clock_hz: U32
    clock_status: U32  # 0: as the board file says; else 1 + index of the step that timed out
    ticks_hz: U32
    input_bytes: U32
    output_bytes: U32
    arena_bytes: U32
    area_bytes: U32


@dataclass(frozen=True)
class AskText(Message):
    TYPE: ClassVar[int] = 0x02
    which: U8  # TextId


@dataclass(frozen=True)
class Text(Message):
    TYPE: ClassVar[int] = 0x82
    text: bytes


@dataclass(frozen=True)
class AskImage(Message):
    """CRC-32 of the image in flash, as zlib.crc32."""

    TYPE: ClassVar[int] = 0x03


@dataclass(frozen=True)
class Image(Message):
    TYPE: ClassVar[int] = 0x83
    crc: U32


@dataclass(frozen=True)
class Write(Message):
    """Put `data` at `offset` bytes into INPUT or AREA."""

    TYPE: ClassVar[int] = 0x04
    place: U8
    offset: U32
    data: bytes


@dataclass(frozen=True)
class Written(Message):
    TYPE: ClassVar[int] = 0x84
    length: U16


@dataclass(frozen=True)
class Read(Message):
    """`length` bytes at `offset` of INPUT, OUTPUT or AREA."""

    TYPE: ClassVar[int] = 0x05
    place: U8
    offset: U32
    length: U16


@dataclass(frozen=True)
class Data(Message):
    TYPE: ClassVar[int] = 0x85
    data: bytes


@dataclass(frozen=True)
class Invoke(Message):
    """Run the model `warmup + repeats` times; each of the last `repeats` is timed.

    Inference destroys its input, so before every run the input is copied, untimed, from AREA + `offset` when
    `place` is AREA; with INPUT it is taken as written, and one run is all there can be. `painted`: before
    every run the arena (but a written input) is filled with the byte `paint`, to see how far it is used."""

    TYPE: ClassVar[int] = 0x06
    place: U8
    painted: U8  # 0 or 1
    paint: U8
    reserved: U8
    offset: U32
    warmup: U16
    repeats: U16


@dataclass(frozen=True)
class Ran(Message):
    """`status` of the last run as tinynas_invoke returned it. `overhead_ticks`: of two readings of the
    counter back to back; `mark_ticks`: of two layer marks back to back; both to be taken off."""

    TYPE: ClassVar[int] = 0x86
    status: I32
    flags: U16  # RunFlag
    layers: U16  # how many have been timed; 0 when the firmware was built without marks
    overhead_ticks: U32
    mark_ticks: U32


@dataclass(frozen=True)
class AskTicks(Message):
    """Ticks of each timed run of the last Invoke, from number `first`."""

    TYPE: ClassVar[int] = 0x07
    first: U16


@dataclass(frozen=True)
class Ticks(Message):
    TYPE: ClassVar[int] = 0x87
    ticks: bytes  # 64-bit each


@dataclass(frozen=True)
class AskMarks(Message):
    """The counter at the start of each layer, and at the end of the last, in the last run of the last Invoke;
    from number `first`. None when the firmware was built without marks."""

    TYPE: ClassVar[int] = 0x08
    first: U16


@dataclass(frozen=True)
class Marks(Message):
    TYPE: ClassVar[int] = 0x88
    ticks: bytes  # 64-bit each


@dataclass(frozen=True)
class AskStats(Message):
    TYPE: ClassVar[int] = 0x09


@dataclass(frozen=True)
class Stats(Message):
    """Of the last Invoke. `arena_high_water_bytes` counts from the arena's start to behind the last byte that
    lost its paint, and may exceed `Identity.arena_bytes`: then the model wrote outside."""

    TYPE: ClassVar[int] = 0x89
    flags: U16  # RunFlag
    reserved: U16
    stack_bytes: U32  # deepest stack below the invoke call
    arena_high_water_bytes: U32  # 0 without paint
    rx_lost: U32


@dataclass(frozen=True)
class Reset(Message):
    TYPE: ClassVar[int] = 0x0A


@dataclass(frozen=True)
class Resetting(Message):
    TYPE: ClassVar[int] = 0x8A


@dataclass(frozen=True)
class Exit(Message):
    """Leave the emulator with this status; a board sleeps."""

    TYPE: ClassVar[int] = 0x0B
    status: I32


@dataclass(frozen=True)
class Exiting(Message):
    TYPE: ClassVar[int] = 0x8B


MESSAGES: tuple[type[Message], ...] = (
    Ready, Error, Hello, Identity, AskText, Text, AskImage, Image, Write, Written, Read, Data, Invoke, Ran,
    AskTicks, Ticks, AskMarks, Marks, AskStats, Stats, Reset, Resetting, Exit, Exiting,
)
BY_TYPE = {m.TYPE: m for m in MESSAGES}
