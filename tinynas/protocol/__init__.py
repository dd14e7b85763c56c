"""The wire between host and device, defined once: the host imports it, the firmware includes `c_header()`."""

from tinynas.protocol.c_header import c_header
from tinynas.protocol.codec import layout, pack, unpack
from tinynas.protocol.frames import FLUSH, MAX_FRAME, SYNC, VERSION, Decoder, Frame, encode
from tinynas.protocol.messages import MAX_PAYLOAD, MAX_REPEATS, MAX_WARMUP, MESSAGES, REPLY, Message

__all__ = [
    "FLUSH", "MAX_FRAME", "MAX_PAYLOAD", "MAX_REPEATS", "MAX_WARMUP", "MESSAGES", "REPLY", "SYNC", "VERSION",
    "Decoder", "Frame", "Message", "c_header", "encode", "layout", "pack", "unpack",
]
