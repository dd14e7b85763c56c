"""Training: the only package that imports TensorFlow, and only inside its worker processes.

Importing `tinynas.train` itself does not; `fit` and `export_int8` live in modules that do
(`tinynas.train.loop`, `tinynas.train.export`)."""

from tinynas.train.evaluate import Evaluation, evaluate, predict, wilson
from tinynas.train.feature_maps import Prepared, load_prepared, prepare
from tinynas.train.job import Job, Result, run_job
from tinynas.train.pool import TrainingPool
from tinynas.train.recipe import Augment, Recipe

__all__ = [
    "Augment",
    "Evaluation",
    "Job",
    "Prepared",
    "Recipe",
    "Result",
    "TrainingPool",
    "evaluate",
    "load_prepared",
    "predict",
    "prepare",
    "run_job",
    "wilson",
]
