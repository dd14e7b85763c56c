"""The C side of the wire: `tinynas_protocol.h`, written from the messages themselves.

For each message `m`: `TNP_M` (its type), `tnp_m` (a struct of its fixed fields), `TNP_M_BYTES` (their size on
the wire), `tnp_m_get` and `tnp_m_put` between struct and payload. A tail of bytes follows the fixed fields.
"""

from __future__ import annotations

import enum
import re

from tinynas.protocol.codec import layout
from tinynas.protocol.frames import HEADER, MAX_FRAME, SYNC, TRAILER, VERSION
from tinynas.protocol.messages import (
    MAX_PAYLOAD,
    MAX_REPEATS,
    MAX_WARMUP,
    MESSAGES,
    REPLY,
    Code,
    Message,
    Place,
    RunFlag,
    TextId,
)

C_TYPES = {"B": ("uint8_t", 1), "H": ("uint16_t", 2), "I": ("uint32_t", 4), "i": ("int32_t", 4)}

OPENING = """/* Written by tinynas.protocol.c_header from tinynas/protocol/messages.py: change it there. */
#ifndef TINYNAS_PROTOCOL_H
#define TINYNAS_PROTOCOL_H

#include <stdint.h>

"""

ACCESS = """
static inline uint32_t tnp_get_le(const uint8_t *p, int bytes)
{
    uint32_t value = 0;
    for (int k = bytes - 1; k >= 0; k--) {
        value = value << 8 | p[k];
    }
    return value;
}

static inline void tnp_put_le(uint8_t *p, uint32_t value, int bytes)
{
    for (int k = 0; k < bytes; k++, value >>= 8) {
        p[k] = (uint8_t)value;
    }
}
"""


def c_header() -> str:
    """The text of tinynas_protocol.h; the same for the same messages."""
    parts = [OPENING, _constants(), ACCESS, *(_message(m) for m in MESSAGES), "\n#endif\n"]
    return "".join(parts)


def _constants() -> str:
    numbers = {
        "VERSION": VERSION, "SYNC0": SYNC[0], "SYNC1": SYNC[1], "HEADER_BYTES": HEADER.size,
        "TRAILER_BYTES": TRAILER.size, "MAX_PAYLOAD": MAX_PAYLOAD, "MAX_FRAME": MAX_FRAME, "REPLY": REPLY,
        "MAX_REPEATS": MAX_REPEATS, "MAX_WARMUP": MAX_WARMUP,
    }
    for prefix, members in (("PLACE", Place), ("TEXT", TextId), ("CODE", Code), ("FLAG", RunFlag)):
        numbers |= {f"{prefix}_{member.name}": int(member) for member in _members(members)}
    return "".join(f"#define TNP_{name} {value}u\n" for name, value in numbers.items())


def _members(kind: type[enum.IntEnum] | type[enum.IntFlag]) -> list[enum.IntEnum | enum.IntFlag]:
    return list(kind)


def _message(message: type[Message]) -> str:
    fixed, _ = layout(message)
    snake = re.sub(r"(?<!^)(?=[A-Z])", "_", message.__name__).lower()
    upper = f"TNP_{snake.upper()}"
    size = sum(C_TYPES[kind][1] for _, kind in fixed)
    text = f"\n#define {upper} 0x{message.TYPE:02x}u\n#define {upper}_BYTES {size}u\n"
    if not fixed:
        return text
    fields = "".join(f"    {C_TYPES[kind][0]} {name};\n" for name, kind in fixed)
    text += f"typedef struct {{\n{fields}}} tnp_{snake};\n"
    get, put, at = "", "", 0
    for name, kind in fixed:
        c_type, width = C_TYPES[kind]
        get += f"    m->{name} = ({c_type})tnp_get_le(p + {at}, {width});\n"
        put += f"    tnp_put_le(p + {at}, (uint32_t)m->{name}, {width});\n"
        at += width
    text += f"static inline void tnp_{snake}_get(tnp_{snake} *m, const uint8_t *p)\n{{\n{get}}}\n"
    return text + f"static inline void tnp_{snake}_put(const tnp_{snake} *m, uint8_t *p)\n{{\n{put}}}\n"
