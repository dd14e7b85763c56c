"""Files that are either whole or absent.

A process may be killed at any moment. Everything tinynas keeps is written beside its final name
first, flushed to the disk, and then renamed over it: a reader sees the old file or the new one,
never half of either. Artefacts are named by their content, so writing one twice is harmless.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
from pathlib import Path
from typing import Any


def atomic_write(path: str | Path, data: bytes) -> Path:
    """Write `data` to `path`, creating folders; the file appears whole or not at all.

    Returns the path. Raises OSError (disk full, read-only folder); then nothing is left behind
    and a file that was there before is untouched.
    """
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".part", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(name, 0o666 & ~_umask())
        os.replace(name, target)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise
    _sync_folder(target.parent)
    return target


def atomic_write_text(path: str | Path, text: str) -> Path:
    """`atomic_write` of UTF-8 text."""
    return atomic_write(path, text.encode("utf-8"))


def atomic_write_json(path: str | Path, value: Any) -> Path:
    """`atomic_write` of indented JSON with a final newline; keys keep their order."""
    return atomic_write_text(path, json.dumps(value, indent=2) + "\n")


def content_key(*parts: bytes | str, length: int = 16) -> str:
    """Hex name of what the parts say (SHA-256, shortened); the boundaries between them count."""
    digest = hashlib.sha256()
    for part in parts:
        raw = part.encode("utf-8") if isinstance(part, str) else part
        digest.update(len(raw).to_bytes(8, "little"))
        digest.update(raw)
    return digest.hexdigest()[:length]


def store_artefact(folder: str | Path, data: bytes, suffix: str) -> Path:
    """Keep `data` in `folder` under a name made from its content; written once."""
    path = Path(folder) / f"{content_key(data)}{suffix}"
    return path if path.exists() else atomic_write(path, data)


def user_cache(*parts: str) -> Path:
    """The folder for things that can be made again: `TINYNAS_CACHE`, else the XDG cache folder."""
    chosen = os.environ.get("TINYNAS_CACHE")
    if chosen:
        root = Path(chosen)
    else:
        xdg = os.environ.get("XDG_CACHE_HOME")
        root = (Path(xdg) if xdg else Path.home() / ".cache") / "tinynas"
    return root.joinpath(*parts)


def _umask() -> int:
    """The process's umask (mkstemp ignores it; ordinary files should not)."""
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _sync_folder(folder: Path) -> None:
    """Make the rename itself durable where the system can."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
