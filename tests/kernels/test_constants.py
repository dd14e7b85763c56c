"""`constants()`, known from shapes alone, equals what the linker will find on a 32-bit target."""

from __future__ import annotations

import dataclasses
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.graph.strategies import ALL_KINDS, one_op_graphs
from tests.kernels import cases
from tests.kernels.host import KERNELS, struct_fields
from tinynas.boards.core import HOST
from tinynas.graph import Graph, Op
from tinynas.kernels import PATHS, KernelPath, paths_for

CORES = ("cortex-m0plus", "cortex-m4", "cortex-m7", "cortex-m33", "cortex-m55")
STRICT = ("-std=c11", "-O2", "-mthumb", "-Wall", "-Wextra", "-Werror", "-Wconversion", "-Wpedantic")


def params_bytes(path: KernelPath, op: Op, graph: Graph) -> int:
    """Every field is 32 bits on the target (test_struct_sizes shows there is no padding)."""
    return sum(4 * len(struct_fields()[f"{c.function}_params"]) for c in path.code(op, graph).calls)


def without_weights(graph: Graph) -> Graph:
    tensors = tuple(dataclasses.replace(t, data=None) if t.constant else t for t in graph.tensors)
    return dataclasses.replace(graph, tensors=tensors)


def check(graph: Graph) -> None:
    candidate = without_weights(graph)
    for op in graph.ops:
        for path in paths_for(op, graph, HOST):
            arrays = path.code(op, graph).arrays
            held = {
                role: sum(a.size_bytes for a in arrays if a.role == role) for role in ("weights", "tables")
            }
            constants = {t for c in path.code(op, graph).calls for t in c.inputs if graph.tensors[t].constant}
            held["weights"] += sum(-(-graph.tensors[t].size_bytes // 4) * 4 for t in constants)
            said = path.constants(op, candidate)
            assert (said.weights, said.tables) == (
                held["weights"],
                held["tables"] + params_bytes(path, op, graph),
            ), op
            assert all(v >= 0 for v in path.features(op, candidate).values())


@pytest.mark.parametrize(
    "make",
    [
        cases.conv,
        lambda rng: cases.conv(rng, pointwise=True),
        cases.depthwise,
        cases.dense,
    ],
    ids=["conv", "pointwise", "depthwise", "dense"],
)
@given(seed=st.integers(0, 2**32 - 1))
def test_layers(make: Callable[[np.random.Generator], Graph], seed: int) -> None:
    rng = np.random.default_rng(seed)
    for _ in range(5):
        check(make(rng))


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_operators(kind: str) -> None:
    @given(one_op_graphs(kind))
    def many(graph: Graph) -> None:
        check(graph)

    many()


def need_cross_compiler() -> None:
    if shutil.which("arm-none-eabi-gcc") is None:
        pytest.skip("arm-none-eabi-gcc is not installed")


def test_struct_sizes(tmp_path: Path) -> None:
    """Sizes of arrays named after the structs, read back from the object file."""
    need_cross_compiler()
    structs = [s for s in struct_fields() if s.startswith("tinynas_")]
    lines = ['#include "tinynas_kernels.h"', *(f"const char of_{s}[sizeof({s})] = {{0}};" for s in structs)]
    (tmp_path / "sizes.c").write_text("\n".join(lines) + "\n")
    subprocess.run(
        ["arm-none-eabi-gcc", "-mcpu=cortex-m7", "-mthumb", f"-I{KERNELS}", "-c", "sizes.c", "-o", "sizes.o"],
        cwd=tmp_path,
        check=True,
    )
    listing = subprocess.run(
        ["arm-none-eabi-nm", "-S", "sizes.o"], cwd=tmp_path, check=True, capture_output=True, text=True
    ).stdout
    sizes = {words[3][3:]: int(words[1], 16) for words in map(str.split, listing.splitlines())}
    assert set(sizes) == set(structs)
    assert sizes == {s: 4 * len(struct_fields()[s]) for s in structs}


@pytest.mark.parametrize("core", CORES)
def test_kernels_compile_without_a_warning(core: str, tmp_path: Path) -> None:
    need_cross_compiler()
    sources = sorted({s for p in PATHS for s in p.sources})
    subprocess.run(
        ["arm-none-eabi-gcc", f"-mcpu={core}", *STRICT, "-c", *(str(KERNELS / s) for s in sources)],
        cwd=tmp_path,
        check=True,
    )
    listing = subprocess.run(
        ["arm-none-eabi-nm", *(f"{Path(s).stem}.o" for s in sources)],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    symbols = [line.split() for line in listing.splitlines() if line.split()[1:]]
    undefined = {words[-1] for words in symbols if words[-2] == "U"}
    defined = {words[-1] for words in symbols if words[-2] in "tT"}
    foreign = undefined - defined - {"memcpy", "memset", "memmove"}
    assert {u for u in foreign if not u.startswith(("__aeabi_", "__gnu_thumb1_case"))} == set()


def test_headers_are_c_plus_plus(tmp_path: Path) -> None:
    if shutil.which("g++") is None:
        pytest.skip("g++ is not installed")
    text = (
        "".join(f'#include "{h.name}"\n' for h in sorted(KERNELS.glob("*.h"))) + "int main() { return 0; }\n"
    )
    (tmp_path / "all.cpp").write_text(text)
    subprocess.run(
        ["g++", "-Wall", "-Wextra", "-Werror", f"-I{KERNELS}", "-fsyntax-only", "all.cpp"],
        cwd=tmp_path,
        check=True,
    )
