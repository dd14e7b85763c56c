"""The distances are exact: a byte-by-byte run is right at d and wrong at d - 1."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinynas.kernels.groups import dense_distances, window_distances, window_groups

Reads = list[list[int]]  # per output pixel, the input bytes it needs
Trace = list[tuple[list[int], list[int]]]  # per group, the bytes read and the bytes written


@st.composite
def windows(draw: st.DrawFn) -> dict[str, int]:
    in_h, in_w = draw(st.integers(1, 9)), draw(st.integers(1, 9))
    kh, kw = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    stride, dilation = draw(st.integers(1, 3)), draw(st.integers(1, 2))
    pad_top, pad_left = draw(st.integers(0, 2)), draw(st.integers(0, 2))
    return dict(
        in_h=in_h, in_w=in_w, in_c=draw(st.integers(1, 3)), out_h=draw(st.integers(1, 9)),
        out_w=draw(st.integers(1, 9)), out_c=draw(st.integers(1, 5)), kh=kh, kw=kw, stride=stride,
        pad_top=pad_top, pad_left=pad_left, dilation=dilation, group=draw(st.integers(1, 6)),
    )


def naive_reads(w: dict[str, int]) -> Reads:
    """Straight from the definition of a window, sharing nothing with the code under test."""
    reads: Reads = []
    for oy in range(w["out_h"]):
        for ox in range(w["out_w"]):
            top, left = oy * w["stride"] - w["pad_top"], ox * w["stride"] - w["pad_left"]
            taps = [
                (top + ky * w["dilation"], left + kx * w["dilation"])
                for ky in range(w["kh"]) for kx in range(w["kw"])
            ]
            reads.append([
                (y * w["in_w"] + x) * w["in_c"] + c
                for y, x in taps if 0 <= y < w["in_h"] and 0 <= x < w["in_w"] for c in range(w["in_c"])
            ])
    return reads


def pixel_groups(w: dict[str, int], per_row: bool) -> list[list[int]]:
    rows = [range(oy * w["out_w"], (oy + 1) * w["out_w"]) for oy in range(w["out_h"])]
    runs = rows if per_row else [range(w["out_h"] * w["out_w"])]
    return [list(run[i:i + w["group"]]) for run in runs for i in range(0, len(run), w["group"])]


def spoiled(in_start: int, out_start: int, groups: Trace) -> bool:
    """Run groups of (bytes read, bytes written) over one memory; was anything read after a write hit it?"""
    written: set[int] = set()
    for reads, writes in groups:
        if any(in_start + i in written for i in reads):
            return True
        written.update(out_start + j for j in writes)
    return False


def groups_of(w: dict[str, int], per_row: bool) -> Trace:
    reads, out_c = naive_reads(w), w["out_c"]
    return [
        ([i for p in pixels for i in reads[p]], [p * out_c + c for p in pixels for c in range(out_c)])
        for pixels in pixel_groups(w, per_row)
    ]


def check_exact(groups: Trace, in_bytes: int, out_bytes: int, forward: int, backward: int) -> None:
    origin = in_bytes + out_bytes
    assert not spoiled(origin, origin - forward, groups)
    assert not spoiled(origin, origin - forward - 1, groups)
    if forward > -in_bytes:
        assert spoiled(origin, origin - forward + 1, groups)
    backwards = groups[::-1]
    assert not spoiled(origin, origin + backward, backwards)
    assert not spoiled(origin, origin + backward + 1, backwards)
    if backward > -out_bytes:
        assert spoiled(origin, origin + backward - 1, backwards)


@settings(max_examples=200, deadline=None)
@given(windows(), st.booleans())
def test_window_distances_are_exact(w: dict[str, int], per_row: bool) -> None:
    overlap = window_distances(**w, per_row=per_row)
    assert overlap.forward is not None and overlap.backward is not None
    in_bytes, out_bytes = w["in_h"] * w["in_w"] * w["in_c"], w["out_h"] * w["out_w"] * w["out_c"]
    check_exact(groups_of(w, per_row), in_bytes, out_bytes, overlap.forward, overlap.backward)


@settings(max_examples=100, deadline=None)
@given(windows())
def test_rereading_a_group_is_safe_with_reads_first_false(w: dict[str, int]) -> None:
    overlap = window_distances(**w, reads_first=False)
    assert overlap.forward is not None and overlap.backward is not None
    finely = [
        (reads, [j]) for reads, writes in groups_of(w, per_row=False) for j in writes
    ]
    origin = w["in_h"] * w["in_w"] * w["in_c"] + w["out_h"] * w["out_w"] * w["out_c"]
    assert not spoiled(origin, origin - overlap.forward, finely)
    assert not spoiled(origin, origin + overlap.backward, finely[::-1])


@settings(max_examples=60, deadline=None)
@given(windows())
def test_window_groups_span_what_is_read(w: dict[str, int]) -> None:
    groups = window_groups(**w, per_row=False)
    for g, (reads, writes) in enumerate(groups_of(w, per_row=False)):
        if reads:
            assert (groups.read_start[g], groups.read_end[g]) == (min(reads), max(reads) + 1)
        else:
            assert groups.read_start[g] > groups.read_end[g]
        assert (groups.write_start[g], groups.write_end[g]) == (min(writes), max(writes) + 1)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 9))
def test_dense_distances_are_exact(in_bytes: int, out_bytes: int, group: int) -> None:
    overlap = dense_distances(in_bytes, out_bytes, group)
    groups = [
        (list(range(in_bytes)), list(range(j, min(j + group, out_bytes))))
        for j in range(0, out_bytes, group)
    ]
    assert overlap.forward is not None and overlap.backward is not None
    check_exact(groups, in_bytes, out_bytes, overlap.forward, overlap.backward)


def cases() -> Iterator[tuple[tuple[int, ...], int | None, int | None]]:
    """Worked by hand elsewhere: 3x3 on 32x32x16; a stem; a widening pointwise; the keyword stem."""
    yield (32, 32, 16, 32, 32, 16, 3, 3, 1, 1, 1, 1, 4), 528, 528
    yield (96, 96, 3, 48, 48, 8, 3, 3, 2, 0, 0, 1, 4), 88, None
    yield (48, 48, 8, 48, 48, 16, 1, 1, 1, 0, 0, 1, 4), 18_400, -32
    yield (49, 10, 1, 25, 5, 64, 10, 4, 2, 4, 1, 1, 4), None, -197
    yield (25, 5, 64, 25, 5, 64, 1, 1, 1, 0, 0, 1, 4), 0, 0


@pytest.mark.parametrize("shape, forward, backward", list(cases()))
def test_known_distances(shape: tuple[int, ...], forward: int | None, backward: int | None) -> None:
    overlap = window_distances(*shape)
    assert forward is None or overlap.forward == forward
    assert backward is None or overlap.backward == backward
