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
from tinynas.data.find import find_dataset, load_place
from tinynas.data.leakage import check_leakage

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
    "check_leakage",
    "find_dataset",
    "load_place",
]
