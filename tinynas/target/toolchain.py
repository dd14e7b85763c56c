"""The cross compiler: a firmware project (its `firmware.json`) to an ELF.

Every object is compiled in the project's folder with relative paths, so no path of this machine
gets into the image. Objects are cached by the content that made them (flags, source, headers, the
compiler itself), because a bench session builds the same runtime again and again.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from tinynas.errors import BudgetError, ToolError

INSTALL = "sudo apt-get install gcc-arm-none-eabi libnewlib-arm-none-eabi"
_TIMEOUT_S = 300


@dataclass(frozen=True)
class Toolchain:
    """A found compiler: its absolute path and the first line of --version."""

    gcc: str
    version: str


@lru_cache(maxsize=8)
def _version(gcc: str) -> str:
    try:
        out = subprocess.run([gcc, "--version"], capture_output=True, text=True, timeout=60, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        raise ToolError(f"{gcc} does not run ({error}): {INSTALL}") from error
    return out.stdout.splitlines()[0]


def find_toolchain() -> Toolchain:
    """arm-none-eabi-gcc from TINYNAS_ARM_GCC or PATH. Raises ToolError with the install command."""
    wanted = os.environ.get("TINYNAS_ARM_GCC", "arm-none-eabi-gcc")
    gcc = shutil.which(wanted)
    if gcc is None:
        raise ToolError(f"{wanted} was not found: {INSTALL}")
    return Toolchain(gcc, _version(gcc))


def build(directory: Path, *, jobs: int = 2, cache: Path | None = None) -> Path:
    """Compile and link the project in `directory`; returns the path of build/firmware.elf.

    `cache`: a folder of objects by content hash, shared between projects; None: no cache.
    Raises ToolError with the compiler's first error, BudgetError when the image does not fit."""
    directory = Path(directory)
    manifest = read_manifest(directory)
    tool = find_toolchain()
    headers = {p.name: p for pattern in ("*/*.h", "*/*.inc") for p in sorted(directory.glob(pattern))}
    todo = [(tool, directory, manifest, source, headers, cache) for source in manifest["sources"]]
    with ThreadPoolExecutor(max_workers=max(1, jobs)) as pool:
        objects = list(pool.map(lambda job: _compile(*job), todo))
    return _link(tool, directory, manifest, objects)


def read_manifest(directory: Path) -> dict[str, Any]:
    """The project's firmware.json. Raises ToolError when there is none."""
    path = directory / "firmware.json"
    try:
        manifest: dict[str, Any] = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise ToolError(f"{directory} is not a firmware project: {error}") from error
    return manifest


def _content_digest(source: Path, headers: Mapping[str, Path]) -> bytes:
    """Of a source and every project header it includes, directly or not."""
    digest = hashlib.sha256()
    seen: set[Path] = set()
    todo = [source]
    while todo:
        path = todo.pop()
        if path in seen:
            continue
        seen.add(path)
        content = path.read_bytes()
        digest.update(path.name.encode() + b"\0" + content + b"\0")
        names = re.findall(rb'^\s*#\s*include\s*"(?:[^"]*/)?([^"/]+)"', content, re.M)
        todo += [headers[n.decode()] for n in reversed(names) if n.decode() in headers]
    return digest.digest()


def _compile(tool: Toolchain, directory: Path, manifest: dict[str, Any], source: str,
             headers: Mapping[str, Path], cache: Path | None) -> str:
    output = Path("build") / Path(source).with_suffix(".o")
    path = directory / output
    path.parent.mkdir(parents=True, exist_ok=True)
    command = [tool.gcc, *manifest["flags"], *manifest["includes"], "-ffile-prefix-map="
               f"{directory.absolute()}=.", "-c", source, "-o", str(output)]
    kept = None
    if cache is not None:
        told = [tool.version, *manifest["flags"], *manifest["includes"], source]
        digest = hashlib.sha256("\0".join(told).encode())
        digest.update(_content_digest(directory / source, headers))
        kept = cache / f"{digest.hexdigest()}.o"
        if kept.is_file():
            shutil.copyfile(kept, path)
            return str(output)
    _run(command, directory, source)
    if kept is not None:
        kept.parent.mkdir(parents=True, exist_ok=True)
        fresh = kept.with_suffix(f".{os.getpid()}.{id(path)}.tmp")
        shutil.copyfile(path, fresh)
        os.replace(fresh, kept)
    return str(output)


def _link(tool: Toolchain, directory: Path, manifest: dict[str, Any], objects: list[str]) -> Path:
    elf = Path("build") / "firmware.elf"
    command = [tool.gcc, *manifest["flags"], *manifest["link_flags"], "-Wl,--emit-relocs",
               "-Wl,-Map=build/firmware.map", *objects, "-lgcc", "-o", str(elf)]
    _run(command, directory, f"link of {manifest['board']} ({manifest['variant']})")
    return directory / elf


def _run(command: list[str], directory: Path, what: str) -> None:
    try:
        done = subprocess.run(command, cwd=directory, capture_output=True, text=True,
                              timeout=_TIMEOUT_S, env={**os.environ, "LC_ALL": "C"})
    except subprocess.TimeoutExpired as error:
        raise ToolError(f"{what}: {command[0]} took longer than {_TIMEOUT_S} s") from error
    except OSError as error:
        raise ToolError(f"{what}: {command[0]} cannot be run: {error}") from error
    if done.returncode == 0:
        return
    over = re.search(r"region [`'](\w+)' overflowed by (\d+) bytes", done.stderr)
    if over:
        raise BudgetError(f"{what}: the image exceeds memory '{over[1]}' by {over[2]} bytes")
    raise ToolError(f"{what}: {_first_error(done.stderr)}")


def _first_error(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    for line in lines:
        if re.search(r"\berror\b|undefined reference|multiple definition|unplaced orphan", line):
            return line
    return lines[-1] if lines else "failed without a message"
