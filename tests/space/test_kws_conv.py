"""Every sample, edit and repair of the space is an architecture that lowers, encodes and survives JSON."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import islice

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinynas.errors import ModelError, UsageError
from tinynas.space import Arch, Conv, Fold, KwsConv, Pool, Separable, arch_graph, parameters
from tinynas.space.kws_conv import MAX_BLOCKS, MIN_FRAMES

SPACE = KwsConv((49, 40, 1), 12)
seeds = st.integers(0, 2**32 - 1)

F2T = Arch("kws-conv", (49, 40, 1), 12, (
    Conv(8, (5, 5), (2, 4)), Separable(6, (3, 3)), Fold(), Conv(32),
    *[Separable(32, (9, 1), residual=True)] * 3))


def sane(arch: Arch) -> None:
    """What every architecture of the space promises."""
    assert arch == SPACE.repair(arch.blocks)  # repair changes nothing that is right
    assert 1 <= len(arch.blocks) <= MAX_BLOCKS
    assert sum(isinstance(b, Fold) for b in arch.blocks) <= 1
    for layer in arch.layers:
        assert min(layer.shape) >= 1
    planes = [layer.shape for layer in arch.layers if len(layer.shape) == 3]
    assert planes[-1][0] >= MIN_FRAMES
    again = Arch.from_json(json.loads(json.dumps(arch.to_json())))
    assert again == arch and again.id == arch.id
    vector = SPACE.encode(arch)
    assert vector.dtype == np.float32 and vector.shape == (MAX_BLOCKS * 12,) and np.isfinite(vector).all()
    assert arch.describe()


@settings(deadline=None, max_examples=60)
@given(seeds)
def test_samples_are_sane_and_reproducible(seed):
    arch = SPACE.random_arch(np.random.default_rng(seed))
    assert arch == SPACE.random_arch(np.random.default_rng(seed))
    sane(arch)


@settings(deadline=None, max_examples=60)
@given(seeds, st.integers(1, 8))
def test_mutations_stay_in_the_space(seed, steps):
    rng = np.random.default_rng(seed)
    arch = SPACE.random_arch(rng)
    for _ in range(steps):
        changed = SPACE.mutate(arch, rng)
        assert changed != arch
        sane(changed)
        arch = changed


@settings(deadline=None, max_examples=15)
@given(seeds)
def test_neighbours_are_distinct_and_encode_differently(seed):
    arch = SPACE.random_arch(np.random.default_rng(seed))
    near = list(SPACE.neighbours(arch))
    assert len({a.id for a in near}) == len(near) > 5
    assert arch not in near
    codes = {SPACE.encode(a).tobytes() for a in [arch, *near]}
    assert len(codes) == len(near) + 1
    for other in near[:10]:
        sane(other)


def test_one_can_walk_from_any_family_to_the_hand_made_net():
    """Reachability: greedy steps in the encoding lead from a random start to f2t 8/8/32x3."""
    target = SPACE.repair(tuple(replace(b, channels=8) if b == F2T.blocks[1] else b for b in F2T.blocks))
    goal = SPACE.encode(target)
    arch = SPACE.random_arch(np.random.default_rng(3))
    for _ in range(200):
        if arch == target:
            break
        arch = min(SPACE.neighbours(arch), key=lambda a: float(np.abs(SPACE.encode(a) - goal).sum()))
    assert arch == target


def test_the_families_all_occur():
    rng = np.random.default_rng(0)
    archs = [SPACE.random_arch(rng) for _ in range(60)]
    first = {type(a.blocks[0]).__name__ for a in archs}
    assert first == {"Conv", "Fold"}
    assert any(not any(isinstance(b, Fold) for b in a.blocks) for a in archs)
    assert any(isinstance(b, Pool) for a in archs for b in a.blocks)


def test_the_hand_made_net_has_the_size_known_from_the_notes():
    graph = arch_graph(F2T)
    assert 0.22e6 < graph.macs < 0.24e6
    assert 6_000 < parameters(F2T.layers, F2T.input_shape) < 7_600
    kinds = [op.kind for op in graph]
    assert kinds == ["CONV_2D", "DEPTHWISE_CONV_2D", "CONV_2D", "RESHAPE", "CONV_2D",
                     *["DEPTHWISE_CONV_2D", "CONV_2D", "ADD"] * 3, "MEAN", "FULLY_CONNECTED", "SOFTMAX"]


@settings(deadline=None, max_examples=40)
@given(seeds)
def test_graph_shapes_are_those_the_operators_compute(seed):
    graph = arch_graph(SPACE.random_arch(np.random.default_rng(seed)))
    for op in graph:
        shapes = [t.shape if t else None for t in graph.input_tensors(op)]
        assert op.output_shapes(shapes) == tuple(t.shape for t in graph.output_tensors(op))
    assert not graph.has_weights
    assert graph.tensors[graph.outputs[0]].shape == (1, 12)


def test_a_board_without_pooling_gets_no_pools():
    def accepts(arch: Arch) -> bool:
        return not any(isinstance(b, Pool) for b in arch.blocks)

    space = KwsConv((49, 40, 1), 12, accepts)
    rng = np.random.default_rng(1)
    for _ in range(30):
        arch = space.random_arch(rng)
        assert accepts(arch) and accepts(space.mutate(arch, rng))
        assert all(accepts(a) for a in islice(space.neighbours(arch), 20))


def test_a_board_that_runs_nothing_is_one_clear_error():
    space = KwsConv((49, 40, 1), 12, lambda arch: False)
    with pytest.raises(UsageError, match="kernel path"):
        space.random_arch(np.random.default_rng(0))


@pytest.mark.parametrize("value", [
    {}, {"space": "kws-conv", "input_shape": [49, 40], "classes": 12, "blocks": []},
    {"space": "kws-conv", "input_shape": [49, 40, 1], "classes": 12, "blocks": [{"block": "laser"}]},
    {"space": "kws-conv", "input_shape": [49, 40, 1], "classes": 2, "blocks": [{"block": "conv", "size": 1}]},
])
def test_senseless_json_is_refused(value):
    with pytest.raises(ModelError):
        Arch.from_json(value)


def test_blocks_that_do_not_fit_are_refused_by_name():
    arch = Arch("kws-conv", (4, 4, 1), 2, (Pool("max", (8, 8)),))
    with pytest.raises(ModelError, match="b0/pool"):
        _ = arch.layers
