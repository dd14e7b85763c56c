"""Bottlenecks explained and lowered: what is said about the arena is what a new plan gives."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings

from tests.graph.strategies import random_graphs
from tests.small_model import small_graph
from tinynas.boards import load_board
from tinynas.compile import CompileOptions, Program, compile_graph
from tinynas.compile.explain import explain, find_positions, suggestion_lines, summary
from tinynas.compile.memory_map import memory_map
from tinynas.compile.suggest import Suggestion, suggestions
from tinynas.compile.words import joined, operators, short_name
from tinynas.cost import uncalibrated
from tinynas.errors import ModelError, UsageError
from tinynas.graph import Graph
from tinynas.graph.read_tflite import read_tflite
from tinynas.kernels import PATHS, KernelPath

BOARD = load_board("mps2-an500")
MODELS = ("kws_ref_model", "pretrainedResnet_quant", "vww_96_int8", "str_ww_ref_model")


PLAIN = CompileOptions(fuse="off")


def replan(graph: Graph, paths: dict[int, KernelPath]) -> Program:
    return compile_graph(graph, BOARD, paths=paths, options=PLAIN)


@pytest.mark.parametrize("name", MODELS)
def test_every_step_of_a_real_model_is_explained(shared_models: Path, name: str) -> None:
    program = compile_graph(read_tflite(shared_models / f"{name}.tflite"), BOARD, options=PLAIN)
    told = memory_map(program)
    for k, step in enumerate(told.steps):
        lines = explain(program, told, k)
        assert f"{step.need_bytes:,} bytes" in lines[0]
        assert ("not the bottleneck" not in lines[0]) == (k in told.bottlenecks)
        alive = [line for line in lines if line.startswith("  ")]
        assert len(alive) == len(step.live) + bool(step.scratch_bytes)
        sizes = [int(line.split()[0].replace(",", "")) for line in alive]
        assert sum(sizes) == step.apart_bytes
        for s in step.sharing:
            if s.shared_bytes:
                assert any(f"shares {s.shared_bytes:,} of" in line for line in lines)
    assert f"{told.most_needed_bytes:,}" in summary(program, told)[0]


def test_a_shortcut_is_named_as_what_keeps_a_tensor_alive(shared_models: Path) -> None:
    program = compile_graph(read_tflite(shared_models / "pretrainedResnet_quant.tflite"), BOARD, options=PLAIN)
    told = memory_map(program)
    [position] = find_positions(told, "1")
    text = "\n".join(explain(program, told, position))
    assert "cannot be overwritten: it is kept for operator 3 ADD" in text


@pytest.mark.parametrize("name", MODELS)
def test_suggestions_help_and_say_by_how_much(shared_models: Path, name: str) -> None:
    program = compile_graph(read_tflite(shared_models / f"{name}.tflite"), BOARD, options=PLAIN)
    told, plans = memory_map(program), []

    def counted(graph: Graph, paths: dict[int, KernelPath]) -> Program:
        plans.append(replan(graph, paths))
        return plans[-1]

    found = suggestions(program, told, counted, told.bottlenecks)
    assert found and list(found) == sorted(found, key=lambda s: -s.saves_bytes)
    for s in found:
        assert s.saves_bytes == told.arena_bytes - s.arena_bytes > 0
        after = [p for p in plans if p.plan.arena_bytes == s.arena_bytes]
        assert any(p.cycles / program.cycles == pytest.approx(s.cycles_ratio) for p in after)
    lines = suggestion_lines(found, told)
    assert len(lines) == len(found) + 1 and f"{found[0].arena_bytes:,}" in lines[1]


def test_an_option_of_the_compiler_is_told_like_any_change() -> None:
    program = compile_graph(small_graph(np.random.default_rng(0)), BOARD, options=PLAIN)
    told = memory_map(program)

    def refuses(graph: Graph, paths: dict[int, KernelPath]) -> Program:
        raise ModelError("no kernel")

    found = suggestions(program, told, refuses, told.bottlenecks, {"--same": lambda: program})
    assert found == () and "Nothing tried" in suggestion_lines(found, told)[0]
    line = suggestion_lines([Suggestion("option", "--fuse short", 100, 24, 1.03, False)], told)[1]
    assert line.strip() == "-24 bytes (arena 100), cycles +3 %: --fuse short; same outputs"


def test_operators_are_found_or_refused_in_one_line() -> None:
    told = memory_map(compile_graph(small_graph(np.random.default_rng(0)), BOARD, options=PLAIN))
    assert find_positions(told, "3") == find_positions(told, "dense") == (2,)
    assert find_positions(told, "bottleneck") == told.bottlenecks
    for wanted in ("2", "99", "nobody", "e"):
        with pytest.raises(UsageError):
            find_positions(told, wanted)


def test_words() -> None:
    assert operators([3]) == "operator 3" and operators([1, 0, 2, 5]) == "operators 0-2 and 5"
    assert operators([4, 5]) == "operators 4 and 5" and operators(range(3)) == "operators 0-2"
    assert joined([]) == "" and joined("ab") == "a and b" and joined("abc") == "a, b and c"
    assert short_name("a/b;c") == "a/b" and len(short_name("x" * 90)) == 32


@pytest.mark.parametrize("fuse", ["off", "long"])
@given(graph=random_graphs())
@settings(max_examples=15)
def test_any_graph_can_be_mapped_explained_and_lowered(fuse: str, graph: Graph) -> None:
    """Whatever the operators: the map covers the program, and every changed network that is planned is one that
    could be built."""
    options = CompileOptions(fuse=fuse)
    any_cost = uncalibrated(BOARD.core, [path.name for path in PATHS])
    program = compile_graph(graph, BOARD, options=options, coefficients=any_cost)
    told = memory_map(program)
    executed = [k for step in told.steps for k in step.op_indices]
    assert len(executed) == len(set(executed)) == sum(len(step.ops or (step.op,)) for step in program.steps)
    for k, step in enumerate(told.steps):
        assert {b.tensor for b in told.buffers if b.first <= k <= b.last} >= set(step.live)
        assert len(explain(program, told, k)) > len(step.live)

    def checked(changed: Graph, paths: dict[int, KernelPath]) -> Program:
        for op in changed.ops:
            shapes = [None if t is None else t.shape for t in changed.input_tensors(op)]
            assert op.output_shapes(shapes) == tuple(t.shape for t in changed.output_tensors(op))
        assert [changed.tensors[t].shape for t in changed.outputs] == [graph.tensors[t].shape for t in graph.outputs]
        return compile_graph(changed, BOARD, paths=paths, options=options, coefficients=any_cost)

    for s in suggestions(program, told, checked, told.bottlenecks):
        assert 0 < s.arena_bytes < told.arena_bytes and s.change
    assert summary(program, told)
