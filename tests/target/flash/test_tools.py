"""Every tool through a stand-in: the arguments it is given, what it is handed, and success."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.target.flash.conftest import JLINK, STLINK, Play, sees
from tinynas.boards import load_board
from tinynas.errors import BoardError, MeasureError, ToolError, UsageError
from tinynas.target.elf import image_bytes
from tinynas.target.flash import FlashError, Probe, flash

pytestmark = pytest.mark.emulator  # needs the cross compiler

F4 = "nucleo-f446re"
OPENOCD_GOOD = """\
Open On-Chip Debugger 0.12.0
Licensed under GNU GPL v2
Info : STLINK V2J37M26 (API v2) VID:PID 0483:374B
Info : Target voltage: 3.243700
Info : [stm32f4x.cpu] Cortex-M4 r0p1 processor detected
** Programming Started **
** Programming Finished **
** Verify Started **
** Verified OK **
** Resetting Target **
shutdown command invoked
"""
ST_FLASH_GOOD = """\
st-flash 1.7.0
2024-03-01T10:00:00 INFO common.c: F446: 128 KiB SRAM, 512 KiB flash in at least 128 KiB pages.
2024-03-01T10:00:01 INFO flash_loader.c: Successfully loaded flash loader in sram
2024-03-01T10:00:01 INFO common.c: Starting verification of write complete
2024-03-01T10:00:01 INFO common.c: Flash written and verified! jolly good!
"""
DFU_GOOD = "dfu-util 0.11\n\nDownload\t[=========================] 100%        11264 bytes\n" \
           "Download done.\n" \
           "File downloaded successfully\n"


def test_openocd(stand_in, elf_of):
    tool = stand_in("openocd", Play(OPENOCD_GOOD))
    elf, board = elf_of(F4), load_board(F4)
    done = flash(elf, board, tool="openocd", listing=sees(STLINK, JLINK))
    assert (done.tool, done.board, done.probe, done.verified, done.attempts) == (
        "openocd", F4, STLINK.serial, True, 1)
    assert done.image_bytes == len(image_bytes(elf))
    (call,) = tool.calls
    assert call.value("-f") == "board/st_nucleo_f4.cfg"
    commands = [call.arguments[k + 1] for k, word in enumerate(call.arguments) if word == "-c"]
    assert commands[0] == f"adapter serial {STLINK.serial}", "the probe is named before anything is opened"
    assert commands[-1] == "program firmware.elf verify reset exit"
    assert {"gdb_port disabled", "tcl_port disabled", "telnet_port disabled"} <= set(commands)


def test_openocd_is_not_believed_without_its_words(stand_in, elf_of):
    stand_in("openocd", Play("** Programming Finished **\n"))
    with pytest.raises(FlashError, match="openocd failed"):
        flash(elf_of(F4), load_board(F4), tool="openocd", listing=sees(STLINK))


def test_pyocd_compares_what_it_wrote(stand_in, elf_of):
    board = "nrf52840dk"
    elf = elf_of(board)
    size = len(image_bytes(elf))
    tool = stand_in("pyocd", Play("0001495 I Erased 12288 "
                                  "bytes\n"), Play(f"Comparing\nAll {size} bytes match.\n"))
    done = flash(elf, load_board(board), tool="pyocd", listing=sees(JLINK, STLINK))
    assert done.verified and done.probe == JLINK.serial
    load, compare = tool.calls
    assert load.arguments[0] == "load" and load.value("--target") == "nrf52840"
    assert load.value("--uid") == JLINK.serial and "--no-wait" in load.arguments
    assert load.value("-O") == "auto_unlock=false", "a locked chip is not erased without being asked"
    assert load.files["firmware.elf"] == elf.read_bytes()
    assert compare.arguments[0] == "commander" and "compare 0x0 image.bin" in compare.arguments
    assert compare.files["image.bin"] == image_bytes(elf)


def test_pyocd_finds_a_difference(stand_in, elf_of):
    stand_in("pyocd", Play(), Play("Mismatched byte at 0x00000400 (offset 0x400): 0xff (memory) != 0x12 "
                                   "(file)\n"),
             Play(), Play("Mismatched byte at 0x00000400 (offset 0x400): 0xff (memory) != 0x12 (file)\n"))
    with pytest.raises(FlashError, match=r"pyocd: what was read back differs .*\(tried 2 times\)"):
        flash(elf_of("nrf52840dk"), load_board("nrf52840dk"), tool="pyocd", listing=sees(JLINK))


def test_st_flash_gets_raw_bytes(stand_in, elf_of):
    tool = stand_in("st-flash", Play(ST_FLASH_GOOD))
    elf = elf_of(F4)
    assert flash(elf, load_board(F4), tool="st-flash", probe=STLINK.serial, listing=sees(STLINK)).verified
    (call,) = tool.calls
    assert call.arguments == ["--reset", "--serial", STLINK.serial, "write", "image.bin", "0x08000000"]
    assert call.files["image.bin"] == image_bytes(elf)


def test_probe_rs_names_vendor_and_product_too(stand_in, elf_of):
    tool = stand_in("probe-rs", Play("      Finished in 1.32s\n"))
    flash(elf_of(F4), load_board(F4), tool="probe-rs", listing=sees(STLINK))
    download, reset = tool.calls
    named = ["--non-interactive", "--chip", "STM32F446RETx", "--probe", f"0483:374b:{STLINK.serial}"]
    assert download.arguments == ["download", *named, "--verify", "firmware.elf"]
    assert reset.arguments == ["reset", *named]


def with_tool(board, name, settings):
    return replace(load_board(board), flash_tools={name: settings})


def test_dfu_util_uploads_and_compares(stand_in, elf_of):
    elf = elf_of(F4)
    image = image_bytes(elf)
    # Leaving the boot loader looks like a failure: status 74 after everything went well.
    tool = stand_in("dfu-util", Play(DFU_GOOD),
                    Play("dfu-util: Error during download "
                         "get_status\n", 74, {"back.bin": image + b"\xff" * 3}))
    board = with_tool(F4, "dfu-util", {"usb": "0483:df11", "address": 0x08000000})
    probe = Probe("395D367F3031", "dfu", "STM32 boot loader", 0x0483, 0xDF11)
    assert flash(elf, board, listing=sees(probe, STLINK)).verified
    down, up = tool.calls
    where = ["-d", "0483:df11", "-a", "0", "-S", "395D367F3031"]
    assert down.arguments == [*where, "-s", "0x08000000", "-D", "image.bin"]
    assert down.files["image.bin"] == image
    assert up.arguments[-3:] == [f"0x08000000:{len(image)}:leave", "-U", "back.bin"]


def test_dfu_util_finds_a_difference(stand_in, elf_of):
    elf = elf_of(F4)
    wrong = bytearray(image_bytes(elf))
    wrong[100] ^= 1
    stand_in("dfu-util", Play(DFU_GOOD), Play("", 0, {"back.bin": bytes(wrong)}),
             Play(DFU_GOOD), Play("", 0, {"back.bin": bytes(wrong)}))
    with pytest.raises(FlashError, match="dfu-util: what was read back differs"):
        flash(elf, with_tool(F4, "dfu-util", {}), listing=sees(Probe("1", "dfu", "boot loader")))


def test_bossac_writes_without_an_offset(stand_in, elf_of):
    board = "arduino-nano-33-ble"
    tool = stand_in("bossac", Play("Device       : nRF52840-QIAA\nErase flash\n\nDone in 0.001 seconds\n"
                                   "Write 11264 bytes to flash (3 pages)\n[=====] 100% (3/3 pages)\nDone in "
                                   "0.4 s\n"))
    elf = elf_of(board)
    done = flash(elf, load_board(board), port="/dev/ttyACM3")
    assert not done.verified, "the boot loader cannot read back"
    (call,) = tool.calls
    assert call.arguments == ["-d", "-U", "-i", "-e", "-w", "-R", "--port=/dev/ttyACM3", "image.bin"]
    assert call.files["image.bin"] == image_bytes(elf)
    loader = Probe("AB12", "samba", "Nano 33 BLE boot loader", 0x2341, 0x5A, port="/dev/ttyACM7")
    flash(elf, load_board(board), listing=sees(loader))
    assert "--port=/dev/ttyACM7" in tool.calls[-1].arguments
    with pytest.raises(UsageError, match="twice quickly, then give --port"):
        flash(elf, load_board(board), listing=sees())


def test_the_first_installed_tool_of_the_board_is_taken(stand_in, elf_of, monkeypatch):
    for name in ("TINYNAS_OPENOCD", "TINYNAS_PROBE_RS"):
        monkeypatch.setenv(name, "not-there")
    tool = stand_in("st-flash", Play(ST_FLASH_GOOD))
    assert flash(elf_of(F4), load_board(F4), listing=sees(STLINK)).tool == "st-flash"
    assert len(tool.calls) == 1
    monkeypatch.setenv("TINYNAS_ST_FLASH", "not-there")
    with pytest.raises(ToolError, match="no tool that can flash nucleo-f446re is installed: openocd: sudo "
                                        "apt-get"):
        flash(elf_of(F4), load_board(F4), listing=sees(STLINK))


def test_an_image_of_another_board_is_refused(stand_in, elf_of, build_hello):
    tool = stand_in("openocd")
    with pytest.raises(MeasureError, match="linked for 0x0, the flash of nucleo-f446re begins at 0x8000000"):
        flash(build_hello(F4, "qemu"), load_board(F4), listing=sees(STLINK))
    assert tool.calls == []


def test_a_board_that_cannot_be_flashed(elf_of):
    with pytest.raises(BoardError, match="mps2-an500 cannot be flashed: its file has no"):
        flash(elf_of(F4), load_board("mps2-an500"))
    with pytest.raises(BoardError, match="no settings for uf2"):
        flash(elf_of(F4), load_board(F4), tool="uf2")
    with pytest.raises(BoardError, match=r"board nucleo-f446re: flash.openocd.config: missing"):
        flash(elf_of(F4), with_tool(F4, "openocd", {}), listing=sees(STLINK))
    with pytest.raises(BoardError, match=r"flash.openocd.konfig: unknown field"):
        flash(elf_of(F4), with_tool(F4, "openocd", {"config": ["a.cfg"], "konfig": 1}), listing=sees(STLINK))


@pytest.mark.parametrize("name, reason", [
    ("esptool", "Espressif"), ("esptool.py", "Espressif"), ("avrdude", "AVR"), ("JLinkExe", "openocd, pyocd"),
    ("STM32_Programmer_CLI", "st-flash"), ("picotool", "uf2")])
def test_tools_we_do_not_use_are_refused_with_the_reason(name, reason):
    with pytest.raises(UsageError, match=f"does not flash with {name}: .*{reason}"):
        flash("x.elf", load_board(F4), tool=name)
    with pytest.raises(UsageError, match="no flashing tool 'hammer': there are openocd"):
        flash("x.elf", load_board(F4), tool="hammer")
