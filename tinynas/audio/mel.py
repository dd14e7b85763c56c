"""Triangular mel filters, equal to librosa's (a test says so), without needing it.

Slaney's scale: linear below 1 kHz (3 mel per 200 Hz), logarithmic above (27 mel per factor 6.4). Filters are
triangles in hertz between neighbouring band edges, divided by half their width ("slaney" normalization).
Source: M. Slaney, Auditory Toolbox, 1998, as documented for librosa.filters.mel.
"""

from __future__ import annotations

import numpy as np

_HZ_PER_MEL = 200.0 / 3.0
_LOG_FROM_HZ = 1_000.0
_LOG_FROM_MEL = _LOG_FROM_HZ / _HZ_PER_MEL
_LOG_STEP = np.log(6.4) / 27.0


def hz_to_mel(hz: float) -> float:
    """Slaney mel of a frequency."""
    if hz < _LOG_FROM_HZ:
        return hz / _HZ_PER_MEL
    return float(_LOG_FROM_MEL + np.log(hz / _LOG_FROM_HZ) / _LOG_STEP)


def mel_edges(bands: int, low_hz: float, high_hz: float) -> np.ndarray:
    """float64 [bands + 2] hertz: edges equally spaced in mel. Band b spans edges b to b + 2."""
    mels = np.linspace(hz_to_mel(low_hz), hz_to_mel(high_hz), bands + 2)
    return np.where(
        mels >= _LOG_FROM_MEL,
        _LOG_FROM_HZ * np.exp(_LOG_STEP * (mels - _LOG_FROM_MEL)),
        _HZ_PER_MEL * mels,
    )


def mel_areas(edges: np.ndarray) -> np.ndarray:
    """float64 [bands]: what each triangle of height 1 is multiplied with."""
    areas: np.ndarray = 2.0 / (edges[2:] - edges[:-2])
    return areas


def mel_filters(sample_rate_hz: int, fft: int, bands: int, low_hz: float, high_hz: float) -> np.ndarray:
    """float32 [bands, fft / 2 + 1]: weights of the FFT bins, as librosa.filters.mel gives them."""
    edges = mel_edges(bands, low_hz, high_hz)
    bins = np.fft.rfftfreq(fft, 1.0 / sample_rate_hz)
    widths = np.diff(edges)
    distance = edges[:, None] - bins[None, :]
    weights = np.zeros((bands, len(bins)), np.float32)
    for b in range(bands):
        weights[b] = np.maximum(0, np.minimum(-distance[b] / widths[b], distance[b + 2] / widths[b + 1]))
    weights *= mel_areas(edges)[:, None]
    return weights
