"""Values as C text. Pure functions: the templates hold layout only."""

from __future__ import annotations

import numpy as np

C_TYPES = {
    "int8": "int8_t", "uint8": "uint8_t", "int16": "int16_t", "uint16": "uint16_t", "int32": "int32_t",
    "uint32": "uint32_t", "float32": "float", "bool": "uint8_t", "int64": "int64_t",
}
LINE = 110


def c_type(dtype: str) -> str:
    return C_TYPES[dtype]


def c_number(value: int | float) -> str:
    """A literal that compiles without warnings and loses no bit."""
    if isinstance(value, float):
        return f"{value.hex()}f"
    return "(-2147483647 - 1)" if value == -(2**31) else str(int(value))


def c_array(data: np.ndarray, count: int) -> str:
    """The body of an initialiser: `data` flattened and padded with zeros to `count` items, wrapped in lines."""
    flat = data.reshape(-1)
    items = [c_number(v) for v in flat.tolist()] + ["0"] * (count - flat.size)
    lines, line = [], "   "
    for item in items:
        if len(line) + len(item) + 2 > LINE:
            lines.append(line)
            line = "   "
        line += f" {item},"
    lines.append(line)
    return "\n".join(lines)


def c_comment(text: str) -> str:
    """Text that cannot end the comment it stands in, nor leave the printable characters (nor make a trigraph)."""
    printable = "".join(c if 32 <= ord(c) < 127 else "?" for c in text)
    return printable.replace("*/", "* /").replace("/*", "/ *").replace("??", "? ?")


def c_string(text: str) -> str:
    """The inside of a string literal."""
    return c_comment(text).replace("\\", "/").replace('"', "'")


def shape_text(shape: tuple[int, ...]) -> str:
    return "x".join(str(n) for n in shape) or "scalar"
