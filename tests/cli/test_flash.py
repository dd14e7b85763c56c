"""`tinynas flash` and `tinynas probes` through the real command."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.cli.test_errors import assert_nothing_written, assert_refused
from tests.small_model import small_model
from tests.target.flash.conftest import Play, StandIn
from tests.target.flash.test_tools import OPENOCD_GOOD, ST_FLASH_GOOD

Run = Callable[..., "subprocess.CompletedProcess[str]"]
BOARD = "nucleo-f446re"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "small.tflite"
    path.write_bytes(small_model(np.random.default_rng(0)))
    return path


@pytest.fixture
def played(tmp_path: Path) -> StandIn:
    return StandIn(tmp_path / "st-flash-folder", "st-flash", [Play(ST_FLASH_GOOD)])


def no_usb(tmp_path: Path) -> dict[str, str]:
    """Other tools absent; the machine's own probes, if any, are named by no test."""
    return {"TINYNAS_CACHE": str(tmp_path / "cache"), "TINYNAS_OPENOCD": "absent",
            "TINYNAS_PROBE_RS": "absent"}



@pytest.mark.emulator
def test_flash_of_a_model_a_folder_and_an_elf(
        run_cli: Run, model: Path, tmp_path: Path, played: StandIn) -> None:
    env = {**no_usb(tmp_path), "TINYNAS_ST_FLASH": str(played.program)}
    if Path("/sys/bus/usb/devices").is_dir():
        pytest.skip("this machine knows that no probe is there; the stand-in would not be asked")
    done = run_cli("flash", model, "--board", BOARD, "--probe", "066CFF", "--json", env=env)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["tool"] == "st-flash" and told["verified"] and told["attempts"] == 1
    built = run_cli("build", model, "--board", BOARD, "--out", "firmware", env=env)
    assert built.returncode == 0, built.stderr
    for source in ("firmware", "firmware/build/firmware.elf"):
        done = run_cli("flash", source, "--board", BOARD, "--probe", "066CFF", env=env)
        assert done.returncode == 0 and "verified" in done.stdout, done.stderr
    images = [call.files["image.bin"] for call in played.calls]
    assert len(images) == 3 and len(set(images)) == 1, "the same image, however it was named"


@pytest.mark.emulator
def test_flash_refusals(run_cli: Run, model: Path, tmp_path: Path) -> None:
    env = no_usb(tmp_path)
    assert_refused(run_cli("flash", model, "--board", BOARD, "--tool", "esptool", env=env), "Espressif")
    assert_refused(run_cli("flash", model, "--board", "mps2-an500", env=env), "cannot be flashed")
    gone = {**env, "TINYNAS_ST_FLASH": "absent"}
    assert_refused(run_cli("flash", model, "--board", BOARD, env=gone), "apt-get install openocd")
    assert_nothing_written(tmp_path, model)
    built = run_cli("build", model, "--board", BOARD, "--variant", "qemu", "--out", "firmware", env=env)
    assert built.returncode == 0, built.stderr
    if shutil.which("st-flash"):
        assert_refused(run_cli("flash", "firmware", "--board", BOARD, "--tool", "st-flash", env=env),
                       "variant qemu", "--variant board")


def test_probes_lists_tools_and_rules(run_cli: Run, tmp_path: Path) -> None:
    played = StandIn(tmp_path / "folder", "probe-rs", [
        Play("[0]: STLink V2-1 -- 0483:374b:066CFF505750827567154312 (ST-LINK)\n")])
    env = {"TINYNAS_PROBE_RS": str(played.program), "TINYNAS_PYOCD": "absent", "TINYNAS_OPENOCD": "absent"}
    told = json.loads(run_cli("probes", "--json", env=env).stdout)
    assert "066CFF505750827567154312" in [p["serial"] for p in told["probes"]]
    tools = {t["name"]: t for t in told["tools"]}
    assert set(tools) == {"openocd", "pyocd", "probe-rs", "st-flash", "dfu-util", "uf2", "bossac"}
    assert tools["openocd"]["program"] is None and "apt-get" in tools["openocd"]["install"]
    text = run_cli("probes", env=env).stdout
    assert "066CFF505750827567154312" in text and "-> sudo apt-get install openocd" in text
    assert 'ATTRS{idVendor}=="0483"' in run_cli("probes", "--udev").stdout


def test_openocd_text_is_the_one_we_wait_for() -> None:
    """The words of success come from the tool's own start-up script, wherever it is installed."""
    script = Path("/usr/bin/openocd")
    if not script.is_file():
        pytest.skip("openocd is not installed")
    assert b"** Verified OK **" in script.read_bytes() and "** Verified OK **" in OPENOCD_GOOD
