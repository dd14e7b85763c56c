"""The exported folder: compiles as it is, in C and beside C++, and gives the interpreter's answers."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from tests.small_model import small_graph
from tinynas.boards import load_board
from tinynas.errors import UsageError
from tinynas.export import export_c
from tinynas.graph.run import run
from tinynas.native import build_library, load

GRAPH = small_graph(np.random.default_rng(0))


def test_plain_c_computes_what_the_graph_computes(tmp_path: Path) -> None:
    exported = export_c(GRAPH, None, tmp_path / "c")
    folder = tmp_path / "c" / "src"
    library = load(build_library([folder / name for name in exported.sources], [folder]))
    library.tinynas_invoke.argtypes = [ctypes.c_void_p] * 3
    state = np.zeros(exported.arena_bytes, np.uint8)
    x = np.random.default_rng(1).integers(-128, 128, GRAPH.tensors[GRAPH.inputs[0]].shape).astype(np.int8)
    want = run(GRAPH, [x])[0]
    got = np.zeros_like(want)
    assert library.tinynas_invoke(state.ctypes.data, x.ctypes.data, got.ctypes.data) == 0
    np.testing.assert_array_equal(got, want)


@pytest.mark.skipif(shutil.which("c++") is None, reason="no C++ compiler")
def test_the_header_is_c_plus_plus(tmp_path: Path) -> None:
    export_c(GRAPH, load_board("raspberry-pi-pico"), tmp_path / "c")
    source = tmp_path / "main.cpp"
    source.write_text('#include "tinynas_model.h"\nstatic tinynas_state s;\n'
                      "int main() { return tinynas_input(&s) == nullptr; }\n")
    subprocess.run(["c++", "-std=c++17", "-Wall", "-Wextra", "-Werror", "-c", f"-I{tmp_path / 'c' / 'src'}",
                    str(source), "-o", str(tmp_path / "main.o")], check=True)


@pytest.mark.skipif(shutil.which("cmake") is None, reason="no cmake")
def test_cmake_builds_it(tmp_path: Path) -> None:
    export_c(GRAPH, None, tmp_path / "c")
    subprocess.run(["cmake", "-S", str(tmp_path / "c"), "-B", str(tmp_path / "b")], check=True, capture_output=True)
    subprocess.run(["cmake", "--build", str(tmp_path / "b")], check=True, capture_output=True)
    assert list((tmp_path / "b").glob("libtinynas_model*"))


def test_what_the_files_name_is_there(tmp_path: Path) -> None:
    exported = export_c(GRAPH, None, tmp_path / "c")
    listed = (tmp_path / "c" / "CMakeLists.txt").read_text()
    for name in exported.sources:
        assert f"src/{name}" in listed
        assert (tmp_path / "c" / "src" / name).is_file()
    readme = (tmp_path / "c" / "README.md").read_text()
    assert f"{exported.arena_bytes} bytes" in readme


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(UsageError, match="not an earlier export"):
        export_c(GRAPH, None, tmp_path)
    assert (tmp_path / "mine.txt").read_text() == "mine"
    export_c(GRAPH, None, tmp_path / "c")
    export_c(GRAPH, None, tmp_path / "c")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["c", "mine.txt"]
