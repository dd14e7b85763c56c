"""Exact execution counts from QEMU: our TCG plugin, compiled at first use, and what it wrote.

The plugin counts executions of every translation block of one inference, layer by layer. Layers are told
apart by labels in the generated code, which cost no instruction, so the firmware that is profiled is byte
for byte the one that is measured."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tinynas.errors import MeasureError, ToolError
from tinynas.native import build_library
from tinynas.target.elf import Symbol, symbols

PLUGIN = Path(__file__).parent / "plugin" / "profile.c"
INVOKE, CALLER, LABEL = "tinynas_invoke", "timed", re.compile(r"tn_layer_(\d+)$")


@dataclass(frozen=True)
class Block:
    """A straight run of instructions within one layer (-1: before the first label).

    `repeats`: executions right after the block itself. `taken`: executions whose last branch was taken;
    `mispredicted`: by a two-bit counter of its own."""

    layer: int
    address: int
    instructions: int
    size_bytes: int
    executions: int
    repeats: int
    taken: int
    mispredicted: int


def plugin_arguments(elf: Path, folder: Path) -> list[str]:
    """QEMU's arguments; counts will be in `counts_file(folder)`. ToolError without a host C compiler,
    MeasureError when the firmware has no labels."""
    found = symbols(elf)
    for name in (INVOKE, CALLER):
        if name not in found:
            raise MeasureError(f"{elf.name} has no function '{name}': it cannot be profiled")
    caller = found[CALLER]
    marks = folder / "marks.txt"
    marks.write_text("".join(f"{address:x}\n" for address in layer_addresses(found)))
    library = build_library([PLUGIN], flags=("-shared", "-fPIC"))
    for path in (library, marks, folder):
        if "," in str(path):
            raise ToolError(f"QEMU's plugin options cannot hold a path with a comma: {path}")
    options = (f"out={counts_file(folder)}", f"start={found[INVOKE].address:x}",
               f"stop={caller.address:x}-{caller.address + caller.size:x}", f"marks={marks}")
    return ["-plugin", ",".join((str(library), *options))]


def counts_file(folder: Path) -> Path:
    return folder / "counts.txt"


def layer_addresses(found: Mapping[str, Symbol]) -> list[int]:
    """Address of each layer's label, in order, and of the end."""
    labels = {int(m[1]): s.address for name, s in found.items() if (m := LABEL.match(name))}
    if sorted(labels) != list(range(len(labels))) or not labels:
        raise MeasureError("the firmware has no labels between layers: build it for an emulator")
    return [labels[k] & ~1 for k in range(len(labels))]


def read_counts(path: Path) -> tuple[Block, ...]:
    """Blocks of one inference. MeasureError when the file is missing, or several inferences ran."""
    try:
        lines = path.read_text().splitlines()
    except OSError as error:
        raise MeasureError(f"QEMU's plugin wrote no counts ({error.strerror}): has this QEMU plugins?") from error
    runs = [int(line.split()[2]) for line in lines if line.startswith("# runs")]
    if runs != [1]:
        raise MeasureError(f"a profile needs one inference, {runs[0] if runs else 'none'} ran")
    return tuple(_block(line.split()) for line in lines if not line.startswith("#"))


def _block(words: Sequence[str]) -> Block:
    layer, address, *rest = words
    return Block(int(layer), int(address, 16), *(int(word) for word in rest))
