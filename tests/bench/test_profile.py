"""Two ways to count a layer's instructions agree: blocks counted in the emulator, and marks read on the device."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.small_model import small_graph
from tinynas.bench import measure as measuring
from tinynas.bench.run import bench
from tinynas.boards import load_board
from tinynas.compile import compile_graph
from tinynas.errors import ToolError

pytestmark = pytest.mark.emulator


@pytest.mark.parametrize("name", ["mps2-an500", "mps2-an386"])
def test_blocks_and_marks_agree(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    program = compile_graph(small_graph(np.random.default_rng(0)), load_board(name))
    counted = bench(program, load_board(name), inputs=1, reference="numpy")

    def no_plugin(*_: object) -> list[str]:
        raise ToolError("no plugin here")

    monkeypatch.setattr(measuring, "plugin_arguments", no_plugin)
    marked = bench(program, load_board(name), inputs=1, reference="numpy")
    assert counted.instructions == marked.instructions
    assert counted.cycles_estimated is not None and marked.cycles_estimated is None
    for a, b in zip(counted.layers, marked.layers, strict=True):
        assert a.instructions is not None and b.instructions is not None
        assert abs(a.instructions - b.instructions) <= 8, "entering a layer may be scheduled around a mark"
        assert replace(a, instructions=0, cycles_estimated=0) == replace(b, instructions=0, cycles_estimated=0)


def test_cycles_of_the_layers_are_the_cycles_of_the_whole() -> None:
    board = load_board("mps2-an500")
    result = bench(compile_graph(small_graph(np.random.default_rng(0)), board), board, inputs=1, reference="numpy")
    assert result.cycles_estimated is not None and result.cycles_band is not None
    inside = sum(layer.cycles_estimated or 0 for layer in result.layers)
    assert 0 <= result.cycles_estimated - inside < 100
    assert result.cycles_band[0] < result.cycles_estimated < result.cycles_band[1]
    assert "M7" in (result.cycles_source or "")
