"""Flame graphs: boxes lie inside their parents, the files are whole documents of their own."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinynas.bench.hotspots import Spot
from tinynas.report.flame import Frame, boxes, flame_svg
from tinynas.report.hotspots import frames, page

SPOTS = (
    Spot(-1, "invoke", 4, 5.0, {"alu": 4}),
    Spot(0, "conv<a&b>", 60, 50.0, {"mac": 40, "load": 20}),
    Spot(1, "softmax", 30, 40.0, {"alu": 30}),
    Spot(2, "invoke", 6, 7.0, {"branch": 6}),
)
LAYERS = ["0 CONV_2D first", "1 SOFTMAX last"]

leaves = st.builds(Frame, st.text(max_size=5), st.floats(0, 1e9, allow_subnormal=True))
trees = st.recursive(leaves, lambda inner: st.lists(inner, min_size=1, max_size=4).map(
    lambda children: Frame("node", sum(c.value for c in children), "", tuple(children))), max_leaves=20)


@given(trees)
def test_children_lie_side_by_side_within_their_parent(root: Frame) -> None:
    path: list[tuple[float, float]] = []
    ends: dict[int, float] = {}
    for box in boxes(root):
        del path[box.depth:]
        ends = {depth: end for depth, end in ends.items() if depth <= box.depth}
        if path:
            left, right = path[-1]
            assert left - 1e-6 <= box.x and box.x + box.width <= right + 1e-6
        assert box.x >= ends.get(box.depth, 0.0) - 1e-6
        ends[box.depth] = box.x + box.width
        path.append((box.x, box.x + box.width))


@given(trees)
def test_the_picture_is_a_document(root: Frame) -> None:
    ElementTree.fromstring(flame_svg(root, "<title> & more"))


def test_layers_stand_in_order_and_the_rest_comes_last() -> None:
    root = frames(SPOTS, LAYERS, "model")
    assert root.value == 100 and root.detail == "102 cycles (estimated)"
    assert [(f.name, f.value) for f in root.children] == [
        ("0 CONV_2D first", 60), ("1 SOFTMAX last", 30), ("entry and exit", 10)]
    assert [(f.name, f.value) for f in root.children[0].children[0].children] == [("mac", 40), ("load", 20)]


@pytest.mark.parametrize("suffix", [".svg", ".html"])
def test_files_hold_everything_and_fetch_nothing(suffix: str) -> None:
    text = page(SPOTS, LAYERS, "model", Path(f"flame{suffix}"))
    assert "conv&lt;a&amp;b&gt;: 60 (60.0%), 50 cycles (estimated)" in text
    assert ("<table>" in text) == (suffix == ".html")
    assert "src=" not in text and text.count("http") == text.count("http://www.w3.org/2000/svg")
