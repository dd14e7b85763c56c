"""The flat AdamW is Keras's AdamW, step for step; the fused batch norm is Keras's batch norm."""

from __future__ import annotations

import numpy as np
import pytest


def test_flat_adamw_equals_keras():
    keras = pytest.importorskip("keras")
    import tensorflow as tf

    from tinynas.train.optimizer import FlatAdamW

    def variables() -> list:
        rng = np.random.default_rng(0)
        return [keras.Variable(rng.normal(size=shape).astype(np.float32), name=name)
                for name, shape in (("kernel", (3, 2)), ("bias", (2,)), ("gamma", (5,)))]

    ours, theirs = variables(), variables()
    flat = FlatAdamW(ours, weight_decay=0.02, clip=1.0)
    reference = keras.optimizers.AdamW(0.01, weight_decay=0.02, global_clipnorm=1.0)
    reference.exclude_from_weight_decay(var_list=theirs[1:])
    reference.build(theirs)
    rng = np.random.default_rng(1)
    for _ in range(5):
        gradients = [tf.constant(rng.normal(size=v.shape).astype(np.float32)) for v in ours]
        flat.apply(gradients, tf.constant(0.01))
        reference.apply(gradients, theirs)
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=2e-5, atol=2e-6)


def test_fused_batch_norm_equals_keras():
    keras = pytest.importorskip("keras")
    from tinynas.train.normalize import FusedBatchNorm

    ours = FusedBatchNorm(0.9, "bn")
    theirs = keras.layers.BatchNormalization(momentum=0.9, epsilon=1e-3)
    rng = np.random.default_rng(0)
    for _ in range(3):
        x = rng.normal(2.0, 3.0, (8, 5, 4, 6)).astype(np.float32)
        np.testing.assert_allclose(ours(x, training=True), theirs(x, training=True), rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(ours.mean.numpy(), theirs.moving_mean.numpy(), rtol=1e-4)
    # the fused kernel keeps the unbiased variance: n / (n - 1) of Keras's
    unbiased = 160 / 159 - 1 + 1e-3
    np.testing.assert_allclose(ours.variance.numpy(), theirs.moving_variance.numpy(), rtol=unbiased)
    np.testing.assert_allclose(ours(x), theirs(x), rtol=1e-2, atol=2e-2)
