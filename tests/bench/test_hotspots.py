"""Hot spots: blocks go to the function and layer they belong to, and nothing is lost on the way."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.bench.programs import small_program
from tests.bench.schema import violations
from tests.small_model import small_model
from tinynas.bench.cycles import Priced
from tinynas.bench.cycles.decode import Instruction, Kind
from tinynas.bench.hotspots import UNKNOWN, by_function, by_layer, layer_names, mix, spots, spots_of, to_json
from tinynas.bench.result import schema
from tinynas.bench.run import bench
from tinynas.target.elf import Symbol
from tinynas.target.emulate.profile import Block

KNOWN = (Symbol("first", 0x100, 0x20, True), Symbol("second", 0x140, 0x10, True))


def priced(layer: int, address: int, kinds: tuple[Kind, ...], executions: int, cycles: float | None = 2.0) -> Priced:
    none: frozenset[str] = frozenset()
    code = [Instruction("", kind, none, none, none, None, None, 1, False, False) for kind in kinds]
    block = Block(layer, address, len(kinds), 2 * len(kinds), executions, 0, 0, 0)
    return Priced(block, code, None if cycles is None else cycles * executions)


FOUND = spots([
    priced(0, 0x100, (Kind.LOAD, Kind.MAC), 10),
    priced(0, 0x11e, (Kind.MAC,), 5),
    priced(1, 0x140, (Kind.ALU, Kind.BRANCH), 3),
    priced(1, 0x120, (Kind.ALU,), 1),  # between the functions
    priced(2, 0x100, (Kind.STORE,), 4),  # after the last layer
], KNOWN)


def test_blocks_are_summed_by_layer_and_function() -> None:
    totals = {(s.layer, s.function): (s.instructions, s.cycles, dict(s.kinds)) for s in FOUND}
    assert totals == {
        (0, "first"): (25, 30.0, {"load": 10, "mac": 15}),
        (1, "second"): (6, 6.0, {"alu": 3, "branch": 3}),
        (1, UNKNOWN): (1, 2.0, {"alu": 1}),
        (2, "first"): (4, 8.0, {"store": 4}),
    }
    assert mix(FOUND) == {"mac": 15, "load": 10, "alu": 4, "store": 4, "branch": 3}


def test_functions_come_costliest_first_with_their_layers() -> None:
    first, second, unknown = by_function(FOUND)
    assert (first.name, first.instructions, dict(first.layers)) == ("first", 29, {0: 25, 2: 4})
    assert first.share == pytest.approx(29 / 36) and first.cycles == 38.0
    assert (second.name, unknown.name) == ("second", UNKNOWN)


def test_layers_keep_their_order_and_equal_names_stay_apart() -> None:
    assert [(t.name, t.instructions) for t in by_layer(FOUND, ["same", "same"])] == [
        ("same", 25), ("same", 7), ("entry and exit", 4)]


def test_one_core_without_a_model_leaves_cycles_unknown() -> None:
    found = spots([priced(0, 0x100, (Kind.ALU,), 1, None), priced(0, 0x102, (Kind.ALU,), 1, 3.0)], KNOWN)
    assert found[0].cycles is None and by_function(found)[0].cycles is None


@pytest.mark.emulator
def test_a_run_s_spots_are_its_instructions_and_cycles(tmp_path: Path) -> None:
    result = bench(small_program(), "mps2-an500", inputs=1, reference="numpy", directory=tmp_path / "bench")
    found = spots_of(result)
    assert result.instructions is not None and result.cycles_estimated is not None
    assert abs(sum(s.instructions for s in found) - result.instructions) < 30
    assert sum(s.cycles or 0 for s in found) == pytest.approx(result.cycles_estimated, abs=1)
    for at, layer in enumerate(result.layers):
        assert sum(s.instructions for s in found if s.layer == at) == layer.instructions
    assert all(sum(s.kinds.values()) == s.instructions for s in found)
    assert any(s.function.startswith("tinynas_") for s in found) and not any(s.function == UNKNOWN for s in found)
    plain = {**result.to_json(), "profile": to_json(found, layer_names(result))}
    assert violations(json.loads(json.dumps(plain)), schema()) == []


@pytest.mark.emulator
def test_the_command_writes_a_flame_graph(
    run_cli: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    model = tmp_path / "small.tflite"
    model.write_bytes(small_model(np.random.default_rng(0)))
    arguments = ("bench", model, "--board", "raspberry-pi-pico", "--inputs", "1", "--reference", "numpy")
    done = run_cli(*arguments, "--profile-out", "flame.svg", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["profile"]["functions"]
    assert "tinynas_" in (tmp_path / "flame.svg").read_text()
    refused = run_cli(*arguments, "--profile-out", "nowhere/flame.svg")
    assert refused.returncode == 2 and "does not exist" in refused.stderr
    refused = run_cli(*arguments, "--on", "board", "--profile")
    assert refused.returncode == 2 and "--on qemu" in refused.stderr
