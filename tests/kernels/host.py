"""Running kernel paths on this machine: the C compiled once as a library, called with structs built
from `Code`, on one memory that holds inputs, outputs and scratch where a test wants them."""

from __future__ import annotations

import ctypes
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from tinynas.graph import ITEM_BYTES, Graph, Op
from tinynas.kernels import PATHS, Call, Code, KernelPath
from tinynas.native import SANITIZERS, build_library, load
from tinynas.resources import resource_dir

KERNELS = resource_dir("firmware") / "kernels"
GUARD = 64  # bytes on both sides of everything, to find writes outside
SCALARS = {"int32_t": ctypes.c_int32, "float": ctypes.c_float}


SANITIZED = os.environ.get("TINYNAS_TEST_SANITIZED") == "1"  # set by test_sanitized, in a process of its own
NARROW = "-DTINYNAS_NARROW=1"  # the arithmetic of cores without wide multiplication and division


@lru_cache(maxsize=4)
def kernel_library(*flags: str) -> ctypes.CDLL:
    """Every kernel in one library."""
    flags += SANITIZERS if SANITIZED else ()
    sources = sorted(KERNELS / s for s in {s for p in PATHS for s in p.sources})
    return load(build_library(sources, [KERNELS], flags))


@lru_cache(maxsize=1)
def struct_fields() -> dict[str, tuple[tuple[str, str], ...]]:
    """Params struct -> its fields (name, C type), as the header declares them."""
    text = re.sub(r"/\*.*?\*/", "", (KERNELS / "tinynas_kernels.h").read_text(), flags=re.S)
    found: dict[str, tuple[tuple[str, str], ...]] = {}
    for body, name in re.findall(r"typedef struct \{(.*?)\} (\w+);", text, flags=re.S):
        fields = []
        for declaration in filter(None, (d.strip() for d in body.split(";"))):
            kind, names = re.fullmatch(r"((?:const )?\w+)\s+(.*)", declaration, flags=re.S).groups()  # type: ignore[union-attr]
            for one in names.split(","):
                pointer = one.strip().startswith("*")
                fields.append((one.strip().lstrip("*"), "pointer" if pointer else kind))
        found[name] = tuple(fields)
    for old, new in re.findall(r"typedef (\w+_params) (\w+_params);", text):
        found[new] = found[old]
    return found


@dataclass
class Memory:
    """Buffers at chosen places of one block of bytes, or each in a block of its own."""

    blocks: dict[str, np.ndarray]  # per buffer, the block it lies in
    places: dict[str, tuple[int, int]]  # (start in the block, size)

    def address(self, name: str) -> int:
        return int(self.blocks[name].ctypes.data) + self.places[name][0]

    def view(self, name: str) -> np.ndarray:
        start, size = self.places[name]
        return self.blocks[name][start : start + size]

    def outside(self) -> np.ndarray:
        """Every byte of the (common) block that belongs to no buffer."""
        block = next(iter(self.blocks.values()))
        if any(other is not block for other in self.blocks.values()):
            return np.zeros(0, np.uint8)
        mask = np.ones(len(block), bool)
        for start, size in self.places.values():
            mask[start : start + size] = False
        return block[mask]


def aligned_bytes(size: int) -> np.ndarray:
    raw = np.zeros(size + 16, np.uint8)
    shift = -raw.ctypes.data % 16
    return raw[shift : shift + size]


def lay_out(sizes: Mapping[str, int], starts: Mapping[str, int] | None = None) -> Memory:
    """Buffers one after another (16-byte aligned, guarded), or at the given starts; painted 0xA5.

    Under the address sanitizer, unless starts are given, each is an allocation of its own."""
    if SANITIZED and starts is None:
        blocks = {name: np.full(size, 0xA5, np.uint8) for name, size in sizes.items()}
        return Memory(blocks, {name: (0, size) for name, size in sizes.items()})
    places, end = {}, GUARD
    for name, size in sizes.items():
        start = end if starts is None or name not in starts else starts[name]
        places[name] = (start, size)
        end = max(end, -(-(start + size + GUARD) // 16) * 16)
    data = aligned_bytes(end + GUARD)
    data[:] = 0xA5
    return Memory(dict.fromkeys(sizes, data), places)


def _struct(call: Call, arrays: Mapping[str, np.ndarray]) -> ctypes.Structure:
    fields = struct_fields()[f"{call.function}_params"]
    assert [name for name, _ in fields] == list(call.params), (
        f"{call.function}: fields differ from the header"
    )
    kinds = [(n, ctypes.c_void_p if kind == "pointer" else SCALARS[kind]) for n, kind in fields]
    struct = type(call.function, (ctypes.Structure,), {"_fields_": kinds})()
    for (name, kind), value in zip(fields, call.params.values(), strict=True):
        if isinstance(value, str):
            assert kind == "pointer"
            setattr(struct, name, arrays[value].ctypes.data)
        else:
            assert kind != "pointer" or value == 0
            assert kind != "int32_t" or (isinstance(value, int) and -(2**31) <= value < 2**31), (name, value)
            setattr(struct, name, value)
    return struct


def execute(code: Code, graph: Graph, memory: Memory, library: ctypes.CDLL) -> None:
    """The calls of one operator on tensors that lie in `memory` as "t<index>", scratch as "scratch".

    Constant arrays are given their exact bytes, so that sanitizers see reads beyond them."""
    arrays = {a.name: np.ascontiguousarray(a.data) for a in code.arrays}
    for call in code.calls:
        struct = _struct(call, arrays)
        arguments = [ctypes.c_void_p(memory.address(f"t{t}")) for t in (*call.inputs, *call.outputs)]
        if call.scratch:
            arguments.append(ctypes.c_void_p(memory.address("scratch")))
        function = getattr(library, call.function)
        function.restype = None
        function(ctypes.byref(struct), *arguments)


def run_path(
    path: KernelPath,
    op: Op,
    graph: Graph,
    values: Mapping[int, np.ndarray],
    *,
    backward: bool = False,
    starts: Mapping[str, int] | None = None,
    library: ctypes.CDLL | None = None,
) -> list[np.ndarray]:
    """Outputs of one operator through a kernel path; `starts` puts buffers ("t3", "scratch") where a
    plan would. Fails when anything outside the buffers was written."""
    tensors = dict.fromkeys((*(t for c in path.code(op, graph).calls for t in c.inputs), *op.outputs))
    sizes = {f"t{t}": graph.tensors[t].size_bytes for t in tensors}
    sizes["scratch"] = path.scratch_bytes(op, graph)
    memory = lay_out(sizes, starts)
    for t in tensors:
        if t not in op.outputs:
            memory.view(f"t{t}")[:] = np.ascontiguousarray(values[t]).reshape(-1).view(np.uint8)
    execute(path.code(op, graph, backward), graph, memory, library or kernel_library())
    assert (memory.outside() == 0xA5).all(), f"{path.name} wrote outside its buffers"
    return [_typed(memory, graph, t) for t in op.outputs]


def _typed(memory: Memory, graph: Graph, t: int) -> np.ndarray:
    tensor = graph.tensors[t]
    raw = memory.view(f"t{t}").copy()
    assert tensor.size_bytes == tensor.elements * ITEM_BYTES[tensor.dtype]
    return raw.view(np.dtype(tensor.dtype)).reshape(tensor.shape)


def reference(op: Op, graph: Graph, values: Mapping[int, np.ndarray]) -> Sequence[np.ndarray]:
    """The operator's own NumPy reference."""
    inputs = [values.get(t) if t >= 0 else None for t in op.inputs]
    tensors = graph.input_tensors(op)
    given = [t.data if t is not None and t.constant else v for t, v in zip(tensors, inputs, strict=True)]
    return op.run(given, tensors, graph.output_tensors(op))


def values_for(op: Op, graph: Graph, rng: np.random.Generator, style: int = 0) -> dict[int, np.ndarray]:
    """Every input of the operator: constants as they are, activations random or at the ends."""
    values: dict[int, np.ndarray] = {}
    for t in dict.fromkeys(op.inputs):
        if t < 0:
            continue
        tensor = graph.tensors[t]
        if tensor.constant:
            assert tensor.data is not None
            values[t] = tensor.data
        elif tensor.dtype == "float32":
            values[t] = (rng.standard_normal(tensor.shape) * 10.0 ** rng.integers(-3, 4)).astype(np.float32)
        elif style == 1:
            values[t] = rng.choice(np.array([-128, 127], np.int8), tensor.shape)
        elif style == 2:
            values[t] = np.full(tensor.shape, rng.choice((-128, 127)), np.int8)
        else:
            values[t] = rng.integers(-128, 128, tensor.shape).astype(np.int8)
    return values
