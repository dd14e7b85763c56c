"""Writes boards/NAME.repl for every board Renode has models for. Run it after a change of a board's file;
a test compares. The emulator itself is given the same text, made anew from the board's file at each run."""

from __future__ import annotations

from pathlib import Path

from tinynas.boards import list_boards, load_board
from tinynas.errors import BoardError
from tinynas.target.emulate.renode_text import platform


def main() -> None:
    folder = Path(__file__).resolve().parent.parent / "boards"
    for name in list_boards():
        try:
            text = platform(load_board(name))
        except BoardError as error:
            print(f"{name}: {error}")
            continue
        (folder / f"{name}.repl").write_text(text)
        print(f"{name}.repl")


if __name__ == "__main__":
    main()
