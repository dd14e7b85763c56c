"""The audio front end: from a hop of samples to one column of features, the same integers everywhere.

`FrontEnd` is the whole description. Everything else follows from it: the tables the C code reads (`tables`),
its text for firmware (`generate`), its price (`cost`), and the features of clips on this machine (`host`).
The arithmetic lives once, in firmware/frontend/, so a network is trained on exactly the numbers it will see.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from tinynas.errors import UsageError

_LOG_STEPS = 1024  # int16 features count 1/1024 of log2


@dataclass(frozen=True)
class FrontEnd:
    """Framing, FFT size, filter bank and what comes out.

    frame, hop: samples. fft: 256, 512 or 1024, at least `frame`. bands: triangular mel filters between low_hz
    and high_hz (Slaney scale and area normalization, as librosa's default). power: 1 sums magnitudes, 2 sums
    powers. floor: added before the logarithm, samples counting -1 to 1 (as in log(x + 1e-3)).
    kind "logmel" gives `bands` values a column, "mfcc" the first `coefficients` of their orthonormal DCT-II.
    """

    sample_rate_hz: int = 16_000
    frame: int = 480
    hop: int = 320
    fft: int = 512
    bands: int = 40
    low_hz: int = 60
    high_hz: int = 7_600
    kind: str = "logmel"
    coefficients: int = 0
    power: int = 1
    floor: float = 1e-3

    def __post_init__(self) -> None:
        checks = (
            (self.fft in (256, 512, 1024), "fft must be 256, 512 or 1024"),
            (0 < self.frame <= self.fft and self.frame % 2 == 0, "frame must be even and at most fft"),
            (0 < self.hop <= self.frame and self.hop % 2 == 0, "hop must be even and at most frame"),
            (2 <= self.bands <= 128, "bands must be 2 to 128"),
            (
                0 <= self.low_hz < self.high_hz <= self.sample_rate_hz / 2,
                "low_hz must be below high_hz, and that at most half the rate",
            ),
            (self.kind in ("logmel", "mfcc"), "kind must be 'logmel' or 'mfcc'"),
            (self.power in (1, 2), "power must be 1 (magnitudes) or 2 (powers)"),
            (self.floor >= 1e-9, "floor must be at least 1e-9"),
            (
                self.kind != "mfcc" or 0 < self.coefficients <= self.bands,
                "mfcc needs coefficients from 1 to bands",
            ),
        )
        for holds, message in checks:
            if not holds:
                raise UsageError(f"front end: {message} (got {self})")

    @property
    def width(self) -> int:
        """Values in one feature column."""
        return self.coefficients if self.kind == "mfcc" else self.bands

    @property
    def headroom_bits(self) -> int:
        """Bits a DCT may grow beyond its inputs; the device drops as many so that int16 always suffices."""
        return math.ceil(math.log2(self.bands) / 2) if self.kind == "mfcc" else 0

    @property
    def unit(self) -> float:
        """What one step of an int16 feature is worth, in units of the natural logarithm."""
        return math.log(2.0) / _LOG_STEPS * float(2**self.headroom_bits)

    def frames(self, samples: int) -> int:
        """Columns that `samples` consecutive samples give (none is padded)."""
        return max(0, 1 + (samples - self.frame) // self.hop)


@dataclass(frozen=True)
class Quantizer:
    """int8 = clamp(round((feature - mean) / deviation / scale) + zero_point).

    mean, deviation: of the float features (natural logarithm) over the training data. scale, zero_point: of
    the model's int8 input tensor.
    """

    scale: float
    zero_point: int
    mean: float = 0.0
    deviation: float = 1.0

    def integers(self, front_end: FrontEnd) -> tuple[int, int, int]:
        """(multiplier, offset, shift): int8 = clamp((value * multiplier + offset) >> shift) for int16 values.

        The shift is the largest with which nothing exceeds 32 bits. Raises UsageError when there is none.
        """
        if not (self.scale > 0 and self.deviation > 0):
            raise UsageError(f"quantizer: scale and deviation must be positive (got {self})")
        ratio = front_end.unit / (self.deviation * self.scale)
        zero = self.zero_point - self.mean / (self.deviation * self.scale)
        for shift in range(30, 0, -1):
            multiplier = round(ratio * 2**shift)
            offset = round(zero * 2**shift) + 2 ** (shift - 1)
            if 32768 * multiplier + abs(offset) < 2**31:
                return multiplier, offset, shift
        raise UsageError(f"quantizer: {self} needs more than 32 bits; its mean is far outside int8")


def features_to_float(columns: np.ndarray, front_end: FrontEnd) -> np.ndarray:
    """int16 features -> float32 in natural-log units, as the floating-point reference gives them."""
    return columns.astype(np.float32) * np.float32(front_end.unit)
