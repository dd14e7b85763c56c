"""Where the five public int8 reference models lie: TINYNAS_SHARED, else ../shared beside the checkout."""

from __future__ import annotations

import os
from pathlib import Path

from tinynas.errors import UsageError

ROOT = Path(__file__).resolve().parent.parent


def shared_models() -> list[Path]:
    """The .tflite files, by name. UsageError when there are none."""
    folder = Path(os.environ.get("TINYNAS_SHARED") or ROOT.parent / "shared") / "models"
    found = sorted(folder.glob("*.tflite"))
    if not found:
        raise UsageError(f"no .tflite in {folder}: set TINYNAS_SHARED to the folder that holds models/")
    return found
