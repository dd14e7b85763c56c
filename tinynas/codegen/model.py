"""Program -> `tinynas_model.c`, `tinynas_model.h` and the kernel sources they use: plain C11, no library but
memcpy. The same program gives the same bytes."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tinynas import __version__
from tinynas.codegen.fused import FusedText, fused_text, row_kernels
from tinynas.codegen.render import render
from tinynas.codegen.text import c_array, c_comment, c_number, c_string, c_type, shape_text
from tinynas.compile import Program, Step
from tinynas.compile.fused_path import FusedPath
from tinynas.graph import ITEM_BYTES
from tinynas.kernels.path import Array, Call, Code
from tinynas.resources import resource_dir

ALIGNMENT = 4  # of the arena: words, and all that LDRD, LDM and float32 need
HEADERS = ("tinynas_kernels.h",)  # that the generated source includes
_INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.M)
SECTIONS = {"weights": "TINYNAS_WEIGHTS", "tables": "TINYNAS_TABLES"}


@dataclass(frozen=True)
class ModelSources:
    """Files of a generated model, by name: generated text, and kernel files to copy beside it."""

    texts: dict[str, str]
    kernels: tuple[str, ...]  # names under firmware/kernels/

    def write(self, directory: Path) -> list[Path]:
        """Writes everything into `directory` (which exists); returns the C sources to compile."""
        for name, text in self.texts.items():
            (directory / name).write_text(text)
        for name in self.kernels:
            source = resource_dir("firmware") / "kernels" / name
            (directory / name).write_bytes(source.read_bytes())
        return [directory / name for name in (*self.texts, *self.kernels) if name.endswith(".c")]


@dataclass(frozen=True)
class _Port:
    offset: int
    size: int
    start: int  # within all inputs (or outputs), one after another


@dataclass(frozen=True)
class _Array:
    ctype: str
    symbol: str
    count: int
    align: int
    section: str
    text: str


@dataclass(frozen=True)
class _Call:
    struct: str
    symbol: str
    fields: tuple[tuple[str, str], ...]
    text: str


@dataclass(frozen=True)
class _Layer:
    comment: str
    arrays: tuple[_Array, ...]
    calls: tuple[_Call, ...]
    fused: FusedText | None = None  # then `calls` are its row kernels', made by the driver


def generate_model(program: Program) -> ModelSources:
    """The C of one program; needs weights."""
    codes = [step.path.code(step.op, program.graph, step.backward) for step in program.steps]
    layers = [_layer(program, at, step, code) for (at, step), code in
              zip(enumerate(program.steps), codes, strict=True)]
    fused = [(step.path, code.calls) for step, code in zip(program.steps, codes, strict=True)
             if isinstance(step.path, FusedPath)]
    kernels = _kernel_files(program)
    inputs, outputs = (_ports(program, ts) for ts in (program.graph.inputs, program.graph.outputs))
    names = {
        "title": c_comment(f"Model '{program.graph.name}' for {program.board.name}"),
        "version": __version__,
        "model_hash": model_hash(program),
        "name": c_string(program.graph.name),
        "inputs": inputs,
        "outputs": outputs,
    }
    header = render("model.h.j2", **names, layers=len(layers), alignment=ALIGNMENT,
                    arena_bytes=max(program.sram.arena_bytes, ALIGNMENT), interface=describe_ports(program))
    source = render("model.c.j2", **names, layers=layers,
                    headers=[*HEADERS, *(["tinynas_fused.h"] if fused else [])],
                    row_kernels=row_kernels(fused))
    return ModelSources({"tinynas_model.h": header, "tinynas_model.c": source}, kernels)


def model_hash(program: Program) -> str:
    """Sixteen hex digits that change with any weight, shape, quantization, kernel path or offset."""
    digest = hashlib.sha256()
    for at, step in enumerate(program.steps):
        digest.update(repr((step.op, step.path.name, step.backward, program.scratch.get(at))).encode())
        if step.ops:
            digest.update(repr((step.ops, [path.name for path in step.paths])).encode())
    for i, tensor in enumerate(program.graph.tensors):
        place = program.offsets.get(i)
        digest.update(repr((tensor.shape, tensor.dtype, tensor.quantization, place)).encode())
        if tensor.data is not None:
            digest.update(np.ascontiguousarray(tensor.data).tobytes())
    return digest.hexdigest()[:16]


def describe_ports(program: Program) -> list[str]:
    """What goes in and out, one line each."""
    lines = []
    for word, tensors in (("input", program.graph.inputs), ("output", program.graph.outputs)):
        for n, t in enumerate(tensors):
            tensor = program.graph.tensors[t]
            quantized = ""
            if tensor.quantization is not None and tensor.dtype != "float32":
                quantized = f", real = {tensor.scale:.9g} * (q - {tensor.zero_point})"
            line = f"{word} {n}: {c_type(tensor.dtype)} {shape_text(tensor.shape)}{quantized}"
            lines.append(c_comment(line))
    return lines


def _ports(program: Program, tensors: Sequence[int]) -> list[_Port]:
    ports, start = [], 0
    for t in tensors:
        size = program.graph.tensors[t].size_bytes
        ports.append(_Port(program.offsets[t], size, start))
        start += size
    return ports


def _layer(program: Program, at: int, step: Step, code: Code) -> _Layer:
    prefix = f"op{step.op_index}"
    first = step.ops[0] if step.ops else step.op
    shapes = [t.shape for t in (program.graph.tensors[i] for i in program.graph.activations(first))]
    outs = [program.graph.tensors[t].shape for t in step.op.outputs]
    arrow = f"{', '.join(map(shape_text, shapes))} -> {', '.join(map(shape_text, outs))}"
    paths = "+".join(path.name for path in step.paths)
    label = c_comment(f"{step.op_index} {step.kind} '{step.name}': {arrow}, {paths}")
    constants = _constant_operands(program, code)
    return _Layer(
        comment=label,
        arrays=tuple(_array(a, prefix) for a in (*code.arrays, *constants)),
        calls=tuple(_call(program, at, prefix, n, call) for n, call in enumerate(code.calls)),
        fused=(fused_text(program, at, prefix, step.path, code.calls)
               if isinstance(step.path, FusedPath) else None),
    )


def _constant_operands(program: Program, code: Code) -> list[Array]:
    """Constant tensors passed to a kernel as if they were activations (ADD with a constant)."""
    tensors = dict.fromkeys(t for call in code.calls for t in call.inputs if program.graph.tensors[t].constant)
    arrays = []
    for t in tensors:
        data = program.graph.tensors[t].data
        assert data is not None, "code is generated for models with weights only"
        arrays.append(Array(f"constant{t}", data, "weights"))
    return arrays


def _array(array: Array, prefix: str) -> _Array:
    dtype = array.data.dtype.name
    count = array.size_bytes // ITEM_BYTES.get(dtype, array.data.dtype.itemsize)
    return _Array(c_type(dtype), f"{prefix}_{array.name}", count, array.align,
                  SECTIONS[array.role], c_array(array.data, count))


def _call(program: Program, at: int, prefix: str, number: int, call: Call) -> _Call:
    symbol = f"{prefix}_call{number}"
    fields = tuple(
        (name, f"{prefix}_{value}" if isinstance(value, str) else c_number(value))
        for name, value in call.params.items()
    )
    if isinstance(program.steps[at].path, FusedPath):
        return _Call(f"{call.function}_params", symbol, fields, "")
    arguments = [f"&{symbol}"]
    arguments += [_operand(program, prefix, t, "const ") for t in call.inputs]
    arguments += [_operand(program, prefix, t, "") for t in call.outputs]
    if call.scratch:
        arguments.append(f"arena + {program.scratch[at]}" if at in program.scratch else "NULL")
    return _Call(f"{call.function}_params", symbol, fields, f"{call.function}({', '.join(arguments)});")


def _operand(program: Program, prefix: str, tensor: int, const: str) -> str:
    spec = program.graph.tensors[tensor]
    if spec.constant:
        return f"{prefix}_constant{tensor}"
    return f"({const}{c_type(spec.dtype)} *)(arena + {program.offsets[tensor]})"


def _kernel_files(program: Program) -> tuple[str, ...]:
    """Kernel sources in use, and every header they and the model include."""
    sources = {s for step in program.steps for path in (step.path, *step.paths) for s in path.sources}
    return tuple(sorted(sources) + sorted(_headers({*sources, *HEADERS})))


def _headers(files: Collection[str]) -> set[str]:
    """Headers among `files` and what they include, and what those do."""
    folder = resource_dir("firmware") / "kernels"
    found: set[str] = set()
    ahead = list(files)
    while ahead:
        name = ahead.pop()
        if name.endswith(".h"):
            found.add(name)
        ahead += set(_INCLUDE.findall((folder / name).read_text())) - found
    return found
