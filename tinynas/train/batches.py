"""Epochs of class-balanced draws from prepared features: a class at random, one of its clips, one of its
variants; then random masks. Reproducible from one generator."""

from __future__ import annotations

import numpy as np

from tinynas.train.augment import mask
from tinynas.train.feature_maps import Prepared
from tinynas.train.recipe import Recipe


def draw_epoch(data: Prepared, recipe: Recipe, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """int8 [steps, batch, frames, bands, 1] and int32 labels [steps, batch] of one epoch."""
    steps = recipe.draws // recipe.batch
    count = steps * recipe.batch
    clips = balanced(np.asarray(data.train_y), count, rng, recipe.skew)
    variants = rng.integers(data.train_x.shape[1], size=count)
    maps = np.ascontiguousarray(data.train_x[clips, variants])
    mask(maps, rng, recipe.time_masks, recipe.time_mask_frames, recipe.band_masks, recipe.band_mask_bands,
         data.quantizer.zero_point)
    labels = np.asarray(data.train_y)[clips].astype(np.int32)
    return maps.reshape(steps, recipe.batch, *maps.shape[1:], 1), labels.reshape(steps, recipe.batch)


def balanced(labels: np.ndarray, count: int, rng: np.random.Generator, skew: float = 0.0) -> np.ndarray:
    """`count` indices; the chance of a class of n clips is in proportion to n to the power `skew`."""
    order = np.argsort(labels, kind="stable")
    present, starts, sizes = np.unique(labels[order], return_index=True, return_counts=True)
    share = sizes.astype(np.float64) ** skew
    chosen = rng.choice(len(present), size=count, p=share / share.sum())
    within = (rng.random(count) * sizes[chosen]).astype(np.int64)
    picked: np.ndarray = order[starts[chosen] + within]
    return picked
