"""Finding a board by name or path."""

from __future__ import annotations

import difflib
from pathlib import Path

from tinynas.boards.load import read_board
from tinynas.boards.model import Board
from tinynas.errors import BoardError
from tinynas.resources import resource_dir


def list_boards() -> list[str]:
    """Names of the boards that come with tinynas, sorted."""
    return sorted(p.stem for p in resource_dir("boards").glob("*.toml"))


def load_board(name_or_path: str | Path) -> Board:
    """A board that comes with tinynas, by name, or any board file by its path (*.toml).

    Raises BoardError: an unknown name lists near ones; a bad file names file and field."""
    text = str(name_or_path)
    if text.endswith(".toml"):
        return read_board(Path(text))
    names = list_boards()
    if text in names:
        return read_board(resource_dir("boards") / f"{text}.toml")
    near = difflib.get_close_matches(text, names, n=3, cutoff=0.4)
    near += [n for n in names if text and text.lower() in n and n not in near]
    hint = f"did you mean {' or '.join(near)}?" if near else f"known: {', '.join(names)}"
    raise BoardError(f"unknown board '{text}': {hint}")
