"""`bench --on board`, with an emulator in the board's place: the same firmware image, reached by its port."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.bench.programs import small_program
from tests.target.flash.conftest import Play, StandIn
from tinynas.bench.run import bench
from tinynas.boards import load_board
from tinynas.codegen.project import generate_firmware
from tinynas.errors import BoardError, LinkError, MeasureError, ToolError, UsageError
from tinynas.target.elf import image_bytes
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


# ---- flashed first -------------------------------------------------------------------------------------------

GOOD = "st-flash 1.7.0\nINFO common.c: Flash written and verified! jolly good!\n"


def flashable(program_text: str, tmp_path, monkeypatch):
    """The board with st-flash settings, and a stand-in of that tool which says `program_text`."""
    monkeypatch.setattr("tinynas.target.flash.usb.can_see_everything", lambda: False)
    monkeypatch.setattr("tinynas.target.flash.flasher.PAUSE_S", 0.0)
    tool = StandIn(tmp_path / "st-flash-folder", "st-flash", [Play(program_text, 0 if "jolly" in program_text else 1)])
    monkeypatch.setenv("TINYNAS_ST_FLASH", str(tool.program))
    return tool, replace(load_board(BOARD), flash_tools={"stflash": {"address": 0}})


@pytest.mark.emulator
def test_a_board_is_flashed_with_the_image_that_is_measured(flashed, tmp_path, monkeypatch):
    tool, board = flashable(GOOD, tmp_path, monkeypatch)
    with Qemu(board).start(flashed) as machine:
        result = bench(small_program(), board, "board", inputs=1, port=machine.url, directory=tmp_path / "out",
                       probe="066CFF", tool="st-flash")
    assert result.correct
    (call,) = tool.calls
    assert call.value("--serial") == "066CFF"
    assert call.files["image.bin"] == image_bytes(result.elf)


@pytest.mark.emulator
def test_a_board_that_cannot_be_flashed_is_not_measured(flashed, tmp_path, monkeypatch):
    _, board = flashable("Couldn't find any ST-Link devices\n", tmp_path, monkeypatch)
    with Qemu(board).start(flashed) as machine:
        with pytest.raises(ToolError, match="no ST-LINK was found"):
            bench(small_program(), board, "board", inputs=1, port=machine.url, directory=tmp_path / "out",
                  tool="st-flash")
    assert not (tmp_path / "out").exists()


def test_flashing_makes_no_sense_elsewhere(tmp_path, monkeypatch):
    with pytest.raises(UsageError, match="nothing is flashed on 'qemu'"):
        bench(small_program(), BOARD, "qemu", probe="066C")
    with pytest.raises(UsageError, match="does not flash with esptool"):
        bench(small_program(), BOARD, "board", port="/dev/ttyNONE7", tool="esptool")
    with pytest.raises(BoardError, match="cannot be flashed"):
        bench(small_program(), BOARD, "board", port="/dev/ttyNONE7", probe="066C")
