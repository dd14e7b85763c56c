"""Data sets of recorded (or plainly synthetic) speech, and the recipes to get them."""

from tinynas.data.dataset import (
    CLIP_SAMPLES,
    KWS9_CLASSES,
    KWS12_CLASSES,
    SAMPLE_RATE_HZ,
    SILENCE,
    TASKS,
    UNKNOWN,
    Dataset,
    Split,
)

__all__ = [
    "CLIP_SAMPLES",
    "KWS12_CLASSES",
    "KWS9_CLASSES",
    "SAMPLE_RATE_HZ",
    "SILENCE",
    "TASKS",
    "UNKNOWN",
    "Dataset",
    "Split",
]
