"""A run folder: what was asked (`config.json`), the study, the artefacts, and a lock while it is in use.

The same command finds its own folder and goes on; another command is refused instead of mixing two runs.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from tinynas.errors import OtherRunError, UsageError
from tinynas.runs.files import atomic_write_json
from tinynas.runs.study import Study


class RunFolder:
    """Open `path` for a run described by `config` (JSON); use as a context manager.

    UsageError when the folder holds a run of another config, or another process is using it.
    """

    def __init__(self, path: str | Path, config: Mapping[str, Any], storage: str | None = None) -> None:
        self.path = Path(path)
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self._lock = _take_lock(self.path / ".lock")
        except OSError as error:
            raise UsageError(f"cannot use run folder {self.path}: {error.strerror or error}") from error
        try:
            self._check_config(json.loads(json.dumps(config)))
            self.study = Study(self.path, storage)
        except BaseException:
            self._lock.close()
            raise

    @property
    def artefacts(self) -> Path:
        """Files under content names."""
        return self.path / "artefacts"

    def _check_config(self, config: dict[str, Any]) -> None:
        file = self.path / "config.json"
        if not file.exists():
            atomic_write_json(file, config)
            return
        try:
            kept = json.loads(file.read_text())
        except ValueError as error:
            raise UsageError(f"{file} is damaged ({error}); delete it or choose another folder") from error
        if kept != config:
            raise OtherRunError(f"{self.path} holds another run ({_difference(kept, config)}); "
                             "choose another folder or delete this one")

    def close(self) -> None:
        self._lock.close()

    def __enter__(self) -> RunFolder:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.close()


def _take_lock(file: Path) -> IO[str]:
    """An advisory lock that ends with the process, however it ends. Elsewhere than on POSIX: none."""
    handle = open(file, "a+")
    if os.name == "posix":
        import fcntl

        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            handle.close()
            raise UsageError(
                f"another process uses run folder {file.parent}; wait for it or choose another") from error
    return handle


def _difference(kept: Any, asked: Any, name: str = "") -> str:
    """The first setting that differs, in words."""
    if isinstance(kept, dict) and isinstance(asked, dict):
        for key in [*kept, *(k for k in asked if k not in kept)]:
            if kept.get(key) != asked.get(key):
                return _difference(kept.get(key), asked.get(key), f"{name}.{key}" if name else str(key))
    return f"{name or 'config'} is {json.dumps(kept)} there and {json.dumps(asked)} here"
