"""Building host libraries: once, atomically, and with errors a person can act on."""

from __future__ import annotations

import ctypes
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tinynas.errors import ToolError
from tinynas.native import build_library, cache_dir, find_compiler, load


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TINYNAS_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def source(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "answer.c"
    file.write_text(text)
    return file


def test_a_library_is_built_once_and_again_when_anything_changes(tmp_path: Path, own_cache: Path) -> None:
    header = tmp_path / "answer.h"
    header.write_text("#define ANSWER 41\n")
    text = "int answer(void);\nint answer(void) { return ANSWER + 1; }\n"
    file = source(tmp_path, f'#include "answer.h"\n{text}')
    first = build_library([file])
    stamp = first.stat().st_mtime_ns
    assert build_library([file]) == first and first.stat().st_mtime_ns == stamp
    assert load(first).answer() == 42
    header.write_text("#define ANSWER 6\n")
    second = build_library([file])
    assert second != first and load(second).answer() == 7
    assert build_library([file], flags=["-O1"]) not in (first, second)
    assert sorted(p.suffix for p in (own_cache / "native").iterdir()) == [first.suffix] * 3


def test_two_at_once_do_not_disturb_each_other(tmp_path: Path) -> None:
    file = source(tmp_path, "int answer(void);\nint answer(void) { return 5; }\n")
    with ThreadPoolExecutor(4) as pool:
        paths = list(pool.map(lambda _: build_library([file]), range(4)))
    assert len(set(paths)) == 1
    assert ctypes.CDLL(str(paths[0])).answer() == 5


def test_a_mistake_in_the_source_is_one_line(tmp_path: Path, own_cache: Path) -> None:
    file = source(tmp_path, "int answer(void) { return oops; }\n")
    with pytest.raises(ToolError, match=r"compiling answer\.c failed: .*oops") as caught:
        build_library([file])
    assert "\n" not in str(caught.value)
    assert list((own_cache / "native").iterdir()) == []


def test_no_compiler_says_how_to_get_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolError, match="no C compiler found.*install"):
        find_compiler()
    monkeypatch.setenv("CC", "nothing-there -m32")
    with pytest.raises(ToolError, match="CC is set to 'nothing-there -m32'"):
        find_compiler()


def test_cc_may_hold_arguments(monkeypatch: pytest.MonkeyPatch) -> None:
    compiler = find_compiler()[0]
    monkeypatch.setenv("CC", f"{compiler} -DEXTRA=1")
    assert find_compiler() == (compiler, "-DEXTRA=1")


def test_a_file_that_is_no_library(tmp_path: Path) -> None:
    junk = tmp_path / "junk.so"
    junk.write_bytes(b"not a library")
    with pytest.raises(ToolError, match=r"cannot load junk\.so"):
        load(junk)


def test_where_the_cache_is(monkeypatch: pytest.MonkeyPatch, own_cache: Path, tmp_path: Path) -> None:
    assert cache_dir() == own_cache
    monkeypatch.delenv("TINYNAS_CACHE")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_dir() in (tmp_path / "xdg" / "tinynas", tmp_path / "Library" / "Caches" / "tinynas")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_dir().is_relative_to(tmp_path)
