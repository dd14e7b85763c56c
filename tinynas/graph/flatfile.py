"""The raw content of a `.tflite` file as plain Python values, read defensively.

The flatbuffers library trusts its input: wrong offsets surface as struct.error, IndexError and
others, and vector lengths are whatever the file says. Here every length is bounded by the file
size before anything is iterated, every read goes through Python's bounds checks, and whatever the
library raises becomes one ModelError. Tables may legally be shared, so a small file could still claim
gigabytes; the total read is therefore bounded by a multiple of the file's size.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import flatbuffers
import numpy as np
import tflite
from flatbuffers import number_types

from tinynas.errors import ModelError
from tinynas.graph.tflite_schema import FORMATS, OPERATOR_NAMES, OPTION_NAMES, Options

T = TypeVar("T")
MAX_FILE_BYTES = 64 << 20
MAX_ITEMS = 1 << 16  # tensors, operators, buffers
MAX_NAME = 1000  # characters kept


@dataclass(frozen=True, eq=False)
class RawTensor:
    name: str
    shape: tuple[int, ...]
    type_code: int
    data: np.ndarray | None  # uint8 bytes, or None when the buffer is empty
    scale: tuple[float, ...]
    zero_point: tuple[int, ...]
    axis: int
    variable: bool
    sparse: bool
    custom_quantization: bool


@dataclass(frozen=True, eq=False)
class RawOperator:
    kind: str  # TFLite's name
    version: int
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: Options = field(default_factory=dict)
    options_table: str = ""  # which options the file holds; "" for none


@dataclass(frozen=True, eq=False)
class RawModel:
    name: str
    tensors: tuple[RawTensor, ...]
    operators: tuple[RawOperator, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


def parse(data: bytes, name: str) -> RawModel:
    """The single subgraph of a model; ModelError when the file is no `.tflite` or is damaged."""
    if len(data) > MAX_FILE_BYTES:
        raise ModelError(f"{name}: {len(data)} bytes is more than a model for a microcontroller can have")
    if len(data) < 8 or data[4:8] != b"TFL3":
        raise ModelError(f"{name}: not a .tflite file (no TFL3 identifier)")
    try:
        return _Parser(data, name).model()
    except ModelError:
        raise
    except Exception as error:  # the flatbuffers library's own reaction to garbage, whatever it is
        raise ModelError(f"{name}: damaged .tflite file ({type(error).__name__}: {error})") from None


class _Parser:
    def __init__(self, data: bytes, name: str) -> None:
        self.data, self.name = data, name
        self.allowance = 8 * len(data) + (1 << 16)

    def charge(self, size_bytes: int) -> None:
        """Count bytes about to be kept; a file whose parts overlap too often is refused."""
        self.allowance -= size_bytes
        if self.allowance < 0:
            raise self.damaged("its parts overlap so often that they add up to far more than the file")

    def damaged(self, what: str) -> ModelError:
        return ModelError(f"{self.name}: damaged .tflite file ({what})")

    def each(self, length: int, item_bytes: int, get: Callable[[int], T], what: str) -> list[T]:
        """get(0) ... get(length - 1), refusing lengths that the file cannot hold."""
        if not 0 <= length <= min(len(self.data) // item_bytes, MAX_ITEMS):
            raise self.damaged(f"{length} {what} in {len(self.data)} bytes")
        items = [get(k) for k in range(length)]
        if any(item is None for item in items):
            raise self.damaged(f"missing {what}")
        return items

    def ints(self, table: Any, vector: str) -> tuple[int, ...]:
        """An int32 or int64 vector field."""
        length = getattr(table, f"{vector}Length")()
        if not 0 <= length <= len(self.data) // 4:
            raise self.damaged(f"{length} values in {len(self.data)} bytes")
        self.charge(4 * length)
        return tuple(getattr(table, f"{vector}AsNumpy")().tolist()) if length else ()

    def text(self, raw: bytes | None) -> str:
        """A name, fit to be printed in one line."""
        if raw is None:
            return ""
        self.charge(len(raw))
        text = raw[:4 * MAX_NAME].decode("utf-8", errors="replace")[:MAX_NAME]
        return "".join(c if c.isprintable() else "?" for c in text)

    def model(self) -> RawModel:
        model = tflite.Model.GetRootAs(self.data)
        if model.Version() != 3:
            raise ModelError(f"{self.name}: schema version {model.Version()} is not supported; supported: 3")
        if model.SubgraphsLength() != 1:
            raise ModelError(
                f"{self.name}: {model.SubgraphsLength()} subgraphs are not supported; supported: 1"
            )
        graph = model.Subgraphs(0)
        buffers = self.each(model.BuffersLength(), 4, model.Buffers, "buffers")
        codes = self.each(model.OperatorCodesLength(), 4, model.OperatorCodes, "operator codes")
        tensors = self.each(graph.TensorsLength(), 4, graph.Tensors, "tensors")
        operators = self.each(graph.OperatorsLength(), 4, graph.Operators, "operators")
        return RawModel(
            self.text(graph.Name()),
            tuple(self.tensor(t, buffers) for t in tensors),
            tuple(self.operator(k, o, codes) for k, o in enumerate(operators)),
            self.ints(graph, "Inputs"),
            self.ints(graph, "Outputs"),
        )

    def tensor(self, tensor: Any, buffers: list[Any]) -> RawTensor:
        q = tensor.Quantization()
        scale: tuple[float, ...] = ()
        zero_point: tuple[int, ...] = ()
        if q is not None and q.ScaleLength() and q.ZeroPointLength():
            scale, zero_point = self.ints(q, "Scale"), self.ints(q, "ZeroPoint")
        return RawTensor(
            self.text(tensor.Name()), self.ints(tensor, "Shape"), tensor.Type(),
            self.buffer(tensor.Buffer(), buffers), scale, zero_point,
            q.QuantizedDimension() if q is not None else 0, bool(tensor.IsVariable()),
            tensor.Sparsity() is not None, q is not None and q.DetailsType() != 0,
        )

    def buffer(self, index: int, buffers: list[Any]) -> np.ndarray | None:
        if not 0 <= index < len(buffers):
            raise self.damaged(f"buffer {index} of {len(buffers)}")
        if buffers[index].Offset() > 1 or buffers[index].Size() > 1:
            raise ModelError(f"{self.name}: weights stored after the flatbuffer are not supported")
        length = buffers[index].DataLength()
        if not 0 <= length <= len(self.data):
            raise self.damaged(f"a buffer of {length} bytes in {len(self.data)}")
        self.charge(length)
        return np.asarray(buffers[index].DataAsNumpy(), np.uint8) if length else None

    def operator(self, index: int, operator: Any, codes: list[Any]) -> RawOperator:
        position = operator.OpcodeIndex()
        if not 0 <= position < len(codes):
            raise self.damaged(f"operator code {position} of {len(codes)}")
        code = max(_builtin_code(codes[position]), codes[position].DeprecatedBuiltinCode())
        kind = OPERATOR_NAMES.get(code, f"number {code}")
        if kind == "CUSTOM":
            kind = f"CUSTOM {self.text(codes[position].CustomCode())!r}"
        table = OPTION_NAMES.get(operator.BuiltinOptionsType(), "unknown")
        table = "" if table == "NONE" else table
        return RawOperator(
            kind, codes[position].Version(), self.ints(operator, "Inputs"),
            self.ints(operator, "Outputs"), self.options(operator, kind, table), table,
        )

    def options(self, operator: Any, kind: str, table: str) -> Options:
        """The fields of the operator's own options table; schema defaults when it has none (and when
        it has another's, which is refused later, by name)."""
        form = FORMATS.get(kind)
        if form is None or not form.options:
            return {}
        raw = operator.BuiltinOptions()
        reader = getattr(tflite, form.options)()
        if table != form.options or raw is None:
            return dict(_DEFAULTS[form.options])
        reader.Init(raw.Bytes, raw.Pos)
        options: Options = {name: getattr(reader, name)() for name in form.fields}
        return options | {name: list(self.ints(reader, name)) for name in form.vectors}


def _builtin_code(code: Any) -> int:
    """The 32-bit field. The package's own accessor answers with the 8-bit one below 127, which
    would read a damaged code as a different operator than TFLite does."""
    slot = code._tab.Offset(10)
    return int(code._tab.Get(number_types.Int32Flags, slot + code._tab.Pos)) if slot else 0


def _defaults() -> dict[str, Options]:
    """What an operator without an options table means: every field at its schema default."""
    found: dict[str, Options] = {}
    for form in FORMATS.values():
        if form.options:
            fb = flatbuffers.Builder(64)
            getattr(tflite, f"{form.options}Start")(fb)
            fb.Finish(getattr(tflite, f"{form.options}End")(fb))
            table = getattr(tflite, form.options).GetRootAs(bytes(fb.Output()))
            found[form.options] = {name: getattr(table, name)() for name in form.fields}
            found[form.options] |= {name: [] for name in form.vectors}
    return found


_DEFAULTS = _defaults()
