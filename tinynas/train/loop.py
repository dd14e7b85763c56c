"""The training loop: one epoch of draws, one compiled step, a rate that follows the schedule.

A plain loop over a `tf.function`, because a time budget, an honest time left and exact replay are easier
to see here than through callbacks. Importing this module imports TensorFlow.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tinynas.space import Arch
from tinynas.train.batches import draw_epoch
from tinynas.train.feature_maps import Prepared
from tinynas.train.model import keras_model
from tinynas.train.optimizer import FlatAdamW
from tinynas.train.recipe import Recipe
from tinynas.train.schedule import Schedule, learning_rate


@dataclass(frozen=True)
class Epoch:
    """What one epoch ended with. `seconds_left`: for the rest of this training, at the pace measured."""

    number: int
    of: int  # as planned now; a time budget may still shrink it
    loss: float
    train_accuracy: float  # on augmented, masked draws
    elapsed_s: float
    seconds_left: float


@dataclass(frozen=True, eq=False)
class Trained:
    """A float model and how it came about. `plan` replays it (Recipe.plan)."""

    model: Any  # keras.Model
    history: tuple[Epoch, ...]
    plan: tuple[float, ...]
    seconds: float


def fit(
    arch: Arch, data: Prepared, recipe: Recipe, progress: Callable[[Epoch], None] | None = None,
) -> Trained:
    """Train `arch` from random weights. The same recipe with the returned plan gives the same weights on the
    same kind of machine with one TensorFlow thread (`use_threads`)."""
    keras.backend.clear_session()
    keras.utils.set_random_seed(recipe.seed)
    rng = np.random.default_rng(recipe.seed)
    model = keras_model(arch, recipe.dropout)
    step = _compiled_step(model, data.quantizer.scale, data.quantizer.zero_point, recipe)
    schedule = Schedule(recipe.epochs, recipe.seconds, recipe.plan)
    began = time.monotonic()
    history: list[Epoch] = []
    pace: float | None = None
    while not schedule.finished:
        epoch_began = time.monotonic()
        bounds = schedule.begin(epoch_began - began, pace)
        draws = draw_epoch(data, recipe, rng)
        loss, accuracy = _run_epoch(step, draws, bounds, len(history), recipe)
        now = time.monotonic()
        if history:  # the first epoch holds the tracing and says little about the next ones
            pace = now - epoch_began if pace is None else 0.5 * (pace + now - epoch_began)
        left = 0 if schedule.finished else schedule.left(now - began, pace)
        seconds_left = left * (pace or now - epoch_began)
        if recipe.seconds is not None:
            seconds_left = min(seconds_left, max(0.0, recipe.seconds - (now - began)))
        history.append(Epoch(len(history) + 1, len(schedule.marks) + left, loss, accuracy, now - began,
                             seconds_left))
        if progress is not None:
            progress(history[-1])
    return Trained(model, tuple(history), tuple(schedule.marks), time.monotonic() - began)


def use_threads(threads: int) -> None:
    """Bound TensorFlow's threads; only before its first operation."""
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)


def _compiled_step(model: Any, scale: float, zero_point: int, recipe: Recipe) -> Any:
    """step(int8 maps, labels, rate) -> loss, accuracy of one batch, as a tf.function."""
    classes = model.output_shape[-1]
    variables = model.trainable_variables
    optimizer = FlatAdamW(variables, recipe.weight_decay, recipe.clip)

    def step(maps: Any, labels: Any, rate: Any) -> Any:
        x = (tf.cast(maps, tf.float32) - zero_point) * scale
        smooth = tf.one_hot(labels, classes, 1.0 - recipe.label_smoothing + recipe.label_smoothing / classes,
                            recipe.label_smoothing / classes)
        with tf.GradientTape() as tape:
            logits = model(x, training=True)
            loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(smooth, logits))
        optimizer.apply(tape.gradient(loss, variables), rate)
        right = tf.equal(tf.argmax(logits, -1, tf.int32), labels)
        return loss, tf.reduce_mean(tf.cast(right, tf.float32))

    return tf.function(step)


def _run_epoch(step: Any, draws: tuple[np.ndarray, np.ndarray], bounds: tuple[float, float],
               epochs_done: int, recipe: Recipe) -> tuple[float, float]:
    """Mean loss and accuracy of one epoch; progress moves from bounds[0] to bounds[1]."""
    maps, labels = draws
    steps = len(maps)
    sums = [0.0, 0.0]
    for at in range(steps):
        share = at / steps
        progress = bounds[0] + (bounds[1] - bounds[0]) * share
        rate = learning_rate(recipe.learning_rate, progress, epochs_done + share, recipe.warmup_epochs)
        loss, right = step(maps[at], labels[at], tf.constant(rate, tf.float32))
        sums[0] += loss
        sums[1] += right
    return float(sums[0]) / steps, float(sums[1]) / steps
