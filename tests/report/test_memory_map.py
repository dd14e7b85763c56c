"""The memory map drawn: every bar where the plan says, complete in itself, well-formed whatever the names."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import numpy as np
import pytest

from tests.small_model import small_graph
from tinynas.boards import load_board
from tinynas.compile import CompileOptions, compile_graph
from tinynas.compile.memory_map import MapBuffer, MapStep, MemoryMap, memory_map
from tinynas.memory.occupancy import Sharing
from tinynas.report.memory_page import memory_page
from tinynas.report.memory_svg import LABELS, RIGHT, WIDTH, memory_svg, tick_bytes
from tinynas.report.memory_text import LEGEND, map_lines, strip_of

SVG = "{http://www.w3.org/2000/svg}"
EVIL = "<script>alert('x')</script> & \"y\""


def step(kind: str, live: tuple[int, ...], born: tuple[int, ...], dying: tuple[int, ...], need: int,
         scratch: tuple[int, int] = (0, 0), sharing: tuple[Sharing, ...] = ()) -> MapStep:
    return MapStep((0,), kind, EVIL, "plain", live, born, dying, *scratch, need, need, need, sharing)


def drawn() -> MemoryMap:
    """A shortcut: 0 -> 1 (0 kept), then 1 over itself into 2 with 4 bytes between, 8 of scratch."""
    buffers = (
        MapBuffer(0, EVIL, (1, 4, 4, 2), "input", 0, 32, 0, 1), MapBuffer(1, "a", (32,), "inner", 32, 32, 0, 1),
        MapBuffer(2, "b", (32,), "output", 36, 32, 1, 1),
    )
    shared = Sharing(1, 2, 28, "backward", 4)
    steps = (step("CONV_2D", (0, 1), (1,), (), 64),
             step("A+B+C", (0, 1, 2), (2,), (1,), 76, (68, 8), (shared,)))
    return MemoryMap(EVIL, "board", 76, 76, "bound met", buffers, steps, (1,), 32)


@pytest.fixture(scope="module")
def real() -> MemoryMap:
    return memory_map(compile_graph(small_graph(np.random.default_rng(0)), load_board("mps2-an500"),
                                    options=CompileOptions(fuse="off")))


def test_strips_show_who_is_where() -> None:
    told = drawn()
    assert strip_of(told, told.steps[0], 19) == "kkkkkkkkoooooooo..."
    assert strip_of(told, told.steps[1], 19) == "kkkkkkkki*******oss"


def test_lines_name_the_bottleneck_and_fit(real: MemoryMap) -> None:
    for told in (drawn(), real):
        for columns in (64, 80, 200):
            *lines, legend = map_lines(told, columns)
            assert legend == LEGEND and len(lines) == len(told.steps) + 1
            assert [k for k, line in enumerate(lines[1:]) if "bottleneck" in line] == list(told.bottlenecks)
            assert max(map(len, lines)) <= columns


def test_each_bar_lies_where_its_tensor_lies() -> None:
    told = drawn()
    bars = [r for r in rects(memory_svg(told)) if r.get("class", "").startswith("bar c") and r.find(SVG + "title")
            is not None]
    per_byte = (WIDTH - LABELS - RIGHT) / told.arena_bytes
    assert len(bars) == 3
    for b, bar in zip(told.buffers, bars, strict=True):
        assert float(bar.get("x", 0)) == pytest.approx(LABELS + b.offset_bytes * per_byte, abs=0.11)
        assert float(bar.get("width", 0)) == pytest.approx(b.size_bytes * per_byte, abs=0.21)
    assert float(bars[0].get("height", 0)) > float(bars[2].get("height", 0))


def test_titles_tell_the_numbers() -> None:
    titles = [t.text or "" for t in ElementTree.fromstring(memory_svg(drawn())).iter(SVG + "title")]
    assert any("28 bytes shared: output 2 over input 1, backward, distance 4" in t for t in titles)
    assert any(EVIL in t and "32 bytes at 0" in t for t in titles)
    assert any("scratch of plain: 8 bytes at 68" in t for t in titles)


def test_complete_in_itself(real: MemoryMap) -> None:
    for told in (drawn(), real):
        for text in (memory_svg(told, ["a <note> & more"]), memory_page(told, [("why <", ["a < b"])])):
            assert "<script" not in text and "@import" not in text
            links = set(re.findall(r"""(?:https?:)?//[^"'\s<>)]+""", text))
            assert links <= {"http://www.w3.org/2000/svg"}
            assert re.findall(r"url\((?!#shared)", text) == []
            assert "prefers-color-scheme:dark" in text


def test_drawing_is_repeatable_and_ticks_are_few(real: MemoryMap) -> None:
    assert memory_svg(real) == memory_svg(real)
    for arena in (1, 4, 752, 8_548, 36_928, 1 << 20):
        step_bytes = tick_bytes(arena)
        assert arena <= 5 * step_bytes and step_bytes & (step_bytes - 1) == 0


def rects(svg: str) -> list[ElementTree.Element]:
    return list(ElementTree.fromstring(svg).iter(SVG + "rect"))
