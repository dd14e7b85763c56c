"""Frames: how messages travel over a serial line that may lose, garble or invent bytes.

    sync (2) | version | type | sequence (2) | length (2) | header check (2) | payload | CRC-32 (4)

All little-endian. The header check (CRC-16/CCITT-FALSE of version..length) lets a receiver distrust a damaged
length at once; the CRC-32 covers version..length and payload. A receiver that finds a damaged frame drops
one byte and looks for sync again among what it has, so no good frame behind garbage is lost. No clock is
involved: who sends a second time first sends `FLUSH` (zeros, as long as the longest frame), which ends any
frame that the receiver still waits for. Both sync bytes have bit 7 set, so text commands can share the line.
"""

from __future__ import annotations

import binascii
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from tinynas.protocol.codec import pack, unpack
from tinynas.protocol.messages import MAX_PAYLOAD, Message

VERSION = 1
SYNC = b"\xa7\xd3"
HEADER = struct.Struct("<2sBBHHH")
TRAILER = struct.Struct("<I")
MAX_FRAME = HEADER.size + MAX_PAYLOAD + TRAILER.size
FLUSH = bytes(MAX_FRAME)


@dataclass(frozen=True)
class Frame:
    """A frame that arrived whole. `version` other than ours is for the caller to refuse."""

    type: int
    sequence: int
    payload: bytes
    version: int = VERSION

    @property
    def message(self) -> Message:
        return unpack(self.type, self.payload)


def encode(message: Message, sequence: int, version: int = VERSION) -> bytes:
    """One frame of bytes."""
    payload = pack(message)
    head = struct.pack("<BBHH", version, message.TYPE, sequence, len(payload))
    check = struct.pack("<H", binascii.crc_hqx(head, 0xFFFF))
    return SYNC + head + check + payload + TRAILER.pack(zlib.crc32(payload, zlib.crc32(head)))


class Decoder:
    """Bytes in, frames out; what is not a frame collects in `text` (its last 4 KB are kept)."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self.text = bytearray()

    def feed(self, data: bytes) -> Iterator[Frame]:
        """The frames that `data` completes, in order. Never raises, whatever the bytes."""
        self._buffer += data
        while (size := self._whole()) is not None:
            raw = bytes(self._buffer[:size])
            del self._buffer[:size]
            _, version, type_, sequence, length, _ = HEADER.unpack_from(raw)
            yield Frame(type_, sequence, raw[HEADER.size:HEADER.size + length], version)

    def _whole(self) -> int | None:
        """Drop what cannot start a frame. Length of the whole frame at the start, or None: more is needed."""
        while True:
            start = self._buffer.find(SYNC)
            if start < 0:
                keep = 1 if self._buffer.endswith(SYNC[:1]) else 0
                self._drop(len(self._buffer) - keep)
                return None
            self._drop(start)
            if len(self._buffer) < HEADER.size:
                return None
            *_, length, check = HEADER.unpack_from(self._buffer)
            size: int = HEADER.size + length + TRAILER.size
            if length > MAX_PAYLOAD or binascii.crc_hqx(self._buffer[2:8], 0xFFFF) != check:
                self._drop(1)
            elif len(self._buffer) < size:
                return None
            elif TRAILER.unpack_from(self._buffer, size - TRAILER.size) == (_body_crc(self._buffer, length),):
                return size
            else:
                self._drop(1)

    def _drop(self, count: int) -> None:
        self.text += self._buffer[:count]
        del self._buffer[:count]
        del self.text[:-4096]


def _body_crc(frame: bytearray, length: int) -> int:
    return zlib.crc32(frame[HEADER.size:HEADER.size + length], zlib.crc32(frame[2:8]))
