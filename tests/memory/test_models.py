"""The five reference models reach the figures known to be the least for a stated set of kernels."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter

import pytest

from tests.memory.group_kernels import group_problem
from tinynas.graph.read_tflite import read_tflite
from tinynas.memory import arena_bound, plan_memory
from tinynas.memory.replay import replay

LEAST = {
    "kws_ref_model": 8_512, "pretrainedResnet_quant": 33_872, "vww_96_int8": 37_144,
    "str_ww_ref_model": 4_096, "ad01_int8": 764,
}
LEAST_WITHOUT_SCRATCH = {
    "kws_ref_model": 8_000, "pretrainedResnet_quant": 33_296, "vww_96_int8": 36_864,
    "str_ww_ref_model": 3_584,
}


@pytest.mark.parametrize("name", LEAST)
def test_model_reaches_its_least_arena_with_proof(shared_models: Path, name: str) -> None:
    problem = group_problem(read_tflite(shared_models / f"{name}.tflite"))
    plan = plan_memory(problem)
    assert plan.arena_bytes == LEAST[name]
    assert plan.proof == "bound met"
    assert replay(problem, plan) == []
    assert arena_bound(problem) == plan.arena_bytes


@pytest.mark.parametrize("name", LEAST_WITHOUT_SCRATCH)
def test_model_reaches_its_least_arena_without_scratch(shared_models: Path, name: str) -> None:
    plan = plan_memory(group_problem(read_tflite(shared_models / f"{name}.tflite"), scratch=False))
    assert plan.arena_bytes == LEAST_WITHOUT_SCRATCH[name]
    assert plan.proof == "bound met"


@pytest.mark.parametrize("name", LEAST)
def test_planning_a_model_takes_under_a_second(shared_models: Path, name: str) -> None:
    problem = group_problem(read_tflite(shared_models / f"{name}.tflite"))
    start = perf_counter()
    plan_memory(problem)
    assert perf_counter() - start < 1
