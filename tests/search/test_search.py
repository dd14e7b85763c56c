"""The whole search: on pretended trainings for its logic, on real tiny ones for the line itself."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from tests.search.prices import cost_of
from tests.train.toy_task import RECIPE, make_prepared
from tinynas.compile import Budgets
from tinynas.errors import BudgetError, ToolError
from tinynas.runs import RunFolder, store_artefact
from tinynas.search import Progress, SearchSettings, distance, driver, search
from tinynas.space import KwsConv
from tinynas.train import Evaluation, Job, Prepared, Result

SETTINGS = SearchSettings(candidates=6, finalists=2, pool=2, short=RECIPE, long=replace(RECIPE, epochs=6))
KILLED = replace(SETTINGS, candidates=3, finalists=1, pool=1, window=1)  # one worker: one import
BUDGETS = Budgets(sram_bytes=2_000, flash_bytes=4_000, latency_ms=1.0)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    return make_prepared(tmp_path_factory.mktemp("toy") / "prepared")


def space(data: Prepared) -> KwsConv:
    return KwsConv(data.input_shape, len(data.classes))


def tally(right: int) -> Evaluation:
    """48 clips of three classes, `right` of them recognized."""
    return Evaluation(("low", "mid", "high"), ((right, 48 - right, 0), (0, 0, 0), (0, 0, 0)))


class Pretended:
    """Trainings that take no time; accuracy grows with the architecture's MACs and with epochs."""

    def __init__(self, fail: int | None = None, seconds: float = 0.0, epoch_s: float = 0.0) -> None:
        self.jobs: list[Job] = []
        self.fail, self.seconds, self.epoch_s = fail, seconds, epoch_s
        self.pool = ThreadPoolExecutor(2)

    def __call__(self, job: Job, report: object) -> Future[Result]:
        self.jobs.append(job)
        return self.pool.submit(self.train, job, len(self.jobs) - 1)

    def train(self, job: Job, count: int) -> Result:
        time.sleep(self.seconds)
        if count == self.fail or self.fail == -1:
            raise ToolError(f"training {job.arch.id}: its process ended")
        right = min(48, 20 + cost_of(job.arch).macs // 8_000 + job.recipe.epochs)
        name = store_artefact(job.artefacts, f"{job.arch.id}{job.recipe.epochs}".encode(), ".tflite").name
        curve = tuple({"elapsed_s": 1.0 + self.epoch_s * n} for n in range(job.recipe.epochs))
        return Result(name, tally(right), curve, (1.0,), self.seconds)


@pytest.fixture
def no_interpreter(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Counts looks at the test speakers."""
    looks: list[int] = []

    def look(*_: object) -> Evaluation:
        looks.append(1)
        return tally(40)

    monkeypatch.setattr(driver, "evaluate", look)
    return looks


def test_two_rounds_and_one_look_at_the_test(data, tmp_path, no_interpreter):
    train, lines = Pretended(), []
    with RunFolder(tmp_path, SETTINGS.config()) as run:
        winner = search(space(data), cost_of, BUDGETS, data, run, SETTINGS, "b", lines.append, train)
    assert [j.recipe.epochs for j in train.jobs] == [2] * 6 + [6] * 2
    shorts, longs = winner.trained[:6], winner.trained[6:]
    best = sorted(shorts, key=lambda d: -d.accuracy)[:2]
    assert {d.arch.id for d in longs} == {d.arch.id for d in best}
    assert winner.val.accuracy == max(d.accuracy for d in winner.trained)
    assert winner.model.read_bytes() == f"{winner.arch.id}6".encode()
    assert winner.candidates_trained == 6 and winner.candidates_costed >= 12
    assert len(no_interpreter) == 1
    for done in winner.trained:
        assert distance(done.cost, BUDGETS) == 0
    assert all(isinstance(line, Progress) for line in lines) and lines[-1].stage == "test"


def test_a_finished_run_repeats_nothing(data, tmp_path, no_interpreter):
    winners = []
    for train in (Pretended(), Pretended()):
        with RunFolder(tmp_path, SETTINGS.config()) as run:
            winners.append(search(space(data), cost_of, BUDGETS, data, run, SETTINGS, "b", submit=train))
    assert train.jobs == [] and len(no_interpreter) == 1
    assert winners[0].arch == winners[1].arch and winners[0].candidates_costed == winners[1].candidates_costed
    assert all(done.again for done in winners[1].trained)


def test_a_lost_model_file_is_trained_anew(data, tmp_path, no_interpreter):
    with RunFolder(tmp_path, SETTINGS.config()) as run:
        winner = search(space(data), cost_of, BUDGETS, data, run, SETTINGS, "b", submit=Pretended())
    winner.model.unlink()
    with RunFolder(tmp_path, SETTINGS.config()) as run:
        again = Pretended()
        assert search(space(data), cost_of, BUDGETS, data, run, SETTINGS, "b", submit=again).model.is_file()
    assert len(again.jobs) == 1


def test_a_failed_training_is_noted_and_the_search_goes_on(data, tmp_path, no_interpreter):
    with RunFolder(tmp_path, SETTINGS.config()) as run:
        winner = search(space(data), cost_of, BUDGETS, data, run, SETTINGS, "b", submit=Pretended(fail=2))
        assert len(run.study.finished()) == 7
    assert len(winner.trained) == 7
    with RunFolder(tmp_path / "all", SETTINGS.config()) as run:
        with pytest.raises(ToolError, match="its process ended"):
            search(space(data), cost_of, BUDGETS, data, run, SETTINGS, "b", submit=Pretended(fail=-1))


def test_nothing_feasible_trains_nothing(data, tmp_path):
    train = Pretended()
    with RunFolder(tmp_path, SETTINGS.config()) as run, pytest.raises(BudgetError, match="SRAM by"):
        search(space(data), cost_of, Budgets(sram_bytes=10), data, run, SETTINGS, "b", submit=train)
    assert train.jobs == []


def test_minutes_are_kept(data, tmp_path, no_interpreter):
    settings = replace(SETTINGS, minutes=6 / 60, candidates=1000)
    train = Pretended(seconds=0.2)
    with RunFolder(tmp_path, settings.config()) as run:
        began = time.monotonic()
        winner = search(space(data), cost_of, BUDGETS, data, run, settings, "b", submit=train)
        assert time.monotonic() - began < 12
    shorts = [d for d in winner.trained if d.stage == "short"]
    assert 1 <= len(shorts) <= 30  # 45 % of six seconds, two at a time, a fifth of a second each
    longs = [j for j in train.jobs if j.recipe.epochs == 6]
    assert len(longs) == 2 and all(0 < j.recipe.seconds < 6 for j in longs)


@pytest.mark.parametrize(("epoch_s", "finals"), [(0.1, 4), (1.0, 2)])
def test_a_slow_machine_trains_fewer_finalists(data, tmp_path, no_interpreter, epoch_s, finals):
    """Each final gets at least 25 epochs, or there is only one group of them."""
    settings = replace(SETTINGS, minutes=1.0, candidates=4, finalists=4, long=replace(RECIPE, epochs=99))
    with RunFolder(tmp_path, settings.config()) as run:
        winner = search(space(data), cost_of, BUDGETS, data, run, settings, "b",
                        submit=Pretended(epoch_s=epoch_s))
    assert sum(d.stage == "long" for d in winner.trained) == finals


def test_more_minutes_train_the_finalists_anew(data, tmp_path, no_interpreter):
    for minutes, jobs in ((1.0, 8), (2.0, 2)):
        settings, train = replace(SETTINGS, minutes=minutes), Pretended()
        with RunFolder(tmp_path, settings.config()) as run:
            search(space(data), cost_of, BUDGETS, data, run, settings, "b", submit=train)
        assert len(train.jobs) == jobs


SCRIPT = """
    import os, signal, sys
    from pathlib import Path
    from tests.search.prices import cost_of
    from tests.search.test_search import BUDGETS, KILLED, space
    from tinynas.runs import RunFolder
    from tinynas.search import search
    from tinynas.train import load_prepared
    data = load_prepared({prepared!r})
    lines = []
    def watch(progress):
        if "validation" in progress.text:
            lines.append(progress.text)
            if len(lines) == {limit}:
                os.kill(os.getpid(), signal.SIGKILL)
    with RunFolder({run!r}, KILLED.config()) as run:
        winner = search(space(data), cost_of, BUDGETS, data, run, KILLED, "b", watch)
    again = sum(d.again for d in winner.trained)
    print(winner.model.name, f"{{winner.val.accuracy:.4f}} {{winner.test.accuracy:.4f}}", again)
"""


def run_script(data: Prepared, folder: Path, limit: int) -> subprocess.CompletedProcess[str]:
    script = textwrap.dedent(SCRIPT.format(prepared=str(data.folder), run=str(folder), limit=limit))
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=600,
                          cwd=Path(__file__).parents[2])


@pytest.mark.slow
def test_killed_and_resumed_it_finds_the_same_model(data, tmp_path):
    """Real trainings in real worker processes; kill -9 after the second; the same command goes on."""
    whole = run_script(data, tmp_path / "whole", 0)
    assert whole.returncode == 0, whole.stderr
    killed = run_script(data, tmp_path / "killed", 2)
    assert killed.returncode == -9
    resumed = run_script(data, tmp_path / "killed", 0)
    assert resumed.returncode == 0, resumed.stderr
    model, val, test, again = whole.stdout.split()
    assert resumed.stdout.split()[:3] == [model, val, test] and again == "0"
    assert int(resumed.stdout.split()[3]) == 2  # the killed run's, none of them repeated
    assert float(val) > 0.8 and float(test) > 0.7  # chance is a third
