"""placeholder until the pico board lands"""
from __future__ import annotations
from tinynas.boards import Board
def boot_source(board: Board) -> str:
    raise NotImplementedError
