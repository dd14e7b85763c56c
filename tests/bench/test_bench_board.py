"""`bench --on board`, with an emulator in the board's place: the same firmware image, reached by its port."""

from __future__ import annotations

import pytest

from tests.bench.programs import small_program
from tinynas.bench.run import bench
from tinynas.boards import load_board
from tinynas.codegen.project import generate_firmware
from tinynas.errors import LinkError, MeasureError, UsageError
from tinynas.target.emulate.qemu import Qemu
from tinynas.target.toolchain import build

BOARD = "mps2-an500"


@pytest.fixture(scope="module")
def flashed(tmp_path_factory):
    """The image a user would have flashed: the variant for the board itself."""
    folder = tmp_path_factory.mktemp("flashed") / "firmware"
    project = generate_firmware(small_program(), load_board(BOARD), folder, "board")
    return build(project.directory)


@pytest.mark.emulator
def test_a_flashed_board_is_checked_and_timed(flashed, tmp_path):
    with Qemu(load_board(BOARD)).start(flashed) as machine:
        result = bench(small_program(), BOARD, "board", inputs=3, repeats=3, warmup=1, port=machine.url,
                       directory=tmp_path / "out")
    assert result.correct and result.outputs_compared == 3
    assert result.instructions is None and result.emulator is None and result.latency_ms_estimated is None
    # This counter ticks 3.2 times an instruction: "cycles" here are the emulated timer's.
    exact = bench(small_program(), BOARD, inputs=3, directory=tmp_path / "exact").instructions
    assert abs(result.cycles / 3.2 - exact) < 2
    assert result.latency_ms == pytest.approx(result.cycles / 25e6 * 1e3)
    assert all(layer.instructions is None for layer in result.layers)
    assert 0 <= result.sram.arena_bytes - result.arena_high_water_bytes < 4


@pytest.mark.emulator
def test_a_board_with_another_model_is_refused(flashed, tmp_path):
    with Qemu(load_board(BOARD)).start(flashed) as machine:
        with pytest.raises(MeasureError, match="the device runs model .* flash it again"):
            bench(small_program(seed=1), BOARD, "board", inputs=1, port=machine.url,
                  directory=tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_a_dead_port_is_known_before_anything_is_built(tmp_path):
    with pytest.raises(LinkError, match="cannot open /dev/ttyNONE7"):
        bench(small_program(), BOARD, "board", inputs=1, port="/dev/ttyNONE7", directory=tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_what_makes_no_sense_is_refused():
    with pytest.raises(UsageError, match="needs its serial port"):
        bench(small_program(), BOARD, "board")
    with pytest.raises(UsageError, match="cannot bench on 'moon'"):
        bench(small_program(), BOARD, "moon")
    with pytest.raises(UsageError, match="repeats must be 1 to 64"):
        bench(small_program(), BOARD, repeats=65)
    with pytest.raises(UsageError, match="at least 1"):
        bench(small_program(), BOARD, inputs=0)
    with pytest.raises(UsageError, match="no reference 'opinion'"):
        bench(small_program(), BOARD, inputs=1, reference="opinion")
