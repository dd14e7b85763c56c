"""Every operator in C against the NumPy reference, drawn around each operator in turn."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.graph.strategies import ALL_KINDS, one_op_graphs
from tests.kernels import cases
from tests.kernels.test_layers import check
from tinynas.boards.core import HOST
from tinynas.errors import ModelError
from tinynas.graph import Graph, Quantization, Tensor
from tinynas.graph.builder import GraphBuilder
from tinynas.graph.ops import Reshape
from tinynas.kernels import PATHS, default_path, paths_for

SEEDS = st.integers(0, 2**32 - 1)


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_every_operator_is_bit_exact(kind: str) -> None:
    @settings(parent=settings())
    @given(one_op_graphs(kind), SEEDS)
    def many(graph: Graph, seed: int) -> None:
        rng = np.random.default_rng(seed)
        for op in graph.ops:
            one = dataclasses.replace(graph, ops=(op,))
            assert check(one, rng), f"no kernel path takes {op}"

    many()


@pytest.mark.parametrize("kind", ["AVERAGE_POOL_2D", "MAX_POOL_2D"])
@given(SEEDS)
def test_pools_of_every_channel_count_and_window(kind: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    for _ in range(20):
        kernel = (int(rng.integers(1, 26)), int(rng.integers(1, 12)))
        spare = rng.integers(0, 4, 2)
        shape = (1, kernel[0] + int(spare[0]), kernel[1] + int(spare[1]), int(rng.integers(1, 11)))
        b = GraphBuilder("pool")
        method = b.average_pool if kind == "AVERAGE_POOL_2D" else b.max_pool
        x = b.input(shape, cases.activation(rng))
        stride = (int(rng.integers(1, 4)), int(rng.integers(1, 4)))
        out = method(
            x, kernel, stride, str(rng.choice(("SAME", "VALID"))), str(rng.choice(cases.ACTIVATIONS))
        )
        check(b.build([out]), rng)


@given(SEEDS)
def test_sums_keep_every_shift_and_end_point(seed: int) -> None:
    rng = np.random.default_rng(seed)
    for _ in range(20):
        b = GraphBuilder("sums")
        shape = (1, int(rng.integers(1, 5)), 3, int(rng.integers(1, 9)))
        scales = 2.0 ** rng.uniform(-12, 4, 3)
        qa, qb, qy = (Quantization.per_tensor(float(s), cases.zero_point(rng)) for s in scales)
        method = [b.add, b.sub, b.mul][rng.integers(0, 3)]
        pair = [b.input(shape, qa), b.input(shape, qb)]
        try:
            out = method(*pair, str(rng.choice(cases.ACTIVATIONS)), qy)
            graph = b.build([out])
        except ModelError:
            continue  # a ratio that TFLite Micro refuses too
        check(graph, rng)


@given(SEEDS)
def test_softmax_of_long_and_steep_rows(seed: int) -> None:
    rng = np.random.default_rng(seed)
    for _ in range(4):
        b = GraphBuilder("softmax")
        shape = (int(rng.integers(1, 4)), int(rng.choice((1, 2, 10, 300, 1000, 3000))))
        x = b.input(shape, Quantization.per_tensor(float(2.0 ** rng.uniform(-12, 4)), cases.zero_point(rng)))
        check(b.build([b.softmax(x, float(rng.choice((1.0, 0.1, 3.0))))]), rng)


def test_float_edges_at_halves_infinities_and_nan() -> None:
    special = np.array(
        [
            0.5,
            -0.5,
            1.5,
            2.5,
            -2.5,
            0.49999997,
            -0.49999997,
            1e30,
            -1e30,
            np.inf,
            -np.inf,
            np.nan,
            0.0,
            -0.0,
            127.5,
            -128.5,
            3e9,
            254.5,
        ],
        np.float32,
    )
    for scale in (1.0, 0.25, 3e-39, 1e-3):
        for zero in (-128, 0, 127):
            b = GraphBuilder("edges")
            x = b.input((len(special),), dtype="float32")
            graph = b.build([b.quantize(x, Quantization.per_tensor(scale, zero))])
            op = graph.ops[0]
            values = {x: special * np.float32(scale)}
            from tests.kernels.host import reference, run_path

            (path,) = paths_for(op, graph, HOST)
            (got,), (want,) = run_path(path, op, graph, values), reference(op, graph, values)
            np.testing.assert_array_equal(got, want)


def test_refusal_names_operator_reason_and_core() -> None:
    tensors = (Tensor("x", (2, 3), "float32"), Tensor("y", (6,), "float32"))
    graph = Graph("floats", tensors, (Reshape("flat", (0,), (1,), shape=(6,)),), (0,), (1,))
    assert paths_for(graph.ops[0], graph, HOST) == []
    with pytest.raises(
        ModelError, match=r"operator 0 RESHAPE 'flat' has no kernel for host: copy_rows: .*float32"
    ):
        default_path(graph.ops[0], graph, HOST)


def test_paths_have_names_of_their_own_and_files() -> None:
    from tests.kernels.host import KERNELS, struct_fields

    assert len({p.name for p in PATHS}) == len(PATHS)
    for path in PATHS:
        assert path.sources[0] == f"{path.name}.c"
        assert all((KERNELS / s).is_file() for s in path.sources)
        assert f"tinynas_{path.name}_params" in struct_fields()
