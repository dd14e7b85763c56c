"""Compiling C for the machine Python runs on.

A library is named by a hash of everything that went into it (sources, headers beside them,
compiler, flags), so it is built once and never stale; it appears by an atomic rename, so two
processes building the same thing do not disturb each other.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from tinynas.errors import ToolError
from tinynas.native.cache import cache_dir

SANITIZERS = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-fno-omit-frame-pointer", "-g")
BASE_FLAGS = ("-std=c11", "-O2", "-Wall", "-Wextra", "-Werror", "-fPIC", "-shared")
_CANDIDATES = ("cc", "gcc", "clang")
_TIMEOUT_S = 300


def install_hint() -> str:
    if sys.platform == "darwin":
        return "xcode-select --install"
    if sys.platform == "win32":
        return "winget install LLVM.LLVM"
    return "sudo apt-get install gcc libc6-dev"


def find_compiler() -> tuple[str, ...]:
    """The command that compiles C: $CC (which may hold arguments), else cc, gcc or clang.

    Raises ToolError with the command that installs one when there is none."""
    chosen = os.environ.get("CC", "").strip()
    if chosen:
        words = shlex.split(chosen)
        if shutil.which(words[0]) is None:
            raise ToolError(f"CC is set to '{chosen}', which is not there: unset CC or install it")
        return tuple(words)
    for name in _CANDIDATES:
        path = shutil.which(name)
        if path is not None:
            return (path,)
    raise ToolError(f"no C compiler found ({', '.join(_CANDIDATES)}); install one: {install_hint()}")


@lru_cache(maxsize=8)
def _version(compiler: tuple[str, ...]) -> str:
    return _run([*compiler, "--version"], "asking the compiler for its version")


def build_library(
    sources: Sequence[Path], include_dirs: Sequence[Path] = (), flags: Sequence[str] = (),
) -> Path:
    """Compile `sources` into a shared library; returns its path in the cache.

    Flags follow -std=c11 -O2 -Wall -Wextra -Werror; pass `SANITIZERS` for address and undefined
    behaviour checks (the process must then have their runtimes preloaded). Raises ToolError with the
    compiler's first complaint."""
    compiler = find_compiler()
    key = _content_hash(compiler, sources, include_dirs, flags)
    suffix = {"win32": ".dll", "darwin": ".dylib"}.get(sys.platform, ".so")
    target = cache_dir() / "native" / f"{sources[0].stem}-{key}{suffix}"
    if target.exists():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=target.parent, suffix=suffix + ".part")
    os.close(handle)
    part = Path(name)
    try:
        command = [*compiler, *BASE_FLAGS, *flags, *(f"-I{d}" for d in include_dirs),
                   *(str(s) for s in sources), "-o", str(part)]
        _run(command, f"compiling {', '.join(s.name for s in sources[:3])}")
        part.chmod(0o755)
        os.replace(part, target)
    finally:
        part.unlink(missing_ok=True)
    return target


def load(path: Path) -> ctypes.CDLL:
    """The library, loaded; ToolError when the system refuses it."""
    try:
        return ctypes.CDLL(str(path))
    except OSError as error:
        raise ToolError(f"cannot load {path.name}: {error}") from error


def _content_hash(
    compiler: tuple[str, ...], sources: Sequence[Path], include_dirs: Sequence[Path], flags: Sequence[str]
) -> str:
    """Headers count when they lie beside a source or in an include folder."""
    folders = {s.parent for s in sources} | set(include_dirs)
    headers = sorted({h for folder in folders for h in folder.glob("*.h")})
    digest = hashlib.sha256()
    for text in (*compiler, _version(compiler), sys.platform, *BASE_FLAGS, *flags):
        digest.update(text.encode() + b"\0")
    for file in (*sources, *headers):
        digest.update(file.name.encode() + b"\0" + hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()[:24]


def _run(command: Sequence[str], doing: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ToolError(f"{doing} failed: {error}") from error
    if done.returncode != 0:
        complaints = [line for line in done.stderr.splitlines() if "error" in line.lower()]
        first = (complaints or done.stderr.strip().splitlines() or ["no message"])[0]
        raise ToolError(f"{doing} failed: {first.strip()}")
    return done.stdout
