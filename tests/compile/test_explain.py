"""Bottlenecks explained and lowered: what is said about the arena is what a new plan gives."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.small_model import small_graph
from tinynas.boards import load_board
from tinynas.compile import Program, compile_graph
from tinynas.compile.explain import explain, find_positions, suggestion_lines, summary
from tinynas.compile.memory_map import memory_map
from tinynas.compile.suggest import Suggestion, suggestions
from tinynas.compile.words import joined, operators, short_name
from tinynas.errors import ModelError, UsageError
from tinynas.graph import Graph
from tinynas.graph.read_tflite import read_tflite
from tinynas.kernels import KernelPath

BOARD = load_board("mps2-an500")
MODELS = ("kws_ref_model", "pretrainedResnet_quant", "vww_96_int8", "str_ww_ref_model")


def replan(graph: Graph, paths: dict[int, KernelPath]) -> Program:
    return compile_graph(graph, BOARD, paths=paths)


@pytest.mark.parametrize("name", MODELS)
def test_every_step_of_a_real_model_is_explained(shared_models: Path, name: str) -> None:
    program = compile_graph(read_tflite(shared_models / f"{name}.tflite"), BOARD)
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
    program = compile_graph(read_tflite(shared_models / "pretrainedResnet_quant.tflite"), BOARD)
    told = memory_map(program)
    [position] = find_positions(told, "1")
    text = "\n".join(explain(program, told, position))
    assert "cannot be overwritten: it is kept for operator 3 ADD" in text


@pytest.mark.parametrize("name", MODELS)
def test_suggestions_help_and_say_by_how_much(shared_models: Path, name: str) -> None:
    program = compile_graph(read_tflite(shared_models / f"{name}.tflite"), BOARD)
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
    program = compile_graph(small_graph(np.random.default_rng(0)), BOARD)
    told = memory_map(program)

    def refuses(graph: Graph, paths: dict[int, KernelPath]) -> Program:
        raise ModelError("no kernel")

    found = suggestions(program, told, refuses, told.bottlenecks, {"--same": lambda: program})
    assert found == () and "Nothing tried" in suggestion_lines(found, told)[0]
    line = suggestion_lines([Suggestion("option", "--fuse short", 100, 24, 1.03, False)], told)[1]
    assert line.strip() == "-24 bytes (arena 100), cycles +3 %: --fuse short; same outputs"


def test_operators_are_found_or_refused_in_one_line() -> None:
    told = memory_map(compile_graph(small_graph(np.random.default_rng(0)), BOARD))
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
