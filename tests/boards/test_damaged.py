"""Whatever happens to a board file: a board, or one clear line. Never another exception."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from tinynas.boards import list_boards, load_board
from tinynas.errors import BoardError
from tinynas.resources import resource_dir

FILES = {name: (resource_dir("boards") / f"{name}.toml").read_bytes() for name in list_boards()}


def _load(name: str, content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for other, text in FILES.items():
            if other.startswith("mps"):
                (Path(folder) / f"{other}.toml").write_bytes(text)
        path = Path(folder) / f"{name}.toml"
        path.write_bytes(content)
        try:
            board = load_board(path)
        except BoardError as error:
            assert "\n" not in str(error) and name in str(error)
        else:
            assert board.name == name and board.sram_bytes > 0


@given(st.sampled_from(sorted(FILES)), st.data())
def test_a_line_lost_doubled_or_moved(name: str, data: st.DataObject) -> None:
    lines = FILES[name].splitlines(keepends=True)
    at = data.draw(st.integers(0, len(lines) - 1))
    line = lines.pop(at)
    for _ in range(data.draw(st.integers(0, 2))):
        lines.insert(data.draw(st.integers(0, len(lines))), line)
    _load(name, b"".join(lines))


@given(st.sampled_from(sorted(FILES)), st.data())
def test_flipped_bytes(name: str, data: st.DataObject) -> None:
    content = bytearray(FILES[name])
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    _load(name, bytes(content))


VALUES = st.sampled_from([b"0", b"-1", b"1", b"0xFFFFFFFF", b"1e99", b"true", b'""', b'"x"', b"[]", b"[1]",
                          b"{}", b"nan", b"1979-05-27", b"99999999999999999999"])


@given(st.sampled_from(sorted(FILES)), VALUES, st.data())
def test_another_value(name: str, value: bytes, data: st.DataObject) -> None:
    lines = FILES[name].splitlines(keepends=True)
    plain = [i for i, line in enumerate(lines) if b" = " in line and not line.startswith(b" ")]
    at = data.draw(st.sampled_from(plain))
    lines[at] = lines[at].split(b" = ")[0] + b" = " + value + b"\n"
    _load(name, b"".join(lines))
