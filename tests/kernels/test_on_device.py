"""A sample of random layers on emulated cores: the assembly of ARMv6-M runs nowhere else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.kernels import cases
from tests.kernels.device import Case, run_on_device
from tests.kernels.host import reference, values_for
from tinynas.boards.core import Core
from tinynas.graph import Graph, Quantization
from tinynas.graph.builder import GraphBuilder
from tinynas.kernels import paths_for

MACHINES = {"cortex-m0plus": "mps2-an385", "cortex-m4": "mps2-an386", "cortex-m7": "mps2-an500"}


def small_operators(rng: np.random.Generator) -> Graph:
    b = GraphBuilder("small")
    q = Quantization.per_tensor(float(2.0 ** rng.uniform(-6, -2)), cases.zero_point(rng))
    shape = (1, int(rng.integers(2, 7)), int(rng.integers(2, 7)), int(rng.integers(1, 10)))
    x, y = b.input(shape, q), b.input(shape, cases.activation(rng))
    out = [
        lambda: b.add(x, y, quantization=q),
        lambda: b.sub(x, y, quantization=q),
        lambda: b.mul(x, y, quantization=q),
        lambda: b.average_pool(x, (2, 2), (1, 1), "SAME"),
        lambda: b.max_pool(x, (2, 2)),
        lambda: b.mean(x),
        lambda: b.softmax(x),
        lambda: b.logistic(x),
        lambda: b.pad(x, (0, 1, 2, 1), (0, 0, 1, 2)),
        lambda: b.transpose(x, (0, 3, 1, 2)),
        lambda: b.concat([x, x], 2),
        lambda: b.strided_slice(x, (0, 1, 1, 0), shape, (1, 1, 2, 1)),
    ][rng.integers(0, 12)]()
    return b.build([out])


def drawn(core: str, seed: int) -> list[Case]:
    rng = np.random.default_rng(seed)
    found: list[Case] = []
    makers = [
        cases.conv,
        lambda r: cases.conv(r, pointwise=True),
        cases.depthwise,
        cases.depthwise,
        cases.dense,
        small_operators,
    ]
    for k in range(90):
        graph = makers[k % len(makers)](rng)
        op = graph.ops[-1]
        values = values_for(op, graph, rng, int(rng.integers(0, 3)))
        (expected,) = reference(op, graph, values)
        for path in paths_for(op, graph, Core(core)):
            directions = [False]
            if any(o.backward is not None for o in path.overlaps(op, graph).values()):
                directions.append(True)
            found += [Case(path, op, graph, values, np.asarray(expected), d) for d in directions]
    return found


@pytest.mark.emulator
@pytest.mark.parametrize("core", MACHINES)
def test_layers_on_emulated_cores(core: str, tmp_path: Path) -> None:
    found = drawn(core, 2024)
    assert {"conv_plain", "conv_1x1_plain", "depthwise_plain", "dense_plain"} <= {c.path.name for c in found}
    status = run_on_device(found, core, MACHINES[core], tmp_path)
    assert status != 200, "a fault: an unaligned access, or worse"
    assert status == 0, f"case {status - 1} (modulo 100) differs: {found[status - 1]}"


@pytest.mark.emulator
def test_a_wrong_output_is_noticed(tmp_path: Path) -> None:
    found = drawn("cortex-m0plus", 3)[:5]
    spoiled = found[3].expected.copy()
    spoiled.reshape(-1)[-1] ^= 1
    found[3] = Case(found[3].path, found[3].op, found[3].graph, found[3].values, spoiled, found[3].backward)
    assert run_on_device(found, "cortex-m0plus", MACHINES["cortex-m0plus"], tmp_path) == 4
