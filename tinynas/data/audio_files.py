"""Reading mono 16 kHz PCM out of wav and FLAC files (soundfile, imported late: planning does not need it)."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np

from tinynas.data.dataset import SAMPLE_RATE_HZ
from tinynas.errors import DataError


def decode(data: bytes | Path, name: str) -> np.ndarray:
    """int16 samples of an audio file given as bytes or path; `name` is used in errors.

    Raises DataError when it cannot be read, is not 16 kHz, or is not mono.
    """
    try:
        import soundfile
    except ImportError as error:
        raise DataError("reading audio files needs soundfile: pip install 'tinynas[train]'") from error
    try:
        source = io.BytesIO(data) if isinstance(data, bytes) else str(data)
        samples, rate = soundfile.read(source, dtype="int16", always_2d=True)
    except (RuntimeError, OSError, TypeError, ValueError, MemoryError) as error:
        raise DataError(f"'{name}' is no readable audio file: {one_line(error)}") from error
    if rate != SAMPLE_RATE_HZ or samples.shape[1] != 1:
        raise DataError(
            f"'{name}' is {rate} Hz with {samples.shape[1]} channels; convert it to 16000 Hz mono"
        )
    return np.ascontiguousarray(samples[:, 0])


def one_line(error: BaseException) -> str:
    """What an error says, on one line."""
    return " ".join(str(error).split()) or type(error).__name__
