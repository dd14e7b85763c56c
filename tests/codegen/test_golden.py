"""The generated C of three small models, word for word. After a change that is meant, look at the difference and run
the test once with TINYNAS_UPDATE_GOLDEN=1."""

import os
from pathlib import Path

import numpy as np
import pytest

from tests.small_model import small_graph
from tinynas.bench.layers import random_weights
from tinynas.boards import load_board
from tinynas.codegen import generate_model
from tinynas.compile import compile_graph
from tinynas.graph import Graph
from tinynas.graph.builder import GraphBuilder

GOLDEN = Path(__file__).parent / "golden"
BOARD = "raspberry-pi-pico"  # plain C kernels: what is held here is the generator, not the choice of kernels


def residual() -> Graph:
    """Two branches that meet: an input that stays alive, in-place arithmetic."""
    b = GraphBuilder("residual")
    x = b.conv2d(b.input((1, 6, 6, 2)), 4, 3, name="stem")
    y = b.conv2d(b.depthwise_conv2d(x, 3, name="block/dw"), 4, 1, name="block/pw")
    return random_weights(b.build(b.add(x, y, activation="RELU", name="block/add")), np.random.default_rng(1))


def two_ports() -> Graph:
    """Two inputs, two outputs, a view, a table."""
    b = GraphBuilder("two \"ports\" */")
    joined = b.concat([b.input((1, 4, 2)), b.input((1, 4, 3))])
    return b.build((b.reshape(joined, (1, 20)), b.logistic(joined)))


@pytest.mark.parametrize("graph", [small_graph(np.random.default_rng(0)), residual(), two_ports()],
                         ids=["small", "residual", "two_ports"])
def test_generated_text(graph: Graph, request: pytest.FixtureRequest) -> None:
    texts = generate_model(compile_graph(graph, load_board(BOARD))).texts
    folder = GOLDEN / request.node.callspec.id
    if os.environ.get("TINYNAS_UPDATE_GOLDEN"):
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            (folder / name).write_text(text)
    assert sorted(texts) == sorted(path.name for path in folder.iterdir())
    for name, text in texts.items():
        assert text == (folder / name).read_text(), f"{name} changed"


def test_the_same_model_gives_the_same_bytes() -> None:
    first, second = (generate_model(compile_graph(residual(), load_board(BOARD))) for _ in range(2))
    assert first == second
