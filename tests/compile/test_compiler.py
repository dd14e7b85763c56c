"""The compiler: same cost with and without weights, sound memory, clear refusals."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given

from tests.codegen.host_model import compile_for_host
from tests.graph.strategies import random_graphs
from tinynas.boards import load_board
from tinynas.compile import Budgets, check_fit, compile_graph
from tinynas.compile.views import view_roots
from tinynas.errors import BudgetError
from tinynas.graph import Graph
from tinynas.graph.builder import GraphBuilder
from tinynas.graph.read_tflite import read_tflite
from tinynas.kernels import PATHS


def without_weights(graph: Graph) -> Graph:
    return replace(graph, tensors=tuple(replace(t, data=None) if t.constant else t for t in graph.tensors))


@given(random_graphs())
def test_a_candidate_costs_what_its_export_costs(graph: Graph) -> None:
    trained, candidate = compile_for_host(graph), compile_for_host(without_weights(graph))
    assert candidate.flash == trained.flash
    assert candidate.sram == trained.sram
    assert candidate.offsets == trained.offsets


@given(random_graphs())
def test_every_activation_has_a_place_inside_the_arena(graph: Graph) -> None:
    program = compile_for_host(graph)
    for op in graph.ops:
        for t in (*graph.activations(op), *op.outputs):
            assert 0 <= program.offsets[t] <= program.plan.arena_bytes - graph.tensors[t].size_bytes


@given(random_graphs())
def test_views_share_bytes_and_never_tie_two_ports_together(graph: Graph) -> None:
    program = compile_for_host(graph)
    roots = view_roots(graph)
    for view, root in roots.items():
        assert program.offsets[view] == program.offsets[root]
        assert not graph.tensors[root].constant
    ports = [roots.get(t, t) for t in dict.fromkeys((*graph.inputs, *graph.outputs))]
    assert len(set(ports)) == len(ports)


def small_graph() -> Graph:
    builder = GraphBuilder("small")
    x = builder.input((1, 20, 20, 8))
    return builder.build(builder.conv2d(x, 64, 3, name="wide"))


def test_a_budget_that_is_broken_is_named_with_its_numbers() -> None:
    program = compile_graph(small_graph(), load_board("mps2-an500"))
    check_fit(program)
    need = program.sram.total_bytes
    with pytest.raises(BudgetError, match=rf"needs {need:,} bytes of SRAM, the budget has 1,024"):
        check_fit(program, Budgets(sram_bytes=1024))
    with pytest.raises(BudgetError, match="bytes of flash, the budget has 100"):
        check_fit(program, Budgets(flash_bytes=100))
    with pytest.raises(BudgetError, match="ms, the budget is 0.001 ms"):
        check_fit(program, Budgets(latency_ms=0.001))


def test_a_model_larger_than_the_board_is_refused() -> None:
    board = replace(load_board("mps2-an500"), sram_bytes=2000)
    with pytest.raises(BudgetError, match="mps2-an500 has 2,000"):
        check_fit(compile_graph(small_graph(), board))


def test_a_path_can_be_fixed() -> None:
    builder = GraphBuilder("pointwise")
    graph = builder.build(builder.conv2d(builder.input((1, 8, 8, 4)), 4, 1))
    board = load_board("mps2-an500")
    other = next(p for p in PATHS if p.name == "conv_plain")
    assert compile_graph(graph, board).steps[0].path is not other
    assert compile_graph(graph, board, paths={0: other}).steps[0].path is other


@pytest.mark.parametrize(("name", "limit_bytes"), [
    ("ad01_int8", 768), ("kws_ref_model", 8512), ("str_ww_ref_model", 4096)])
def test_arenas_of_the_reference_models(shared_models: Path, name: str, limit_bytes: int) -> None:
    program = compile_graph(read_tflite(shared_models / f"{name}.tflite"), load_board("mps2-an500"))
    assert program.plan.optimal
    assert program.sram.arena_bytes <= limit_bytes
    assert program.plan.bound_bytes == program.plan.arena_bytes
