"""Compile a program's generated C for the host and run it: the fastest judge of the generator."""

from __future__ import annotations

import ctypes
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tinynas.boards import HOST, Board
from tinynas.codegen import generate_model
from tinynas.compile import Program, compile_graph
from tinynas.cost import uncalibrated
from tinynas.graph import Graph
from tinynas.kernels import PATHS
from tinynas.native import build_library, load

HOST_BOARD = Board("host", HOST, 1_000_000_000, 1 << 30, 1 << 30)
GUARD = 64


def compile_for_host(graph: Graph) -> Program:
    return compile_graph(graph, HOST_BOARD, coefficients=uncalibrated(HOST, [p.name for p in PATHS]))


class HostModel:
    """A loaded model with guard bytes on both sides of its arena."""

    def __init__(self, program: Program, flags: Sequence[str] = ("-O1",)) -> None:
        self.program = program
        with tempfile.TemporaryDirectory() as folder:
            sources = generate_model(program).write(Path(folder))
            self._library = load(build_library(sources, [Path(folder)], flags))
        self._library.tinynas_invoke.argtypes = [ctypes.c_void_p] * 3
        arena_bytes = max(program.sram.arena_bytes, 4)
        self._memory = np.zeros(arena_bytes + 2 * GUARD + 16, np.uint8)
        self._start = GUARD + -(self._memory.ctypes.data + GUARD) % 16
        self._end = self._start + arena_bytes

    def run(self, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Outputs of one inference; AssertionError when it wrote outside the arena."""
        graph = self.program.graph
        packed = np.frombuffer(b"".join(np.ascontiguousarray(v).tobytes() for v in inputs), np.uint8).copy()
        size = sum(graph.tensors[t].size_bytes for t in graph.outputs)
        result = np.zeros(size, np.uint8)
        self._memory[:] = 0xA5
        status = self._library.tinynas_invoke(
            self._memory.ctypes.data + self._start, packed.ctypes.data, result.ctypes.data)
        assert status == 0
        assert (self._memory[: self._start] == 0xA5).all(), "wrote below the arena"
        assert (self._memory[self._end:] == 0xA5).all(), "wrote above the arena"
        outputs, at = [], 0
        for t in graph.outputs:
            tensor = graph.tensors[t]
            piece = result[at:at + tensor.size_bytes].tobytes()
            outputs.append(np.frombuffer(piece, tensor.dtype).reshape(tensor.shape))
            at += tensor.size_bytes
        return outputs
