"""The kernels under the address and undefined-behaviour sanitizers, every buffer an allocation of its
own; and with the arithmetic of cores that have no wide multiplication and no division."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.graph.strategies import one_op_graphs
from tests.kernels import cases
from tests.kernels.host import NARROW, kernel_library, reference, run_path, values_for
from tests.kernels.test_layers import SEEDS
from tinynas.boards.core import HOST
from tinynas.graph import Graph
from tinynas.kernels import paths_for
from tinynas.native import find_compiler

FILES = (
    "test_layers.py",
    "test_operators.py",
    "test_depthwise_dsp.py",
    "test_average_pool_dsp.py",
    "test_add_linear.py",
    "test_softmax_table.py",
)


def sanitizer_runtime() -> str:
    """What must be loaded first into an unsanitized Python; skips where the compiler has none."""
    found = subprocess.run(
        [*find_compiler(), "-print-file-name=libasan.so"], capture_output=True, text=True, check=False
    )
    path = Path(found.stdout.strip())
    if sys.platform != "linux" or not path.is_absolute() or not path.exists():
        pytest.skip("the C compiler has no shared address sanitizer")
    return str(path)


@pytest.mark.slow
def test_no_sanitizer_complains(repo_root: Path) -> None:
    env = {
        **os.environ,
        "LD_PRELOAD": sanitizer_runtime(),
        "TINYNAS_TEST_SANITIZED": "1",
        "ASAN_OPTIONS": "detect_leaks=0",
        "PYTHONMALLOC": "malloc",
    }
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-x",
        "-m",
        "not emulator",
        *(f"tests/kernels/{f}" for f in FILES),
        "--hypothesis-seed=1",
    ]
    done = subprocess.run(
        command, cwd=repo_root, env=env, capture_output=True, text=True, check=False, timeout=900
    )
    assert done.returncode == 0, (done.stdout[-3000:], done.stderr[-3000:])
    assert " passed" in done.stdout


def check_narrow(graph: Graph, rng: np.random.Generator) -> None:
    for op in graph.ops:
        values = values_for(op, graph, rng, int(rng.integers(0, 4)))
        for path in paths_for(op, graph, HOST):
            got = run_path(path, op, graph, values, library=kernel_library(NARROW))
            for a, b in zip(got, reference(op, graph, values), strict=True):
                np.testing.assert_array_equal(a, b, err_msg=f"{path.name} {op}")


@pytest.mark.parametrize(
    "make", [cases.conv, cases.depthwise, cases.dense], ids=["conv", "depthwise", "dense"]
)
def test_narrow_layers(make: object) -> None:
    @given(SEEDS)
    def many(seed: int) -> None:
        rng = np.random.default_rng(seed)
        for _ in range(20):
            check_narrow(make(rng), rng)  # type: ignore[operator]

    many()


@pytest.mark.parametrize("kind", ["ADD", "SUB", "MUL", "MEAN", "SOFTMAX", "AVERAGE_POOL_2D"])
def test_narrow_operators(kind: str) -> None:
    @given(one_op_graphs(kind), st.integers(0, 2**32 - 1))
    def many(graph: Graph, seed: int) -> None:
        check_narrow(graph, np.random.default_rng(seed))

    many()
