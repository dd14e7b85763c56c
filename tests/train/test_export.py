"""A candidate's graph is, operator for operator, what its trained model exports to; so it costs the same."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pytest

from tinynas.boards import load_board
from tinynas.compile import compile_graph
from tinynas.graph import Graph, Quantization, Tensor
from tinynas.graph.read_tflite import read_tflite
from tinynas.space import Arch, Conv, Fold, KwsConv, Pool, Separable, arch_graph

INPUT = (49, 40, 1)
SPACE = KwsConv(INPUT, 12)
SCALE, ZERO_POINT = 347 / 16384, -92  # what real speech gave
BY_HAND = Arch("kws-conv", INPUT, 12, (  # every block, stride, dilation and pool there is
    Conv(8, (10, 4), (1, 2)), Separable(8, (5, 3), residual=True), Pool("average", (1, 2)),
    Separable(12, (3, 3), 2), Pool("max", (2, 1)), Fold(), Conv(16),
    Separable(16, (5, 1), dilation=4, residual=True),
    Separable(20, (15, 1), 2),
    Separable(20, (3, 1), dilation=2)))


def exported(arch: Arch) -> Graph:
    from tinynas.train.export import export_int8
    from tinynas.train.model import keras_model

    rng = np.random.default_rng(0)
    maps = rng.integers(-100, 50, (8, *arch.input_shape[:2])).astype(np.int8)  # less than the whole range
    model = keras_model(arch)
    model.get_layer("dense").bias.assign(rng.normal(size=arch.classes))  # the converter drops a bias of zeros
    return read_tflite(export_int8(model, SCALE, ZERO_POINT, maps))


def forms(tensors: Iterable[Tensor | None]) -> list[tuple[object, ...]]:
    """All of the tensors but their names and the values of their quantization."""
    return [(t.shape, t.dtype, t.constant, len(t.quantization.scale))
            for t in tensors if t and t.quantization]


def settings(op: object) -> dict[str, object]:
    return {k: v for k, v in vars(op).items() if k not in ("name", "inputs", "outputs")}


@pytest.mark.slow
@pytest.mark.parametrize("seed", [None, 0, 1, 2, 3])
def test_graph_and_export_are_the_same_operators_at_the_same_cost(seed):
    pytest.importorskip("tensorflow")
    arch = BY_HAND if seed is None else SPACE.random_arch(np.random.default_rng(seed))
    candidate, model = arch_graph(arch, Quantization.per_tensor(SCALE, ZERO_POINT)), exported(arch)
    assert [op.kind for op in candidate] == [op.kind for op in model]
    for ours, theirs in zip(candidate, model, strict=True):
        assert settings(ours) == settings(theirs), ours.name
        assert forms(candidate.input_tensors(ours)) == forms(model.input_tensors(theirs)), ours.name
        assert forms(candidate.output_tensors(ours)) == forms(model.output_tensors(theirs)), ours.name
    ours, theirs = candidate.tensors[candidate.inputs[0]], model.tensors[model.inputs[0]]
    assert (ours.scale, ours.zero_point) == pytest.approx((theirs.scale, theirs.zero_point), rel=1e-6)

    board = load_board("stm32f746g-disco")
    before, after = compile_graph(candidate, board), compile_graph(model, board)
    assert before.plan.arena_bytes == after.plan.arena_bytes
    assert before.flash == after.flash and before.sram == after.sram
    assert before.instructions == pytest.approx(after.instructions)
