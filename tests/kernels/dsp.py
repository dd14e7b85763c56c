"""What the tests of paths with DSP instructions share: a host that claims to have them (the C has portable
equivalents), layers checked in both directions, claims of overlap tried, and a run on emulated cores."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np

from tests.kernels.device import Case, run_on_device
from tests.kernels.host import reference, run_path, values_for
from tests.kernels.test_overlaps import right_at
from tinynas.boards.core import Core
from tinynas.graph import Graph
from tinynas.graph.ops import Conv2D
from tinynas.kernels import KernelPath

HOST = Core("host", dsp=True)
MACHINES = {"cortex-m4": "mps2-an386", "cortex-m7": "mps2-an500", "cortex-m33": "mps2-an505"}
Maker = Callable[[np.random.Generator], Graph]


def explicitly_padded(graph: Graph, rng: np.random.Generator) -> Graph:
    """The same convolution with padding of its own, as after folding a PAD."""
    op = graph.ops[-1]
    assert isinstance(op, Conv2D)
    x, w, y = (graph.tensors[t] for t in (op.inputs[0], op.inputs[1], op.outputs[0]))
    pads = tuple(int(v) for v in rng.integers(0, 4, 4))
    sizes = []
    for k in range(2):
        room = x.shape[1 + k] + pads[2 * k] + pads[2 * k + 1] - (w.shape[1 + k] - 1) * op.dilation[k] - 1
        sizes.append(room // op.stride[k] + 1)
    if min(sizes) < 1:
        return graph
    tensors = list(graph.tensors)
    tensors[op.outputs[0]] = dataclasses.replace(y, shape=(x.shape[0], *sizes, y.shape[3]))
    return dataclasses.replace(graph, tensors=tuple(tensors), ops=(dataclasses.replace(op, pads=pads),))


def directions(path: KernelPath, graph: Graph) -> list[bool]:
    op = graph.ops[-1]
    backward = any(o.backward is not None for o in path.overlaps(op, graph).values())
    return [False, True] if backward else [False]


def check(path: KernelPath, graph: Graph, rng: np.random.Generator, style: int | None = None) -> bool:
    """The path gives the reference's output, in both directions; False when it refuses the layer."""
    op = graph.ops[-1]
    if path.refuses(op, graph, HOST) is not None:
        return False
    values = values_for(op, graph, rng, int(rng.integers(0, 4)) if style is None else style)
    (want,) = reference(op, graph, values)
    for backward in directions(path, graph):
        (got,) = run_path(path, op, graph, values, backward=backward)
        np.testing.assert_array_equal(got, want, err_msg=f"backward={backward} {op}")
    return True


def try_claims(path: KernelPath, graph: Graph, rng: np.random.Generator, broken: list[bool]) -> None:
    """Right at the claimed distances and beyond; `broken` collects whether one byte less was wrong."""
    op = graph.ops[-1]
    if path.refuses(op, graph, HOST) is not None:
        return
    values = values_for(op, graph, rng)
    for pair, claim in path.overlaps(op, graph).items():
        source, target = (graph.tensors[t] for t in pair)
        further = int(rng.integers(0, 20))
        for distance, sign, size, backward in (
            (claim.forward, -1, source.size_bytes, False), (claim.backward, 1, target.size_bytes, True),
        ):
            if distance is None:
                continue
            assert distance >= -size
            assert right_at(path, op, graph, values, pair, sign * distance, backward), (claim, op)
            assert right_at(path, op, graph, values, pair, sign * (distance + further), backward), (claim, op)
            if distance > -size:
                broken.append(not right_at(path, op, graph, values, pair, sign * (distance - 1), backward))


def check_on_device(
    core: str, path: KernelPath, make: Maker, count: int, folder: Path, seed: int = 7
) -> None:
    """`count` layers in one program on an emulated core that has the instructions."""
    rng = np.random.default_rng(seed)
    found: list[Case] = []
    size = 0
    while len(found) < count:
        graph = make(rng)
        op = graph.ops[-1]
        if path.refuses(op, graph, HOST) is not None or sum(t.size_bytes for t in graph.tensors) > 8000:
            continue
        values = values_for(op, graph, rng, int(rng.integers(0, 3)))
        (expected,) = reference(op, graph, values)
        for backward in directions(path, graph):
            found.append(Case(path, op, graph, values, np.asarray(expected), backward))
        size += 1
    status = run_on_device(found, core, MACHINES[core], folder)
    assert status == 0, f"case {status - 1} (modulo 100; 200: a fault) differs"
