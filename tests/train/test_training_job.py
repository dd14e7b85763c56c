"""Real trainings, very small: learn, export, score, repeat exactly, survive a dying worker."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.train.toy_task import ARCH, RECIPE
from tinynas.errors import ToolError, UsageError
from tinynas.space import Conv
from tinynas.train import Job, Recipe, TrainingPool, evaluate, predict
from tinynas.train.batches import balanced, draw_epoch


def test_jobs_survive_json(prepared, tmp_path):
    job = Job(ARCH, replace(RECIPE, plan=(0.5, 1.0)), prepared.folder, tmp_path)
    assert Job.from_json(job.to_json()) == job
    with pytest.raises(UsageError, match="epoch_count"):
        Recipe.from_json({"epoch_count": 3})
    with pytest.raises(UsageError, match="epochs"):
        Recipe(epochs=0)


def test_draws_are_balanced_and_reproducible(prepared):
    labels = np.array([0] * 90 + [1] * 9 + [2])
    drawn = labels[balanced(labels, 3000, np.random.default_rng(0))]
    assert all(abs(np.count_nonzero(drawn == c) - 1000) < 120 for c in range(3))
    first, second = (draw_epoch(prepared, RECIPE, np.random.default_rng(5)) for _ in range(2))
    assert first[0].shape == (8, 32, 10, 8, 1) and first[1].shape == (8, 32)
    assert (first[0] == second[0]).all() and (first[1] == second[1]).all()


@pytest.mark.slow
def test_training_learns_and_is_scored_in_the_interpreter(prepared, tmp_path):
    """Two workers: the same seed gives the same bytes in both, another seed others; progress is told."""
    seen: list[dict[str, float]] = []
    with TrainingPool(2) as pool:
        recipe = replace(RECIPE, epochs=4)
        jobs = [Job(ARCH, replace(recipe, seed=s), prepared.folder, tmp_path) for s in (0, 0, 1)]
        futures = [pool.submit(jobs[0], seen.append), *map(pool.submit, jobs[1:])]
        results = [f.result(timeout=300) for f in futures]
    assert results[0].model == results[1].model != results[2].model
    assert [e["epoch"] for e in seen] == [1, 2, 3, 4] and seen[-1]["seconds_left"] == 0
    assert results[0].plan == pytest.approx((0.25, 0.5, 0.75, 1.0))
    assert results[0].val.accuracy > 0.8  # chance is a third
    model = (tmp_path / results[0].model).read_bytes()
    assert evaluate(model, prepared.val_x, prepared.val_y, prepared.classes) == results[0].val
    outputs = predict(model, prepared.val_x)
    assert outputs.dtype == np.int8 and outputs.shape == (48, 3)


@pytest.mark.slow
def test_a_failing_job_and_a_dead_worker_are_one_clear_error(prepared, tmp_path):
    lost = Job(ARCH, RECIPE, tmp_path / "nowhere", tmp_path)
    impossible = Job(replace(ARCH, blocks=(Conv(0),)), RECIPE, prepared.folder, tmp_path)
    with TrainingPool(1) as pool:
        with pytest.raises(ToolError, match="nowhere"):
            pool.submit(lost).result(timeout=300)
        with pytest.raises(ToolError, match=impossible.arch.id):
            pool.submit(impossible).result(timeout=300)

        def kill(_: dict[str, object]) -> None:
            pool._started[0].process.kill()

        with pytest.raises(ToolError, match="process ended"):
            long = Job(ARCH, replace(RECIPE, epochs=50), prepared.folder, tmp_path)
            pool.submit(long, kill).result(timeout=300)
        again = pool.submit(Job(ARCH, RECIPE, prepared.folder, tmp_path)).result(timeout=300)
    assert again.val.clips == 48 and len(pool._started) == 2
