"""The device's front end on this machine: the same C sources, compiled by the host compiler, called by
ctypes.

ctypes releases the interpreter lock during a call, so several threads may compute features side by side.
"""

from __future__ import annotations

import ctypes
from functools import lru_cache
from pathlib import Path

import numpy as np

from tinynas.audio.frontend import FrontEnd, Quantizer
from tinynas.audio.tables import Tables, make_tables
from tinynas.errors import UsageError
from tinynas.native import build_library, load
from tinynas.resources import resource_dir

SOURCES = (
    "tinynas_frontend.c",
    "tinynas_frontend_fft.c",
    "tinynas_frontend_spectrum.c",
    "tinynas_frontend_bands.c",
    "tinynas_frontend_lines.c",
    "tinynas_frontend_ring.c",
)
_POINTERS = (
    "window",
    "order",
    "twiddles",
    "split_twiddles",
    "segments",
    "dct",
)


class _Struct(ctypes.Structure):
    """`tinynas_frontend`, field for field."""

    _fields_ = [
        ("frame", ctypes.c_uint16),
        ("hop", ctypes.c_uint16),
        ("points", ctypes.c_uint16),
        ("window_shift", ctypes.c_uint8),
        ("power", ctypes.c_uint8),
        ("first_bin", ctypes.c_uint16),
        ("last_bin", ctypes.c_uint16),
        ("bands", ctypes.c_uint16),
        ("coefficients", ctypes.c_uint16),
        ("dct_shift", ctypes.c_uint8),
        ("floor_shift", ctypes.c_uint8),
        *((name, ctypes.c_void_p) for name in _POINTERS),
    ]


class _QuantizerStruct(ctypes.Structure):
    _fields_ = [("multiplier", ctypes.c_int32), ("offset", ctypes.c_int32), ("shift", ctypes.c_int32)]


def source_dir() -> Path:
    """Folder of the front end's C sources."""
    return resource_dir("firmware") / "frontend"


@lru_cache(maxsize=1)
def _library() -> ctypes.CDLL:
    folder = source_dir()
    sources = [folder / name for name in (*SOURCES, "tinynas_frontend_batch.c")]
    return load(build_library(sources, [folder], ["-O3"]))


@lru_cache(maxsize=64)
def _struct(front_end: FrontEnd) -> tuple[_Struct, Tables]:
    """The C struct of a front end, with the tables it points into (they must stay alive)."""
    tables = make_tables(front_end)
    struct = _Struct()
    for field in _Struct._fields_:
        name = field[0]
        value = getattr(tables, name)
        setattr(struct, name, value.ctypes.data if isinstance(value, np.ndarray) else value)
    return struct, tables


def features(front_end: FrontEnd, clips: np.ndarray, quantizer: Quantizer | None = None) -> np.ndarray:
    """Feature maps of clips, computed by the device's own C code.

    clips: int16 [N, samples]. Without a quantizer the result is int16 [N, frames, width] in steps of
    `front_end.unit` (`features_to_float` gives natural-log floats); with one it is int8 of the same shape,
    ready for the model. Raises UsageError for other types or shapes and ToolError without a C compiler.
    """
    if clips.ndim != 2 or clips.dtype != np.int16:
        raise UsageError(f"features need int16 clips [N, samples], got {clips.dtype} {list(clips.shape)}")
    count, samples = clips.shape
    frames = front_end.frames(samples)
    if samples % 2:  # hops of every clip must be word-aligned: leave out the samples no frame reaches
        clips = clips[:, : front_end.frame + (frames - 1) * front_end.hop if frames else 0]
    clips = np.ascontiguousarray(clips)
    if clips.ctypes.data % 4:
        clips = clips.copy()
    struct, _ = _struct(front_end)
    columns = np.empty((count, frames, front_end.width), np.int16)
    state = np.zeros(struct.points, np.uint32)
    scratch = np.zeros(2 * struct.points + (struct.bands + 1) // 2, np.uint32)
    _library().tinynas_frontend_batch(
        ctypes.byref(struct),
        ctypes.c_void_p(clips.ctypes.data),
        ctypes.c_int64(count),
        ctypes.c_int64(clips.shape[1]),
        ctypes.c_void_p(state.ctypes.data),
        ctypes.c_void_p(scratch.ctypes.data),
        ctypes.c_void_p(columns.ctypes.data),
    )
    return columns if quantizer is None else quantize(columns, front_end, quantizer)


def quantize(columns: np.ndarray, front_end: FrontEnd, quantizer: Quantizer) -> np.ndarray:
    """int16 features -> int8 of the same shape, by the device's code."""
    struct = _QuantizerStruct(*quantizer.integers(front_end))
    columns = np.ascontiguousarray(columns, np.int16)
    out = np.empty(columns.shape, np.int8)
    flat = columns.reshape(-1)
    step = 2**30  # the C count is 32 bits
    for start in range(0, flat.size, step):
        part = flat[start : start + step]
        _library().tinynas_frontend_quantize(
            ctypes.byref(struct),
            ctypes.c_void_p(part.ctypes.data),
            ctypes.c_void_p(out.ctypes.data + start),
            ctypes.c_int32(part.size),
        )
    return out
