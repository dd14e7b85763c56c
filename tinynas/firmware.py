"""A program's firmware, built: a project of C sources and its linked ELF, in a folder that appears whole."""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tinynas.boards import Board
from tinynas.codegen import model_hash
from tinynas.codegen.firmware import MANIFEST
from tinynas.codegen.project import generate_firmware
from tinynas.compile import Budgets, Flash, Program, Sram, check_fit, compile_graph
from tinynas.errors import UsageError
from tinynas.graph.read_tflite import read_tflite
from tinynas.runs.files import user_cache
from tinynas.target.elf import footprint
from tinynas.target.folder import MODEL, read_folder
from tinynas.target.toolchain import build, find_toolchain


@dataclass(frozen=True)
class Firmware:
    """A built firmware. `flash`, `sram`: what the linked image holds (stack as reserved, not as used)."""

    directory: Path
    elf: Path
    compiler: str
    flash: Flash
    sram: Sram


def build_firmware(
    program: Program, board: Board, directory: Path, *, variant: str = "board", budgets: Budgets | None = None,
    model: bytes | None = None,
) -> Firmware:
    """Generate and build `program` for `board` in `directory` (absent, empty, or an earlier project).

    `variant`: "board", or "qemu" for its stand-in. `model`: the .tflite, kept in the folder, so that `bench` can
    check the firmware against it. BudgetError before anything is compiled when the program
    breaks a budget or the board; ToolError without a compiler. After an error `directory` is as it was."""
    check_fit(program, budgets)
    compiler = find_toolchain().version
    final = directory.absolute()
    if final.exists() and not _replaceable(final):
        raise UsageError(f"{directory} exists and is not a firmware project: choose another folder")
    made = _make_parents(final.parent)
    fresh = Path(tempfile.mkdtemp(prefix=f".{final.name}-", dir=final.parent))
    try:
        project = generate_firmware(program, board, fresh / "new", variant)
        elf = build(project.directory, cache=user_cache("objects"))
        flash, sram = footprint(elf)
        if model is not None:
            (project.directory / MODEL).write_bytes(model)
        if final.exists():
            os.replace(final, fresh / "old")
        os.replace(project.directory, final)
    except BaseException:
        for parent in made:
            shutil.rmtree(parent, ignore_errors=True)
        raise
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return Firmware(final, final / elf.relative_to(project.directory), compiler, flash, sram)


def elf_for(source: Path, board: Board) -> Path:
    """The firmware for the board itself: of an ELF, that; of a folder `build` has left, its ELF; of a model,
    one that is built in tinynas' cache.

    Errors as `build_firmware`, and UsageError for a folder of another board."""
    if source.is_dir():
        folder = read_folder(source)
        if (folder.board, folder.variant) != (board.name, "board"):
            raise UsageError(f"{source} is a firmware for {folder.board}, variant {folder.variant}, not for "
                             f"{board.name} itself: build it with --board {board.name} --variant board")
        return folder.elf if folder.elf.is_file() else build(source, cache=user_cache("objects"))
    if source.suffix == ".elf":
        return source
    program = compile_graph(read_tflite(source), board)
    place = user_cache("flash", f"{program.graph.name}-{board.name}-{model_hash(program)}")
    return build_firmware(program, board, place).elf


def _replaceable(folder: Path) -> bool:
    return folder.is_dir() and ((folder / MANIFEST).is_file() or not any(folder.iterdir()))


def _make_parents(folder: Path) -> list[Path]:
    """Create `folder`; the outermost folder that had to be made, in a list, or nothing."""
    missing = [p for p in (folder, *folder.parents) if not p.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    return missing[-1:]
