"""A firmware project: runtime, start-up, linker script and an application, ready to compile.

`write_firmware` copies the runtime sources the board needs, renders the board's figures into a
header, register tables, a vector table and a linker script, and writes a Makefile and a manifest
(`firmware.json`) from which `tinynas.target.toolchain` builds. The same inputs give the same bytes.
The folder appears whole or not at all: it is written beside its place and renamed.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tinynas import __version__
from tinynas.boards import Board, gcc_flags, variant_of
from tinynas.codegen.board_files import render_board_files
from tinynas.errors import BudgetError, UsageError
from tinynas.resources import resource_dir

MANIFEST = "firmware.json"
STACK_BYTES = 8 * 1024
_HARNESS_RESERVE_BYTES = 16 * 1024
_COMMON = ("startup.c", "board_init.c", "steps.c", "caches.c", "uart_ring.c", "timer_calibrate.c",
           "fault.c", "exit.c", "stack.c", "integrity.c", "string.c", "copy_area.c")
_HEADERS = ("tinynas_runtime.h", "tinynas_internal.h", "registers.h", "steps.h", "uart_ring.h")
_WARNINGS = ("-Wall", "-Wextra", "-Werror")


@dataclass(frozen=True)
class FirmwareProject:
    """A written project. Paths are relative to `directory`, except `directory` itself."""

    directory: Path
    board: str
    variant: str
    sources: tuple[str, ...]
    flags: tuple[str, ...]
    linker_script: str
    stack_bytes: int
    arena_region: str


def write_firmware(board: Board, variant: str, directory: Path, app_sources: Sequence[Path], *,
                   arena_bytes: int = 0, stack_bytes: int = STACK_BYTES, copy_bytes: int = 0,
                   baud: int | None = None, defines: Mapping[str, str] | None = None) -> FirmwareProject:
    """Write the project of an application for a board ("board") or its emulator stand-in ("qemu").

    `app_sources`: .c files to compile and headers they include; one of them defines main(). They
    are copied flat into src/. `arena_bytes` chooses the memory the arena lies in (the first listed
    that holds it). `copy_bytes`: set aside for a copy of the input, if so many are left in the end.
    `defines` are added to every compilation.
    Raises BudgetError when the arena fits no memory, UsageError when `directory` holds something
    that is not a firmware project, or two sources have one name."""
    target = variant_of(board, variant)
    arena_region = _arena_region(target, arena_bytes, stack_bytes)
    files = _sources(app_sources)
    files.update(_runtime(target))
    files.update(render_board_files(target, variant, arena_region, stack_bytes, baud, copy_bytes))
    sources = tuple(sorted(name for name in files if name.endswith(".c")))
    manifest = _manifest(target, variant, sources, stack_bytes, arena_region, defines or {})
    files[MANIFEST] = (json.dumps(manifest, indent=2, sort_keys=True) + "\n").encode()
    files["Makefile"] = _makefile(target, manifest)
    _write_whole(directory, files)
    return FirmwareProject(directory, board.name, variant, sources, tuple(manifest["flags"]),
                           manifest["linker_script"], stack_bytes, arena_region)


def _arena_region(target: Board, arena_bytes: int, stack_bytes: int) -> str:
    """The first memory listed for arenas that holds it (beside stack and harness, where they share
    one), else the largest: then the linker has the last word."""
    regions = target.regions_for("arena")
    for region in regions:
        shared = stack_bytes + _HARNESS_RESERVE_BYTES if "data" in region.use else 0
        if arena_bytes + shared <= region.length:
            return region.name
    largest = max(regions, key=lambda r: r.length)
    if arena_bytes <= largest.length:
        return largest.name
    raise BudgetError(f"an arena of {arena_bytes} bytes does not fit board {target.name}: its largest "
                      f"memory for arenas has {target.sram_bytes} bytes")


def _sources(paths: Sequence[Path]) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    for path in sorted(paths, key=lambda p: p.name):
        name = f"src/{path.name}"
        content = path.read_bytes()
        if files.get(name, content) != content:
            raise UsageError(f"two different sources are named {path.name}")
        files[name] = content
    return files


def _runtime(target: Board) -> dict[str, bytes]:
    assert target.uart and target.timer
    folder = resource_dir("firmware") / "runtime"
    names = {*_COMMON, *_HEADERS, f"uart_{target.uart.kind}.c", f"timer_{target.timer.kind}.c"}
    if target.timer.kind in ("dwt", "systick"):
        names.add("systick.c")
    return {f"runtime/{n}": (folder / n).read_bytes() for n in sorted(names)}


def _manifest(target: Board, variant: str, sources: Sequence[str], stack_bytes: int,
              arena_region: str, defines: Mapping[str, str]) -> dict[str, Any]:
    flags = [*gcc_flags(target.core), "-std=gnu11", "-O2", "-g", "-ffunction-sections",
             "-fdata-sections", "-fno-common", *_WARNINGS,
             *(f"-D{k}={v}" if v else f"-D{k}" for k, v in sorted(defines.items()))]
    return {
        "format": 1,
        "board": target.name,
        "variant": variant,
        "core": target.core.name,
        "sources": list(sources),
        "includes": ["-Iboard", "-Iruntime", "-Isrc"],
        "flags": flags,
        "link_flags": ["-nostdlib", "-Tboard/linker.ld", "-Wl,--gc-sections",
                       "-Wl,--orphan-handling=error"],
        "linker_script": "board/linker.ld",
        "stack_bytes": stack_bytes,
        "arena_region": arena_region,
        "flash_limit_bytes": target.flash_bytes,
        "sram_limit_bytes": target.sram_bytes,
    }


def _makefile(target: Board, manifest: Mapping[str, Any]) -> bytes:
    from tinynas.codegen.board_files import template

    return template("Makefile.j2").render(name=target.name, version=__version__,
                                          **manifest).encode()


def _write_whole(directory: Path, files: Mapping[str, bytes]) -> None:
    """All files, in a folder that appears at once. An older project there is replaced."""
    directory = directory.absolute()
    if directory.exists() and not (directory / MANIFEST).is_file() and any(directory.iterdir()):
        raise UsageError(f"{directory} exists and is not a firmware project: choose another folder")
    directory.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=f".{directory.name}-", dir=directory.parent))
    try:
        for name, content in files.items():
            path = fresh / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        fresh.chmod(0o755)
        old = None
        if directory.exists():
            old = Path(tempfile.mkdtemp(prefix=f".{directory.name}-old-", dir=directory.parent))
            os.replace(directory, old)
        os.replace(fresh, directory)
        if old is not None:
            shutil.rmtree(old, ignore_errors=True)
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise
