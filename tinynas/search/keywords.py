"""The keyword task from recorded speech to a chosen model, as one call.

Feasibility is checked first, in seconds and without data; then the features are made (or found in the
cache), the search runs, and the run folder ends with `model.tflite` and `search.json`, which holds everything
a report needs.
"""

from __future__ import annotations

import platform
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from tinynas import __version__
from tinynas.audio import FrontEnd, Quantizer
from tinynas.boards import Board
from tinynas.compile import Budgets
from tinynas.data import CLIP_SAMPLES, TASKS, Dataset, find_dataset
from tinynas.errors import ToolError, UsageError
from tinynas.graph import Quantization
from tinynas.runs import RunFolder, atomic_write, atomic_write_json
from tinynas.search.driver import Progress, Winner, search
from tinynas.search.feasible import Feasible
from tinynas.search.pricing import price_on
from tinynas.search.settings import SearchSettings
from tinynas.space import KwsConv
from tinynas.train import Prepared, prepare

NOMINAL_INPUT = Quantization.per_tensor(1 / 32, 0)  # prices do not depend on its values
NEEDED_MODULES = ("tensorflow", "keras", "optuna", "tflite_micro")
REPORTED_PACKAGES = ("tensorflow-cpu", "tensorflow", "keras", "tflite-micro", "numpy", "optuna")


@dataclass(frozen=True)
class Keywords:
    """What is asked: a task ("kws12", "kws9"), a board and budgets. `data`: a folder or archive, or None for
    the usual places."""

    board: Board
    budgets: Budgets
    task: str = "kws12"
    data: str | None = None
    front_end: FrontEnd = FrontEnd()


@dataclass(frozen=True)
class Found:
    """The chosen model and what it was chosen for. `model`: `model.tflite` in the run folder."""

    winner: Winner
    model: Path
    dataset: Dataset
    front_end: FrontEnd
    quantizer: Quantizer


def search_keywords(asked: Keywords, out: str | Path, settings: SearchSettings, storage: str | None = None,
                    progress: Callable[[Progress], None] | None = None) -> Found:
    """Search, train and choose; the same call on the same folder goes on where it was stopped.

    Raises UsageError for an unknown task or a folder with another run in it, BudgetError (before any work on
    data) when nothing keeps the budgets, DataError for data that is missing or damaged, ToolError when
    a package is not installed or every training failed.
    """
    if asked.task not in TASKS:
        raise UsageError(f"unknown task '{asked.task}'; known: {', '.join(TASKS)}")
    missing = [name for name in NEEDED_MODULES if find_spec(name) is None]
    if missing:
        raise ToolError(f"a search needs {', '.join(missing)}: pip install 'tinynas[train,search]'")
    columns = asked.front_end.frames(CLIP_SAMPLES)
    space = KwsConv((columns, asked.front_end.width, 1), len(TASKS[asked.task]))
    nominal = price_on(asked.board, asked.front_end, columns, NOMINAL_INPUT)
    Feasible(space, nominal, asked.budgets).random(np.random.default_rng(settings.seed))
    dataset = find_dataset(asked.task, asked.data)
    config = {"space": space.name, "task": asked.task, "dataset": dataset.key, "board": asked.board.name,
              "budgets": asdict(asked.budgets), "front_end": asdict(asked.front_end), **settings.config()}
    with RunFolder(out, config, storage) as run:
        data = prepare(dataset, asked.front_end, settings.augment, _features_progress(progress))
        quantization = Quantization.per_tensor(data.quantizer.scale, data.quantizer.zero_point)
        price = price_on(asked.board, asked.front_end, columns, quantization)
        winner = search(space, price, asked.budgets, data, run, settings, asked.board.name, progress)
        model = atomic_write(run.path / "model.tflite", winner.model.read_bytes())
        atomic_write_json(run.path / "search.json", facts(asked, settings, dataset, data, winner))
    return Found(winner, model, dataset, data.front_end, data.quantizer)


def facts(asked: Keywords, settings: SearchSettings, dataset: Dataset, data: Prepared,
          winner: Winner) -> dict[str, Any]:
    """Everything about a finished search, as JSON."""
    return {
        "board": asked.board.name,
        "clock_hz": asked.board.clock_hz,
        "budgets": asdict(asked.budgets),
        "task": asked.task,
        "dataset": {"source": dataset.source, "synthetic": dataset.synthetic, "key": dataset.key,
                    "classes": list(dataset.classes), "counts": dataset.counts()},
        "space": winner.arch.space,
        "strategy": settings.strategy,
        "seed": settings.seed,
        "candidates_costed": winner.candidates_costed,
        "candidates_trained": winner.candidates_trained,
        "seconds": round(winner.seconds, 1),
        "front_end": asdict(data.front_end),
        "quantizer": asdict(data.quantizer),
        "winner": {"arch": winner.arch.to_json(), "arch_id": winner.arch.id, "model": "model.tflite",
                   "description": winner.arch.describe(), "cost": winner.cost.to_json(),
                   "val": winner.val.to_json(), "test": winner.test.to_json()},
        "trained": [{"stage": d.stage, "trial": d.number, "arch_id": d.arch.id, "arch": d.arch.to_json(),
                     "description": d.arch.describe(), "cost": d.cost.to_json(), "accuracy": d.accuracy,
                     "model": d.result.model} for d in winner.trained],
        "versions": versions(),
    }


def versions() -> dict[str, str]:
    """What a number may depend on."""
    found = {"tinynas": __version__, "python": platform.python_version()}
    for name in REPORTED_PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def _features_progress(
    progress: Callable[[Progress], None] | None,
) -> Callable[[int, int, float], None] | None:
    if progress is None:
        return None
    tell = progress
    return lambda done, total, left: tell(
        Progress("features", f"features of {done:,} of {total:,} clips, {left:.0f} s left", None))
