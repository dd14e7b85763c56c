"""The real tools, as far as they go without a board: every file and target our boards name is known to them,
and what they say with nothing connected is understood."""

from __future__ import annotations

import json
import shutil
import subprocess

import pytest

from tests.target.flash.conftest import STLINK, sees
from tinynas.boards import list_boards, load_board
from tinynas.target.flash import TOOLS, FlashError, flash, list_probes, tool_named, tools_of
from tinynas.target.flash.flasher import _settings
from tinynas.target.flash.program import find_program

BOARDS = [name for name in list_boards() if load_board(name).flash_tools]
QUIET = ["-c", "gdb_port disabled", "-c", "tcl_port disabled", "-c", "telnet_port disabled"]


def need(program: str) -> str:
    found = find_program(tool_named(program))
    if not found:
        pytest.skip(f"{program} is not installed")
    return found


@pytest.mark.parametrize("name", BOARDS)
def test_every_board_names_tools_we_have_and_settings_they_take(name):
    board = load_board(name)
    for tool in tools_of(board):
        settings = _settings(board, tool)
        if settings.has("probe"):
            settings.choice("probe", tool.kinds)


@pytest.mark.parametrize("name", [n for n in BOARDS if "openocd" in load_board(n).flash_tools])
def test_openocd_parses_the_boards_files(name):
    """Everything up to opening the probe: the files are found, the target and its flash banks are known, the
    commands we use exist, and the adapter is of the kind the board's file says."""
    program, table = need("openocd"), load_board(name).flash_tools["openocd"]
    adapter = {"stlink": ("hla", "stlink", "st-link"), "jlink": ("jlink",), "cmsis-dap": ("cmsis-dap",)}
    ask = "echo \"names=[adapter name] [target names] banks=[llength [flash list]]\""
    files = [word for file in table["config"] for word in ("-f", file)]
    words = ["program"]
    for command in table.get("unlock", "").split("; "):
        parts = command.split()
        words += [" ".join(parts[:-1]) if parts and parts[-1].isdigit() else "".join(parts[:1])]
    ask += "".join(f"; help {word}" for word in words if word)
    command = [program, *QUIET, *files, "-c", f"adapter serial {STLINK.serial}", "-c", ask, "-c", "shutdown"]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    said = ran.stdout + ran.stderr
    assert ran.returncode == 0, said
    names = said.split("names=")[1].split("\n")[0]
    assert names.split()[0] in adapter[table["probe"]], names
    assert int(names.split("banks=")[1]) >= 1 and len(names.split()) >= 3, "a target and its flash"
    helped = [" ".join(line.split()) for line in said.splitlines()]
    for word in filter(None, words):
        assert any(line.startswith(word) for line in helped), f"this OpenOCD knows no command {word}"


def test_pyocd_knows_the_boards_targets():
    program = need("pyocd")
    ran = subprocess.run([program, "json", "--targets"], capture_output=True, text=True, timeout=120,
                         check=True)
    told = json.loads(ran.stdout)
    known = {target["name"] for target in told["targets"]}
    tables = [load_board(name).flash_tools for name in BOARDS]
    wanted = {table["pyocd"]["target"] for table in tables if "pyocd" in table}
    assert wanted and wanted <= known, wanted - known


NOTHING = {"openocd": "no probe was "
                      "found", "pyocd": "no probe with serial number", "st-flash": "no ST-LINK was found"}


@pytest.mark.emulator
@pytest.mark.parametrize("tool", NOTHING)
def test_nothing_connected_is_understood(elf_of, tool):
    """With a probe named that is not there, so that the tool itself must find out."""
    need(tool)
    if list_probes(TOOLS):
        pytest.skip("a probe is connected to this machine")
    name = "nucleo-h743zi2"
    with pytest.raises(FlashError, match=f"{tool}: {NOTHING[tool]}"):
        flash(elf_of(name), load_board(name), tool=tool, listing=sees(STLINK), timeout_s=60)


@pytest.mark.emulator
def test_openocd_without_the_file_a_board_names(elf_of):
    from tests.target.flash.test_tools import with_tool

    need("openocd")
    board = with_tool("nucleo-f446re", "openocd", {"config": ["board/not_there.cfg"]})
    with pytest.raises(FlashError, match="this OpenOCD has no file board/not_there.cfg"):
        flash(elf_of("nucleo-f446re"), board, listing=sees(STLINK))


def test_dfu_util_and_st_info_list_nothing_without_complaint():
    for name in ("dfu-util", "st-flash"):
        tool = tool_named(name)
        program = find_program(tool)
        if program and shutil.which("st-info"):
            assert tool.list_probes is not None
            assert isinstance(tool.list_probes(program), tuple)


@pytest.mark.emulator
def test_bossac_finds_no_boot_loader(elf_of):
    need("bossac")
    name = "arduino-nano-33-ble"
    with pytest.raises(FlashError, match="no boot loader answers on /dev/ttyNONE7: tap the reset button "
                                         "twice"):
        flash(elf_of(name), load_board(name), port="/dev/ttyNONE7")
