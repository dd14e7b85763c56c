"""The audio front end: from a hop of samples to one column of features, the same integers on device and host.

`FrontEnd` is the whole description. Everything else follows from it: the tables the C code reads
(`tinynas.audio.tables`), what it costs (`tinynas.audio.cost`), and the C text for firmware
(`tinynas.audio.generate`). The arithmetic lives once, in firmware/frontend/, compiled for the board and,
through `tinynas.native`, for this machine (`features` below), so a network is trained on exactly the numbers
it will see.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tinynas.errors import UsageError


@dataclass(frozen=True)
class FrontEnd:
    """Framing, FFT size, filter bank and what comes out.

    frame, hop: samples. fft: 256, 512 or 1024, at least `frame`. bands: triangular mel filters between low_hz
    and high_hz (Slaney scale and area normalization, as librosa's default). power: 1 sums magnitudes, 2 sums
    powers.
    floor: added before the logarithm, in units of a full-scale sample of 1.0 (as in log(x + 1e-3)).
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

    @property
    def width(self) -> int:
        """Values in one feature column."""
        return self.coefficients if self.kind == "mfcc" else self.bands

    def frames(self, samples: int) -> int:
        """Columns that `samples` consecutive samples give (none is padded)."""
        return max(0, 1 + (samples - self.frame) // self.hop)


@dataclass(frozen=True)
class Quantizer:
    """int8 = clamp(round((feature - mean) / deviation / scale) + zero_point), as the device computes it.

    mean, deviation: of the float features (natural logarithm) over the training data. scale, zero_point: of
    the model's int8 input tensor.
    """

    scale: float
    zero_point: int
    mean: float = 0.0
    deviation: float = 1.0


def features(front_end: FrontEnd, clips: np.ndarray, quantizer: Quantizer | None = None) -> np.ndarray:
    """Feature maps of clips, computed by the device's own C code.

    clips: int16 [N, samples]. Without a quantizer the result is int16 [N, frames, width] in units of 1/1024
    of log2 (`features_to_float` gives natural-log floats); with one it is int8 of the same shape, ready for
    the model.
    """
    raise UsageError("the front end's host library is being written")


def features_to_float(columns: np.ndarray) -> np.ndarray:
    """int16 features -> float32 in natural-log units (what the floating-point reference gives)."""
    return columns.astype(np.float32) * np.float32(np.log(2.0) / 1024.0)
