"""Trials: one training each, entered in the study when it starts and completed when it ends.

A trial that finished in an earlier run of the same command is not repeated: its result comes back at once.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tinynas import __version__
from tinynas.errors import TinynasError
from tinynas.runs import Study, Trial, content_key
from tinynas.search.cost import Cost
from tinynas.space import Arch
from tinynas.train import Job, Prepared, Recipe, Result

Submit = Callable[[Job, Callable[[dict[str, Any]], None]], "Future[Result]"]
Report = Callable[["Running", dict[str, Any]], None]


@dataclass(frozen=True)
class Running:
    """What is being trained, for whoever shows progress."""

    stage: str  # "short" or "long"
    index: int
    arch: Arch


@dataclass(frozen=True)
class Done:
    """A finished training. `again`: it was found in the study, not trained now."""

    stage: str
    index: int
    arch: Arch
    cost: Cost
    result: Result
    number: int
    again: bool

    @property
    def accuracy(self) -> float:
        """int8, validation speakers, TFLite Micro interpreter."""
        return self.result.val.accuracy


class Trials:
    """Starts trainings through `submit` (TrainingPool.submit) and keeps the study."""

    def __init__(self, study: Study, submit: Submit, data: Prepared, artefacts: Path, board: str,
                 minutes: float | None, report: Report | None = None) -> None:
        self.study, self.data, self.artefacts, self.board = study, data, artefacts, board
        self.minutes = minutes
        self._submit, self._report = submit, report
        self._known = study.finished()
        self._lock = threading.Lock()
        self.last_error: TinynasError | None = None

    def start(self, stage: str, index: int, arch: Arch, cost: Cost, recipe: Recipe) -> Future[Done | None]:
        """The future gives None when the training failed (the study says why)."""
        known = self._find(stage, arch, recipe)
        if known is not None:
            result = Result.from_json(known.facts["result"])
            return _ready(Done(stage, index, arch, cost, result, known.number, True))
        running = Running(stage, index, arch)
        key = self._key(stage, arch, recipe)
        with self._lock:
            number = self.study.begin(key, {
                "stage": stage, "index": index, "arch": arch.to_json(), "arch_id": arch.id,
                "cost": cost.to_json(), "board": self.board, "recipe": recipe.to_json(),
                "version": __version__})
        outcome: Future[Done | None] = Future()

        def ended(future: Future[Result]) -> None:
            try:
                outcome.set_result(self._end(future, running, cost, number))
            except BaseException as error:
                outcome.set_exception(error)

        job = Job(arch, recipe, self.data.folder, self.artefacts)
        self._submit(job, lambda e: self._tell(running, e)).add_done_callback(ended)
        return outcome

    def knows(self, stage: str, arch: Arch, recipe: Recipe) -> bool:
        """True when this training finished in an earlier run and its model is still there."""
        return self._find(stage, arch, recipe) is not None

    def _find(self, stage: str, arch: Arch, recipe: Recipe) -> Trial | None:
        known = self._known.get(self._key(stage, arch, recipe))
        if known is None or not (self.artefacts / known.facts["result"]["model"]).is_file():
            return None
        return known

    def _key(self, stage: str, arch: Arch, recipe: Recipe) -> str:
        """Everything a result depends on. How long it took is not part of it, but a long training of a
        search with more minutes is another training."""
        minutes = str(self.minutes) if stage == "long" else ""
        return content_key(stage, arch.id, json.dumps(replace(recipe, seconds=None).to_json()),
                           self.data.folder.name, minutes)

    def _end(self, future: Future[Result], running: Running, cost: Cost, number: int) -> Done | None:
        try:
            result = future.result()
        except TinynasError as error:
            self.last_error = error
            with self._lock:
                self.study.fail(number, str(error))
            return None
        with self._lock:
            self.study.complete(number, result.val.accuracy, {"result": result.to_json()})
        return Done(running.stage, running.index, running.arch, cost, result, number, False)

    def _tell(self, running: Running, epoch: dict[str, Any]) -> None:
        if self._report is not None:
            self._report(running, epoch)


def _ready(done: Done) -> Future[Done | None]:
    future: Future[Done | None] = Future()
    future.set_result(done)
    return future
