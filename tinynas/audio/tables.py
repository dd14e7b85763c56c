"""The numbers the C front end reads, computed from a `FrontEnd`.

Layouts are documented at the struct in firmware/frontend/tinynas_frontend.h. The one decision made here is
the
window shift: how many fraction bits the transform carries. It is the largest that no input whatsoever, not
even a full-scale square wave at the worst frequency, can overflow: - |any intermediate of the FFT| <= the sum
of all |windowed samples|, which must stay below 2^30; - the two running sums of a segment of n bins are
bounded with Cauchy-Schwarz and Parseval by
  sqrt(n P) and sqrt(sum i^2 P) with P = fft / 2 * sum (window * 32768)^2, and must stay below 2^32
  (magnitudes, after their fixed shift) or 2^62 (powers).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from functools import lru_cache

import numpy as np

from tinynas.audio.frontend import FrontEnd
from tinynas.audio.mel import mel_areas, mel_edges
from tinynas.errors import UsageError

SUM_SHIFT = 5  # TINYNAS_FRONTEND_SUM_SHIFT in firmware/frontend/tinynas_frontend_internal.h
_ONE_Q15 = 32768
# tinynas_frontend_segment
SEGMENT = np.dtype(
    [
        ("step", "<u4"),
        ("start", "<u4"),
        ("floor", "<u4"),
        ("log_offset", "<i4"),
        ("bins", "<u2"),
        ("lower", "<u2"),
    ]
)
_HALF_LOG_STEP = 32  # of Q16, where a step of the result is 64


@dataclass(frozen=True, eq=False)
class Tables:
    """Scalars and arrays of `tinynas_frontend`, in the struct's order and with its names."""

    frame: int
    hop: int
    points: int
    window_shift: int
    power: int
    first_bin: int
    last_bin: int
    bands: int
    coefficients: int
    dct_shift: int
    floor_shift: int
    window: np.ndarray
    order: np.ndarray
    twiddles: np.ndarray
    split_twiddles: np.ndarray
    segments: np.ndarray
    dct: np.ndarray

    def arrays(self) -> dict[str, np.ndarray]:
        """The arrays by field name, in the struct's order; empty ones are not in flash."""
        found = {f.name: getattr(self, f.name) for f in fields(self)}
        return {name: value for name, value in found.items() if isinstance(value, np.ndarray)}

    @property
    def flash_bytes(self) -> int:
        """Bytes of all arrays, each padded to a whole word, as they lie in flash."""
        return sum(-(-array.nbytes // 4) * 4 for array in self.arrays().values())


def window_q15(frame: int, fft: int) -> np.ndarray:
    """int16 [fft]: periodic Hann window of `frame` samples, then zeros."""
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(frame) / frame)
    window = np.zeros(fft, np.int16)
    window[:frame] = np.minimum(np.rint(hann * _ONE_Q15), _ONE_Q15 - 1)
    return window


@lru_cache(maxsize=64)
def make_tables(front_end: FrontEnd) -> Tables:
    """All tables of a front end. Raises UsageError when a band would have no bin."""
    points = front_end.fft // 2
    edges = mel_edges(front_end.bands, front_end.low_hz, front_end.high_hz)
    first, last, segments = _segments(front_end, edges)
    window = window_q15(front_end.frame, front_end.fft)
    shift = _window_shift(front_end, window, segments)
    unit = float(2 ** (15 - shift)) * _ONE_Q15
    unit = unit * unit if front_end.power == 2 else unit / 2**SUM_SHIFT
    areas = mel_areas(edges)
    step, start = _rises(front_end, edges, segments, first)
    dct, dct_shift = _dct(front_end)
    floor, floor_shift = _floor(front_end.floor * unit / areas, front_end)
    records = np.zeros(front_end.bands + 1, SEGMENT)
    records["step"], records["start"] = step, start
    records["floor"][:-1] = floor
    records["log_offset"][:-1] = np.rint(np.log2(areas / unit) * 65536 + _HALF_LOG_STEP)
    records["bins"] = segments
    if front_end.power == 1:
        _split(records, points, first, last)
    return Tables(
        frame=front_end.frame,
        hop=front_end.hop,
        points=points,
        window_shift=shift,
        power=front_end.power,
        first_bin=first,
        last_bin=last,
        bands=front_end.bands,
        coefficients=front_end.coefficients if front_end.kind == "mfcc" else 0,
        dct_shift=dct_shift,
        floor_shift=floor_shift,
        window=pack(window[0::2], window[1::2]),
        order=_order(points),
        twiddles=_twiddles(points),
        split_twiddles=_turns(np.arange(points // 2), 2 * points),
        segments=records,
        dct=dct,
    )


def pack(low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Two int16 arrays as the halves of uint32 words."""
    words: np.ndarray = (low.astype(np.uint32) & 0xFFFF) | (high.astype(np.uint32) << 16)
    return words.astype(np.uint32)


def _turns(steps: np.ndarray, circle: int) -> np.ndarray:
    """exp(-2 pi i steps / circle): cosine in the low half, sine in the high one, Q15."""
    angle = 2 * np.pi * steps / circle
    parts = [
        np.minimum(np.rint(f(angle) * _ONE_Q15), _ONE_Q15 - 1).astype(np.int16) for f in (np.cos, np.sin)
    ]
    return pack(*parts)


def _twiddles(points: int) -> np.ndarray:
    """w^j, w^2j, w^3j for j = 0 ... points / 4 - 1, w = exp(-2 pi i / points); small stages skip some."""
    j = np.arange(points // 4)
    return np.stack([_turns(j * times, points) for times in (1, 2, 3)], axis=1).reshape(-1)


def _order(points: int) -> np.ndarray:
    """Where the n-th first butterfly writes: its base-4 digits reversed, times the butterfly's size."""
    size = 4 if points.bit_length() % 2 == 1 else 8
    blocks = points // size
    places = []
    for n in range(blocks):
        rest, place, base = n, 0, 1
        while base < blocks:
            place = 4 * place + rest % 4
            rest //= 4
            base *= 4
        places.append(place * size)
    return np.array(places, np.uint16)


def _segments(front_end: FrontEnd, edges: np.ndarray) -> tuple[int, int, np.ndarray]:
    """First bin, last bin, and bins per segment between neighbouring edges, [bands + 1]."""
    hz = front_end.sample_rate_hz / front_end.fft
    lowest = [max(1, int(np.ceil(edge / hz))) for edge in edges]
    first, last = lowest[0], min(lowest[-1] - 1, front_end.fft // 2 - 1)
    lowest[-1] = last + 1
    counts = np.diff(np.array(lowest))
    empty = np.flatnonzero(counts[:-1] + counts[1:] == 0)
    if len(empty) or counts.min() < 0:
        band = int(empty[0]) if len(empty) else int(np.flatnonzero(counts < 0)[0])
        raise UsageError(
            f"mel band {band} of {front_end.bands} holds no FFT bin ({hz:.1f} Hz apart); "
            "use fewer bands, a higher low_hz or a larger fft"
        )
    return first, last, counts


def _rises(
    front_end: FrontEnd, edges: np.ndarray, segments: np.ndarray, first: int
) -> tuple[np.ndarray, np.ndarray]:
    """Growth per bin and start of the rising weight of each segment, Q32, never above the true value."""
    hz = front_end.sample_rate_hz / front_end.fft
    lowest = first + np.concatenate([[0], np.cumsum(segments)[:-1]])
    widths = np.diff(edges)
    step = np.where(segments > 1, hz / widths, 0.0)
    start = np.where(segments > 0, (lowest * hz - edges[:-1]) / widths, 0.0)
    step, start = (np.floor(np.clip(x, 0.0, 1.0) * (2**32 - 1)).astype(np.uint32) for x in (step, start))
    return step, start


def _floor(values: np.ndarray, front_end: FrontEnd) -> tuple[np.ndarray, int]:
    """What is added to the band sums, and how far it is shifted left first (powers exceed 32 bits)."""
    shift = 0
    if front_end.power == 2:
        shift = max(0, math.ceil(math.log2(values.max())) - 31)
    elif values.max() > 2**28:
        raise UsageError(f"front end: floor {front_end.floor} drowns the signal; 1e-3 is usual, at most 1")
    return np.maximum(1, np.rint(values / 2**shift)).astype(np.uint32), shift


def _split(records: np.ndarray, points: int, first: int, last: int) -> None:
    """Divide the bins of the segment that holds bin points / 2 and a higher one, if there is one.

    Magnitudes of the upper half lie elsewhere (firmware/frontend/tinynas_frontend_spectrum.c), so the loop
    over bins, which runs downwards, jumps there.
    """
    half = points // 2
    if last <= half:
        return
    ends = first + np.cumsum(records["bins"].astype(int))
    segment = int(np.flatnonzero(ends > half)[0])
    above = int(ends[segment]) - 1 - half
    records["lower"][segment] = records["bins"][segment] - above
    records["bins"][segment] = above


def _window_shift(front_end: FrontEnd, window: np.ndarray, segments: np.ndarray) -> int:
    """The smallest right shift of windowed samples that keeps every sum in range (module docstring)."""
    weights = window.astype(np.float64)  # Q15, so products with samples are Q15 too
    total = 32768.0 * float(weights.sum())
    amplitude = 32768.0 * float(np.sqrt(front_end.fft / 2 * np.sum(weights**2)))
    widest = int(segments.max())
    factor = max(float(np.sqrt(np.sum(np.arange(widest + 1.0) ** 2))), float(np.sqrt(2.0 * widest)))
    for shift in range(16):
        # The additions are what truncation can contribute.
        fits = total / 2**shift + 4 * front_end.fft < 0.98 * 2**30
        if front_end.power == 1:
            fits &= factor * amplitude / 2 ** (shift + SUM_SHIFT) + 4 * widest < 0.9 * 2**32
        else:
            fits &= widest * (amplitude / 2**shift) ** 2 < 0.9 * 2**62
        if fits:
            return shift
    raise UsageError(f"front end {front_end} has sums beyond 32 bits; use more bands or a shorter frame")


def _dct(front_end: FrontEnd) -> tuple[np.ndarray, int]:
    """Packed rows of the orthonormal DCT-II and the shift after its sums."""
    if front_end.kind != "mfcc":
        return np.zeros(0, np.uint32), 0
    bands = front_end.bands
    rows = np.cos(np.pi / bands * np.outer(np.arange(front_end.coefficients), np.arange(bands) + 0.5))
    rows *= np.sqrt(2.0 / bands)
    rows[0] /= np.sqrt(2.0)
    largest = float(np.abs(rows).sum(axis=1).max())
    bits = int(np.floor(np.log2((2**31 - 2**20) / (32768 * largest))))
    bits = min(bits, 14)
    packed = np.zeros((front_end.coefficients, 2 * ((bands + 1) // 2)))
    packed[:, :bands] = np.rint(rows * 2**bits)
    words = pack(packed[:, 0::2].astype(np.int16), packed[:, 1::2].astype(np.int16))
    return words.reshape(-1), bits + front_end.headroom_bits
