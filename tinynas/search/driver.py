"""The search: propose, cost, drop what breaks a budget, train shortly, train the best few longer, choose.

Everything is chosen by the int8 model's accuracy on validation speakers; the test speakers are looked at
once, for the winner. Every trial is stored when it ends; the same call on the same run folder goes on where
it was stopped, with the minutes that were left.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tinynas.compile import Budgets
from tinynas.errors import ToolError
from tinynas.runs import RunFolder
from tinynas.search.cost import Cost, CostOf
from tinynas.search.feasible import Feasible, Space
from tinynas.search.settings import SearchSettings
from tinynas.search.strategies import make_strategy
from tinynas.search.trials import Done, Running, Submit, Trials
from tinynas.space import Arch
from tinynas.train import Evaluation, Prepared, Recipe, TrainingPool, evaluate

OVERHEAD_S = 12.0  # of a long training outside its epochs: import, export, scoring
WORTH_EPOCHS = 25  # a final with fewer is not worth having more finalists


@dataclass(frozen=True)
class Winner:
    """The chosen model and how it was found. Accuracies: int8, in the TFLite Micro interpreter."""

    arch: Arch
    cost: Cost
    model: Path  # the `.tflite` file
    val: Evaluation
    test: Evaluation
    candidates_costed: int  # distinct architectures
    candidates_trained: int  # distinct architectures
    trained: tuple[Done, ...]  # every finished trial, for the front and the report
    seconds: float


@dataclass(frozen=True)
class Progress:
    """`stage`: "features", "short", "long", "test" or "failed". `text`: one line for people.
    `seconds_left`: of the whole search, None when there is no time limit."""

    stage: str
    text: str
    seconds_left: float | None


def search(space: Space, cost_of: CostOf, budgets: Budgets, data: Prepared, run: RunFolder,
           settings: SearchSettings, board: str, progress: Callable[[Progress], None] | None = None,
           submit: Submit | None = None) -> Winner:
    """Find the most accurate model of `space` within `budgets`.

    `cost_of` prices an architecture on the board; `submit` trains (default: processes of its own).
    Raises BudgetError when no candidate keeps the budgets (before anything is trained), ToolError when every
    training failed.
    """
    if submit is None:
        with TrainingPool(settings.window) as pool:
            return search(space, cost_of, budgets, data, run, settings, board, progress, pool.submit)
    return _Search(space, cost_of, budgets, data, run, settings, board, progress, submit).go()


class _Search:
    def __init__(self, space: Space, cost_of: CostOf, budgets: Budgets, data: Prepared, run: RunFolder,
                 settings: SearchSettings, board: str, progress: Callable[[Progress], None] | None,
                 submit: Submit) -> None:
        self.settings, self.data, self.run = settings, data, run
        self.progress = progress
        self.candidates = Feasible(space, cost_of, budgets)
        self.trials = Trials(run.study, submit, data, run.artefacts, board, settings.minutes, self._epoch)
        self.began = time.monotonic()
        self.earlier_s = float(run.study.notes().get("elapsed_s", 0.0))
        self.done: list[Done] = []

    def go(self) -> Winner:
        shorts = self._round_one()
        longs = self._round_two(self._finalists(shorts))
        best = max(shorts + longs, key=lambda d: (d.accuracy, -d.cost.latency_ms))
        test = self._test_once(best)
        return Winner(best.arch, best.cost, self.run.artefacts / best.result.model, best.result.val, test,
                      self.candidates.costed, len({d.arch.id for d in self.done}), tuple(self.done),
                      self.elapsed_s)

    @property
    def elapsed_s(self) -> float:
        """Wall-clock of this search, earlier runs of the same command included."""
        return self.earlier_s + time.monotonic() - self.began

    @property
    def total_s(self) -> float | None:
        return None if self.settings.minutes is None else self.settings.minutes * 60

    def _round_one(self) -> list[Done]:
        """Short trainings of proposed candidates, `window` in flight."""
        settings = self.settings
        strategy = make_strategy(settings.strategy, self.candidates, settings.seed, settings.pool)
        flying: deque[tuple[Arch, Future[Done | None]]] = deque()
        finished: list[Done] = []

        def land() -> None:
            arch, future = flying.popleft()
            done = self._collect(future)
            strategy.tell(arch, done.accuracy if done else None)
            if done:
                finished.append(done)

        until = None if self.total_s is None else self.total_s * settings.short_share
        for index in range(settings.candidates):
            if len(flying) == settings.window:
                land()
            arch = strategy.ask(index)
            late = until is not None and finished and self.elapsed_s + self._pace(finished) > until
            if late and not self.trials.knows("short", arch, self._recipe("short", index)):
                break
            flying.append((arch, self._start("short", index, arch)))
        while flying:
            land()
        if not finished:
            raise self.trials.last_error or ToolError("no training finished")
        return finished

    def _round_two(self, finalists: list[Done]) -> list[Done]:
        """Longer trainings of the best few, `window` at a time, sharing the time that is left."""
        waves = self._waves(finalists)
        finished: list[Done] = []
        for wave in range(waves):
            seconds = self._share_of_rest(waves - wave)
            first = wave * self.settings.window
            futures = [self._start("long", first + k, done.arch, seconds)
                       for k, done in enumerate(finalists[first:first + self.settings.window])]
            finished += [done for done in map(self._collect, futures) if done]
        return finished

    def _waves(self, finalists: list[Done]) -> int:
        """How many groups of finalists to train: all of them, unless the time is too short for that."""
        waves = -(-len(finalists) // self.settings.window)
        paces = [pace for d in finalists if (pace := d.result.epoch_s) is not None]
        while waves > 1 and paces:
            seconds = self._share_of_rest(waves)
            if seconds is None or seconds >= min(WORTH_EPOCHS, self.settings.long.epochs) * max(paces):
                break
            waves -= 1
        return waves

    def _finalists(self, shorts: list[Done]) -> list[Done]:
        distinct = {d.arch.id: d for d in sorted(shorts, key=lambda d: d.accuracy)}
        return sorted(distinct.values(), key=lambda d: -d.accuracy)[:self.settings.finalists]

    def _start(self, stage: str, index: int, arch: Arch, seconds: float | None = None) -> Future[Done | None]:
        cost = self.candidates.cost(arch)
        assert cost is not None
        return self.trials.start(stage, index, arch, cost, self._recipe(stage, index, seconds))

    def _recipe(self, stage: str, index: int, seconds: float | None = None) -> Recipe:
        recipe = self.settings.short if stage == "short" else self.settings.long
        return replace(recipe, seed=self.settings.seed + index, seconds=seconds or recipe.seconds)

    def _collect(self, future: Future[Done | None]) -> Done | None:
        try:
            done = future.result()
        except CancelledError:
            raise ToolError("the search was stopped; the same command goes on") from None
        self.run.study.note("elapsed_s", self.elapsed_s)
        if done is not None:
            self.done.append(done)
            found = " (found in the study)" if done.again else ""
            self._say(done.stage, f"{done.stage} {done.index}: {done.arch.id} "
                                  f"{100 * done.accuracy:.1f} % validation int8{found}")
        elif self.trials.last_error is not None:
            self._say("failed", str(self.trials.last_error))
        return done

    def _pace(self, finished: list[Done]) -> float:
        """Seconds the next short training will take, by those that ran."""
        return sum(d.result.seconds for d in finished[-4:]) / len(finished[-4:])

    def _share_of_rest(self, waves: int) -> float | None:
        """Seconds of training for the next wave; a fair part even when a resumed run has none left."""
        if self.total_s is None:
            return None
        least = self.total_s * (1 - self.settings.short_share) / (2 * waves)
        return max(least, (self.total_s - self.elapsed_s) / waves - OVERHEAD_S)

    def _test_once(self, best: Done) -> Evaluation:
        """The winner on the test speakers; remembered, so that resuming does not look again."""
        kept = self.run.study.notes().get("test")
        if kept and kept["model"] == best.result.model:
            return Evaluation.from_json(kept["evaluation"])
        self._say("test", f"{best.arch.id} on the test speakers")
        model = (self.run.artefacts / best.result.model).read_bytes()
        found = evaluate(model, self.data.test_x, self.data.test_y, self.data.classes)
        self.run.study.note("test", {"model": best.result.model, "evaluation": found.to_json()})
        return found

    def _epoch(self, running: Running, epoch: dict[str, Any]) -> None:
        self._say(running.stage,
                  f"{running.stage} {running.index}: {running.arch.id} epoch {epoch['epoch']} of "
                  f"{epoch['epochs']}, loss {epoch['loss']:.3f}, {epoch['seconds_left']:.0f} s left")

    def _say(self, stage: str, text: str) -> None:
        if self.progress is not None:
            left = None if self.total_s is None else max(0.0, self.total_s - self.elapsed_s)
            self.progress(Progress(stage, text, left))
