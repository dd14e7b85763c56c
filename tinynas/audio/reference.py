"""The floating-point reference of the front end: librosa's STFT and mel filters, natural logarithm, DCT.

Only tests and reports use it; features for training come from the device's code.
"""

from __future__ import annotations

import numpy as np

from tinynas.audio.frontend import FrontEnd
from tinynas.errors import ToolError


def reference_features(front_end: FrontEnd, clip: np.ndarray) -> np.ndarray:
    """float64 [frames, width] of one int16 clip, as librosa computes them; ToolError without librosa."""
    try:
        import librosa
        from librosa.filters import mel
    except ImportError as error:
        raise ToolError(
            "the front end's float reference needs librosa: pip install 'tinynas[train]'"
        ) from error
    # librosa centres a short window within the FFT, so the clip is moved by the same amount.
    margin = (front_end.fft - front_end.frame) // 2
    samples = np.pad(clip.astype(np.float64) / 32768.0, (margin, front_end.fft))
    spectrum = np.abs(
        librosa.stft(
            samples,
            n_fft=front_end.fft,
            hop_length=front_end.hop,
            window="hann",
            win_length=front_end.frame,
            center=False,
        )
    )
    filters = mel(
        sr=front_end.sample_rate_hz,
        n_fft=front_end.fft,
        n_mels=front_end.bands,
        fmin=front_end.low_hz,
        fmax=front_end.high_hz,
    )
    bands = filters.astype(np.float64) @ spectrum[:, : front_end.frames(len(clip))] ** front_end.power
    logs = np.log(bands + front_end.floor).T
    if front_end.kind == "logmel":
        return np.asarray(logs)
    rows = np.cos(
        np.pi
        / front_end.bands
        * np.outer(np.arange(front_end.coefficients), np.arange(front_end.bands) + 0.5)
    )
    rows *= np.sqrt(2.0 / front_end.bands)
    rows[0] /= np.sqrt(2.0)
    return np.asarray(logs @ rows.T)


def correlation(measured: np.ndarray, expected: np.ndarray) -> float:
    """Pearson's correlation of two feature maps; 1 when both are constant."""
    a, b = measured.ravel() - measured.mean(), expected.ravel() - expected.mean()
    norm = float(np.sqrt(np.sum(a * a) * np.sum(b * b)))
    return float(np.sum(a * b)) / norm if norm > 0 else 1.0
