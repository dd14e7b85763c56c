"""A graph's C in a folder that appears whole or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tinynas.boards import HOST, Board
from tinynas.codegen.export import MARK, write_export
from tinynas.compile import compile_graph
from tinynas.cost import uncalibrated
from tinynas.errors import UsageError
from tinynas.graph import Graph
from tinynas.kernels import PATHS

ANY_CORE = Board("any core", HOST, 1, 1 << 32, 1 << 32)


@dataclass(frozen=True)
class Exported:
    sources: list[str]  # names under src/
    arena_bytes: int
    constants_bytes: int


def export_c(graph: Graph, board: Board | None, directory: Path) -> Exported:
    """Write the C of `graph`, kernels chosen for `board` (None: plain C), into `directory`.

    UsageError when `directory` holds something that is no earlier export; ModelError as `compile_graph`."""
    final = directory.absolute()
    if final.exists() and (not final.is_dir() or (any(final.iterdir()) and not (final / MARK).is_file())):
        raise UsageError(f"{directory} exists and is not an earlier export: choose another folder")
    if board is None:
        program = compile_graph(graph, ANY_CORE, coefficients=uncalibrated(HOST, [path.name for path in PATHS]))
    else:
        program = compile_graph(graph, board)
    final.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=f".{final.name}-", dir=final.parent))
    try:
        (fresh / "new").mkdir()
        sources = write_export(program, fresh / "new", board.name if board else "any core (plain C)")
        if final.exists():
            os.replace(final, fresh / "old")
        os.replace(fresh / "new", final)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return Exported([path.name for path in sources], program.sram.arena_bytes,
                    program.flash.weights_bytes + program.flash.tables_bytes)
