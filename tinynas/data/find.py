"""Which data a command uses: the first place that has some.

In this order: what the caller names; TINYNAS_DATA; `../shared/datasets` beside the checkout or the current
folder; what `tinynas data fetch` has put into the cache; else the synthetic set. The data set says which in
`source`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from tinynas.data.builtin import load_builtin
from tinynas.data.cache import cache_dir
from tinynas.data.dataset import TASKS, Dataset
from tinynas.data.folders import load_folders, looks_official
from tinynas.data.subset import find_archive, load_subset
from tinynas.errors import DataError

BUILTIN = "builtin"


def fetched_dir(name: str) -> Path:
    """Where `tinynas data fetch NAME` puts a data set."""
    return cache_dir("datasets", name)


def find_dataset(task: str = "kws12", explicit: str | Path | None = None) -> Dataset:
    """The data set of a task ("kws12" or "kws9").

    explicit: a folder or archive that must be used, or "builtin" for the synthetic set. Raises DataError when
    the place named (there or in TINYNAS_DATA) has no usable data, or the data leaks between the splits.
    """
    if task not in TASKS:
        raise DataError(f"unknown task '{task}'; known: {', '.join(TASKS)}")
    named = explicit or os.environ.get("TINYNAS_DATA") or None
    if named is not None:
        return load_builtin(task) if str(named) == BUILTIN else load_place(Path(named), task)
    for place in _usual_places():
        if find_archive(place) is not None or looks_official(place, task):
            return load_place(place, task)
    return load_builtin(task)


def load_place(place: Path, task: str) -> Dataset:
    """The data set at a folder or archive, by what lies there. Raises DataError."""
    if not place.exists():
        raise DataError(f"no data at {place}; set TINYNAS_DATA to a folder or archive that exists")
    if find_archive(place) is not None:
        return load_subset(place, task)
    return load_folders(place, task)


def _usual_places() -> Iterator[Path]:
    checkout = Path(__file__).resolve().parents[2]
    seen = set()
    for base in (checkout.parent, Path.cwd().parent):
        place = base / "shared" / "datasets"
        if place not in seen:
            seen.add(place)
            yield place
    yield fetched_dir("speech_commands")
