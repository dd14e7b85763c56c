"""The dynamic programme finds the best cut, and what fusion is worth on the reference models."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings

from tests.memory.group_kernels import group_problem, row_entries
from tests.memory.problems import Draw, draws
from tests.memory.test_rows import Net, pipeline
from tinynas.graph.read_tflite import read_tflite
from tinynas.memory import Problem, plan_memory
from tinynas.memory.fusion import fuse
from tinynas.memory.model import prepare
from tinynas.memory.need import edge_need, step_needs
from tinynas.memory.replay import replay
from tinynas.memory.rows import run_step

# model -> arena by longest segment, same kernels as the figures without fusion
FUSED = {
    "ad01_int8": {2: 764, 99: 764},
    "kws_ref_model": {2: 8_512, 3: 8_512, 99: 6_442},
    "pretrainedResnet_quant": {2: 33_408, 3: 25_440, 99: 16_192},
    "str_ww_ref_model": {2: 4_096, 99: 4_096},
    "vww_96_int8": {2: 27_898, 3: 27_898},
}


@pytest.mark.parametrize("name, longest", [(name, n) for name, least in FUSED.items() for n in least])
def test_models_fused(shared_models: Path, name: str, longest: int) -> None:
    graph = read_tflite(shared_models / f"{name}.tflite")
    problem = group_problem(graph)
    fusion = fuse(problem, *row_entries(graph), longest)
    plan = plan_memory(fusion.problem)
    assert plan.arena_bytes <= FUSED[name][longest]
    assert plan.proof == "bound met"
    assert replay(fusion.problem, plan) == []
    assert all(len(segment) <= longest for segment in fusion.segments)


def test_without_gain_nothing_is_fused(shared_models: Path) -> None:
    graph = read_tflite(shared_models / "str_ww_ref_model.tflite")
    problem = group_problem(graph)
    fusion = fuse(problem, *row_entries(graph), longest=3)
    assert fusion.segments == tuple((k,) for k in range(len(problem.steps)))
    assert fusion.problem == problem


@settings(max_examples=60)
@given(draws())
def test_the_cut_is_the_best_of_all(draw: Draw) -> None:
    net = pipeline(draw)
    fusion = fuse(net.problem, net.rows, net.entries, longest=9)
    assert [k for segment in fusion.segments for k in segment] == list(range(len(net.problem.steps)))
    least = min(need_of(net, cut) for cut in cuts(net))
    assert fusion.need_bytes == least
    assert max(edge_need(prepare(fusion.problem)), *step_needs(prepare(fusion.problem))) <= least
    fused = sum(len(segment) - 1 for segment in fusion.segments)
    assert fused == min(sum(len(s) - 1 for s in cut) for cut in cuts(net) if need_of(net, cut) <= least)


def cuts(net: Net) -> Iterator[list[range]]:
    """Every way to cut the order into segments whose inner tensors stay inside."""
    n = len(net.problem.steps)
    for mask in range(1 << (n - 1)):
        starts = [0, *(k + 1 for k in range(n - 1) if mask >> k & 1), n]
        cut = [range(a, b) for a, b in zip(starts, starts[1:], strict=False)]
        if all(closed(net.problem, segment) for segment in cut):
            yield cut


def closed(problem: Problem, segment: range) -> bool:
    """Tensor k + 1 is written by step k: all but the last one's are read within the segment only."""
    return not any(
        k + 1 in problem.steps[reader].inputs
        for k in segment[:-1] for reader in range(len(problem.steps)) if reader not in segment)


def need_of(net: Net, cut: list[range]) -> int:
    steps = [
        net.problem.steps[s[0]] if len(s) == 1 else run_step(net.problem, s, net.rows, net.entries)
        for s in cut
    ]
    model = prepare(replace(net.problem, steps=tuple(steps)))
    return max(edge_need(model), *step_needs(model))
