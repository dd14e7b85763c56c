"""One training as a job: architecture and recipe in, int8 model and its validation accuracy out.

Jobs and results are plain JSON, so that they travel to worker processes and into the study unchanged.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tinynas.runs import store_artefact
from tinynas.space import Arch
from tinynas.train.evaluate import Evaluation, evaluate
from tinynas.train.feature_maps import Prepared, load_prepared
from tinynas.train.recipe import Recipe


@dataclass(frozen=True)
class Job:
    """Train `arch` by `recipe` on the features in `prepared`; the model goes into `artefacts`."""

    arch: Arch
    recipe: Recipe
    prepared: Path
    artefacts: Path

    def to_json(self) -> dict[str, Any]:
        return {"arch": self.arch.to_json(), "recipe": self.recipe.to_json(), "prepared": str(self.prepared),
                "artefacts": str(self.artefacts)}

    @staticmethod
    def from_json(value: Mapping[str, Any]) -> Job:
        return Job(Arch.from_json(value["arch"]), Recipe.from_json(value["recipe"]), Path(value["prepared"]),
                   Path(value["artefacts"]))


@dataclass(frozen=True)
class Result:
    """A finished training. `model`: the `.tflite` file's name in the job's artefact folder."""

    model: str
    val: Evaluation
    curve: tuple[dict[str, float], ...]  # one entry an epoch
    plan: tuple[float, ...]
    seconds: float  # of training, export and scoring together

    @property
    def epoch_s(self) -> float | None:
        """Seconds of an epoch after the first (which holds the tracing); None when there was only one."""
        if len(self.curve) < 2:
            return None
        return (self.curve[-1]["elapsed_s"] - self.curve[0]["elapsed_s"]) / (len(self.curve) - 1)

    def to_json(self) -> dict[str, Any]:
        return {"model": self.model, "val": self.val.to_json(), "curve": list(self.curve),
                "plan": list(self.plan), "seconds": self.seconds}

    @staticmethod
    def from_json(value: Mapping[str, Any]) -> Result:
        return Result(str(value["model"]), Evaluation.from_json(value["val"]), tuple(value["curve"]),
                      tuple(value["plan"]), float(value["seconds"]))


Report = Callable[[dict[str, Any]], None]


def run_job(job: Job, report: Report | None = None) -> Result:
    """Do the job in this process (imports TensorFlow). `report` gets one dict an epoch: epoch, epochs, loss,
    train_accuracy, seconds_left."""
    import time

    from tinynas.train.export import export_int8
    from tinynas.train.loop import Epoch, fit

    began = time.monotonic()
    data = load_prepared(job.prepared)

    def tell(epoch: Epoch) -> None:
        if report is not None:
            report({"epoch": epoch.number, "epochs": epoch.of, "loss": epoch.loss,
                    "train_accuracy": epoch.train_accuracy, "seconds_left": epoch.seconds_left})

    trained = fit(job.arch, data, job.recipe, tell)
    model = export_int8(trained.model, data.quantizer.scale, data.quantizer.zero_point,
                        representative_maps(data, job.recipe))
    val = evaluate(model, data.val_x, data.val_y, data.classes)
    curve = tuple({"loss": e.loss, "train_accuracy": e.train_accuracy, "elapsed_s": e.elapsed_s}
                  for e in trained.history)
    path = store_artefact(job.artefacts, model, ".tflite")
    return Result(path.name, val, curve, trained.plan, time.monotonic() - began)


def representative_maps(data: Prepared, recipe: Recipe) -> np.ndarray:
    """int8 [n, frames, bands]: clean training clips, drawn with the recipe's seed."""
    rng = np.random.default_rng((recipe.seed, 1))
    count = min(recipe.representative, len(data.train_x))
    return np.asarray(data.train_x[np.sort(rng.choice(len(data.train_x), count, replace=False)), 0])
