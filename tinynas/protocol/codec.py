"""Messages to payload bytes and back, by the layout their annotations give."""

from __future__ import annotations

import dataclasses
import struct
import typing

from tinynas.errors import LinkError
from tinynas.protocol.messages import BY_TYPE, MAX_PAYLOAD, Message


def layout(message: type[Message]) -> tuple[tuple[tuple[str, str], ...], str | None]:
    """((field, struct format), ...) in wire order, and the name of the tail of bytes or None."""
    fixed: list[tuple[str, str]] = []
    hints = typing.get_type_hints(message, include_extras=True)
    for f in dataclasses.fields(message):  # type: ignore[arg-type]  # every message is a dataclass
        if hints[f.name] is bytes:
            return tuple(fixed), f.name
        fixed.append((f.name, hints[f.name].__metadata__[0]))
    return tuple(fixed), None


def pack(message: Message) -> bytes:
    """The payload. LinkError when a value does not fit its field or the payload the frame."""
    fixed, tail = layout(type(message))
    try:
        payload = struct.pack("<" + "".join(k for _, k in fixed), *(getattr(message, n) for n, _ in fixed))
    except struct.error as e:
        raise LinkError(f"{message} does not fit its frame: {e}") from None
    payload += getattr(message, tail) if tail else b""
    if len(payload) > MAX_PAYLOAD:
        raise LinkError(f"a payload of {len(payload)} bytes is longer than the {MAX_PAYLOAD} of a frame")
    return payload


def unpack(type_: int, payload: bytes) -> Message:
    """LinkError when the type is unknown or the length is wrong for it."""
    message = BY_TYPE.get(type_)
    if message is None:
        raise LinkError(f"unknown message type 0x{type_:02x}")
    fixed, tail = layout(message)
    form = struct.Struct("<" + "".join(k for _, k in fixed))
    if len(payload) < form.size or (tail is None and len(payload) != form.size):
        wanted = f"{form.size} or more" if tail else f"{form.size}"
        raise LinkError(f"{message.__name__} of {len(payload)} bytes, should be {wanted}")
    values: list[int | bytes] = list(form.unpack_from(payload))
    return message(*values, *([payload[form.size:]] if tail else []))
