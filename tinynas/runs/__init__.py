"""Run folders: the only state. A study's storage is the truth about trials, artefacts lie beside
it under content names, and every file is written whole or not at all."""

from tinynas.runs.files import (
    atomic_write,
    atomic_write_json,
    atomic_write_text,
    content_key,
    store_artefact,
    user_cache,
)
from tinynas.runs.folder import RunFolder
from tinynas.runs.study import Study, Trial

__all__ = [
    "RunFolder",
    "Study",
    "Trial",
    "atomic_write",
    "atomic_write_json",
    "atomic_write_text",
    "content_key",
    "store_artefact",
    "user_cache",
]
