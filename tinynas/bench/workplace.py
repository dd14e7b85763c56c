"""Where a bench run builds: a folder of its own that takes its final name when everything went well."""

from __future__ import annotations

import errno
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tinynas.errors import UsageError
from tinynas.runs.files import user_cache

MARK = Path("firmware") / "firmware.json"  # what an earlier run has left is known by this


@dataclass(frozen=True)
class Workplace:
    path: Path  # exists, empty
    final: Path  # what `path` will be called


@contextmanager
def workplace(directory: Path | None, name: str) -> Iterator[Workplace]:
    """A fresh folder beside `directory` (None: one for `name` in the cache), which replaces it at the end.

    After an error the fresh folder is gone and `directory` is as it was. UsageError when `directory` holds
    something that no earlier run has left."""
    final = (user_cache("bench", _file_name(name)) if directory is None else Path(directory)).absolute()
    if final.exists() and not (final / MARK).is_file() and (not final.is_dir() or any(final.iterdir())):
        raise UsageError(f"{final} exists and is not from an earlier bench: choose another folder")
    parents = [p for p in final.parents if not p.exists()]
    final.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=f".{final.name}-", dir=final.parent))
    try:
        yield Workplace(fresh, final)
        fresh.chmod(0o755)
        _replace(fresh, final)
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        for parent in parents:
            if directory is not None and not any(parent.iterdir()):
                parent.rmdir()
        raise


def _replace(fresh: Path, final: Path) -> None:
    """Other processes may do the same at the same time: the last one wins, each folder stays whole."""
    for _ in range(100):
        try:
            if final.exists() and any(final.iterdir()):
                old = Path(tempfile.mkdtemp(prefix=f".{final.name}-old-", dir=final.parent))
                os.replace(final, old)
                shutil.rmtree(old, ignore_errors=True)
            os.replace(fresh, final)
            return
        except OSError as error:
            if error.errno not in (errno.ENOENT, errno.ENOTEMPTY, errno.EEXIST) or not fresh.exists():
                raise
    raise UsageError(f"{final} is changed by another process all the time")


def _file_name(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "_", name).strip("._") or "model"
