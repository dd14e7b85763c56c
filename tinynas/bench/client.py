"""The host's end of the device protocol: ask, wait, ask again, and never believe a wrong answer.

Every request has a sequence number of its own; answers to other numbers are late copies and are dropped. A
request that gets no answer in time is sent again behind a flush (see tinynas.protocol.frames); the device
answers a repeated request from memory, so nothing runs twice.
"""

from __future__ import annotations

import random
import struct
import time
from collections import deque
from typing import TypeVar

from tinynas.bench.link import Link
from tinynas.errors import LinkError, MeasureError
from tinynas.protocol import FLUSH, MAX_PAYLOAD, MAX_REPEATS, REPLY, VERSION, Decoder, Frame, Message, encode
from tinynas.protocol.messages import (
    AskImage,
    AskMarks,
    AskStats,
    AskText,
    AskTicks,
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
    Stats,
    Text,
    TextId,
    Ticks,
    Write,
    Written,
)
from tinynas.target.emulate.qemu import fault_in, fault_message

M = TypeVar("M", bound=Message)

ANSWER_S = 2.0  # how long an answer to a short request may take before it is asked again
INVOKE_S = 60.0  # an inference may take long, more so in an emulator
ATTEMPTS = 4
READ_BYTES = MAX_PAYLOAD
WRITE_BYTES = MAX_PAYLOAD - 5  # the fixed fields of Write


class Client:
    """Requests to one device over one link. All raise LinkError for a silent or confused device and
    MeasureError for one that faulted or restarted."""

    def __init__(self, link: Link, answer_s: float = ANSWER_S, attempts: int = ATTEMPTS,
                 first_sequence: int | None = None) -> None:
        """`first_sequence`: of the first request; None: another one every time."""
        self.link = link
        self.answer_s = answer_s
        self.attempts = attempts
        self.repeats_sent = 0  # requests sent again so far
        self._decoder = Decoder()
        self._frames: deque[Frame] = deque()
        # not the last conversation's, unless the requests must have the same bytes every time
        self._sequence = random.randrange(1, 2**16) if first_sequence is None else first_sequence - 1

    def connect(self, boot_s: float = 10.0) -> Identity:
        """Wait for the device's Ready (it may have been sent long ago), then ask who it is."""
        deadline = time.monotonic() + boot_s
        while time.monotonic() < deadline:
            frame = self._next(min(0.5, boot_s))
            if frame is not None and frame.type == Ready.TYPE:
                break
            if frame is None and self._try(Hello(), Identity, 0.5) is not None:
                break
        identity = self.ask(Hello(), Identity)
        if identity.version != VERSION:
            raise LinkError(f"the device speaks protocol version {identity.version}, not {VERSION}: "
                            "flash it again")
        return identity

    def text(self, which: TextId) -> str:
        return self.ask(AskText(which), Text).text.decode("ascii", "replace")

    def image_crc(self) -> int:
        """CRC-32 of the image in the device's flash."""
        return self.ask(AskImage(), Image, answer_s=30).crc

    def write(self, place: Place, offset: int, data: bytes) -> None:
        """`data` may be of any length; it must lie in one input, or in the test area."""
        for at in range(0, len(data), WRITE_BYTES):
            part = data[at:at + WRITE_BYTES]
            if self.ask(Write(place, offset + at, part), Written).length != len(part):
                raise LinkError(f"the device took fewer than {len(part)} bytes")

    def read(self, place: Place, offset: int, length: int) -> bytes:
        """`length` bytes of one input, one output, or the test area."""
        parts = []
        for at in range(0, length, READ_BYTES):
            size = min(READ_BYTES, length - at)
            data = self.ask(Read(place, offset + at, size), Data).data
            if len(data) != size:
                raise LinkError(f"the device sent {len(data)} bytes where {size} were asked for")
            parts.append(data)
        return b"".join(parts)

    def invoke(
        self, place: Place, offset: int = 0, paint: int | None = None, warmup: int = 0, repeats: int = 1,
        answer_s: float | None = None,
    ) -> Ran:
        """Run the model; see tinynas.protocol.messages.Invoke."""
        request = Invoke(place, int(paint is not None), paint or 0, 0, offset, warmup, repeats)
        return self.ask(request, Ran, answer_s=answer_s or INVOKE_S * max(1, warmup + repeats))

    def ticks(self, repeats: int) -> list[int]:
        """Ticks of each timed run of the last invoke, overhead included."""
        values = self._values(AskTicks, Ticks)
        if len(values) != repeats:
            raise LinkError(f"the device timed {len(values)} runs, {repeats} were asked for")
        return values

    def marks(self) -> list[int]:
        """The counter at the start of each layer and at the end; empty for a firmware without marks."""
        return self._values(AskMarks, Marks)

    def stats(self) -> Stats:
        return self.ask(AskStats(), Stats)

    def reset(self) -> None:
        """The device restarts; `connect()` again afterwards."""
        self.ask(Reset(), Resetting)

    def exit(self, status: int = 0) -> None:
        """The emulator ends with this status; a board sleeps until it is reset."""
        self.ask(Exit(status), Exiting)

    def ask(self, request: Message, reply: type[M], answer_s: float | None = None) -> M:
        """The device's answer to one request."""
        self._sequence = self._sequence % 0xFFFF + 1
        raw = encode(request, self._sequence)
        for attempt in range(self.attempts):
            if attempt:
                self.repeats_sent += 1
            self.link.write(FLUSH + raw if attempt else raw)
            answer = self._answer(request, self._sequence, time.monotonic() + (answer_s or self.answer_s))
            if isinstance(answer, reply):
                return answer
        raise LinkError(f"no answer to {type(request).__name__} from {self.link.port} after {self.attempts} "
                        f"attempts{self._said()}")

    def _try(self, request: Message, reply: type[M], answer_s: float) -> M | None:
        """One attempt, for a device that may not listen yet."""
        self._sequence = self._sequence % 0xFFFF + 1
        self.link.write(FLUSH + encode(request, self._sequence))
        answer = self._answer(request, self._sequence, time.monotonic() + answer_s, ready_is_fine=True)
        return answer if isinstance(answer, reply) else None

    def _answer(
        self, request: Message, sequence: int, deadline: float, ready_is_fine: bool = False
    ) -> Message | None:
        while (left := deadline - time.monotonic()) > 0:
            frame = self._next(left)
            if frame is None:
                continue
            if frame.type == Ready.TYPE and not ready_is_fine:
                raise MeasureError(f"the device restarted during {type(request).__name__}{self._said()}")
            if frame.sequence != sequence or frame.type not in (request.TYPE | REPLY, Error.TYPE):
                continue
            message = frame.message
            if isinstance(message, Error):
                text = message.text.decode("ascii", "replace")
                raise LinkError(f"the device refused {type(request).__name__}: {text} (code {message.code})")
            return message
        return None

    def _next(self, timeout_s: float) -> Frame | None:
        """The next frame, or None when none is complete in time."""
        deadline = time.monotonic() + timeout_s
        while not self._frames:
            left = deadline - time.monotonic()
            if left <= 0:
                return None
            self._frames.extend(self._decoder.feed(self.link.read(left)))
            self._check_fault()
        return self._frames.popleft()

    def _check_fault(self) -> None:
        if b"TINYNAS-FAULT" in self._decoder.text and self._decoder.text.endswith(b"\n"):
            try:
                fault = fault_in(bytes(self._decoder.text))
            except ValueError:  # the line was garbled on its way
                fault = None
            raise MeasureError(fault_message(fault) if fault else f"the firmware faulted{self._said()}")

    def _said(self) -> str:
        """What the device said outside the protocol, for the error message."""
        text = "".join(chr(b) for b in self._decoder.text if 32 <= b < 127).strip()
        return f"; it said: {text[-200:]}" if text else ""

    def _values(self, request: type[AskTicks] | type[AskMarks], reply: type[M]) -> list[int]:
        """64-bit values, page by page."""
        values: list[int] = []
        while True:
            answer = self.ask(request(len(values)), reply)
            page = [v for (v,) in struct.iter_unpack("<Q", answer.ticks)]  # type: ignore[attr-defined]
            values += page
            if len(page) < MAX_PAYLOAD // 8:
                return values


__all__ = ["MAX_REPEATS", "Client"]
