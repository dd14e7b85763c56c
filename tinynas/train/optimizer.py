"""AdamW over one flat vector.

A small net has dozens of variables of a few numbers each; updating them one by one costs more than the
arithmetic. Here all gradients are joined, clipped by their norm, and one Adam step with decoupled weight
decay (Loshchilov and Hutter 2019) updates everything. Importing this module imports TensorFlow.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np
import tensorflow as tf

BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-7
UNDECAYED = ("bias", "gamma", "beta")


class FlatAdamW:
    """Updates `variables` (Keras) in place. `weight_decay` spares biases and batch norm."""

    def __init__(self, variables: Sequence[Any], weight_decay: float, clip: float) -> None:
        self.variables, self.clip = list(variables), clip
        self.sizes = [prod(v.shape) for v in self.variables]
        self.decay = tf.constant(np.concatenate(
            [np.full(n, 0.0 if v.name in UNDECAYED else weight_decay, np.float32)
             for v, n in zip(self.variables, self.sizes, strict=True)]))
        self.mean = tf.Variable(tf.zeros(sum(self.sizes)), trainable=False)
        self.square = tf.Variable(tf.zeros(sum(self.sizes)), trainable=False)
        self.steps = tf.Variable(0.0, trainable=False)

    def apply(self, gradients: Sequence[Any], rate: Any) -> None:
        """One step at learning rate `rate` (a scalar tensor); call inside a tf.function."""
        joined = tf.concat([tf.reshape(g, [-1]) for g in gradients], 0)
        joined *= tf.minimum(1.0, self.clip / (tf.norm(joined) + 1e-6))
        count = self.steps.assign_add(1.0)
        mean = self.mean.assign(BETA1 * self.mean + (1 - BETA1) * joined)
        square = self.square.assign(BETA2 * self.square + (1 - BETA2) * joined * joined)
        step = (mean / (1 - BETA1 ** count)) / (tf.sqrt(square / (1 - BETA2 ** count)) + EPSILON)
        weights = tf.concat([tf.reshape(v.value, [-1]) for v in self.variables], 0)
        weights -= rate * (step + self.decay * weights)
        for variable, part in zip(self.variables, tf.split(weights, self.sizes), strict=True):
            variable.assign(tf.reshape(part, variable.shape))
