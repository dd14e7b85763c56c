"""The linker's map: how many bytes of an output section each object file contributes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

_PIECE = re.compile(r"^ .*\s0x[0-9a-f]+\s+0x(?P<size>[0-9a-f]+)\s+(?P<file>\S+\.o\)?)$", re.M)


def bytes_by_object(path: Path, section: str) -> Mapping[str, int]:
    """Object file's stem ("conv_plain") -> bytes it puts into the output section."""
    text = path.read_text()
    start = re.search(rf"^{re.escape(section)}\s", text, re.M)
    if start is None:
        return {}
    end = re.search(r"^\S", text[start.end():], re.M)
    body = text[start.end():start.end() + end.start()] if end else text[start.end():]
    sizes: Counter[str] = Counter()
    for piece in _PIECE.finditer(body):
        sizes[Path(piece["file"]).stem] += int(piece["size"], 16)
    return sizes
