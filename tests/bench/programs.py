"""Programs of a small model, compiled without a calibration (predictions are then zero)."""

from __future__ import annotations

import numpy as np

from tests.small_model import small_graph
from tinynas.boards import Board, load_board
from tinynas.compile import Program, compile_graph
from tinynas.cost import uncalibrated
from tinynas.graph import Graph
from tinynas.kernels import PATHS


def compiled(graph: Graph, board: Board) -> Program:
    return compile_graph(graph, board, coefficients=uncalibrated(board.core, [p.name for p in PATHS]))


def small_program(board: str = "mps2-an500", seed: int = 0) -> Program:
    return compiled(small_graph(np.random.default_rng(seed)), load_board(board))
