"""What the tools really say when they fail, and the one line a user gets for it.

The texts are as people posted them in the tools' issue trackers and forums, or as the tools print them here;
each is played back by a stand-in."""

from __future__ import annotations

import time
from dataclasses import dataclass

import pytest

from tests.target.flash.conftest import JLINK, SECOND, STLINK, Play, sees
from tests.target.flash.test_tools import OPENOCD_GOOD, with_tool
from tinynas.boards import load_board
from tinynas.errors import ToolError
from tinynas.target.flash import TOOLS, FlashError, Probe, flash

pytestmark = pytest.mark.emulator  # needs the cross compiler

BANNER = "Open On-Chip Debugger 0.12.0\nLicensed under GNU GPL v2\n"
LOADER = Probe("395D367F3031", "dfu", "STM32 boot loader", 0x0483, 0xDF11)


@dataclass(frozen=True)
class Case:
    tool: str
    says: str
    means: str  # in the message
    next_step: str  # in the message
    again: bool  # tried once more
    status: int = 1


CASES = [
    # OpenOCD
    Case("openocd", BANNER + "Info : clock speed 2000 kHz\nError: libusb_open() failed with "
                             "LIBUSB_ERROR_ACCESS\n"
         "Error: open failed\n", "no permission to open the probe", "tinynas probes --udev", False),
    Case("openocd", BANNER + "Info : clock speed 2000 kHz\nError: open failed\n\n",
         "no probe was found", "connect the board's debug USB port", True),
    Case("openocd", BANNER + "Error: No device matches the serial string\nError: open failed\n",
         f"no probe with serial number {STLINK.serial}", "tinynas probes", True),
    Case("openocd", BANNER + "embedded:startup.tcl:28: Error: Can't find board/st_nucleo_f4.cfg\n"
         "in procedure 'script'\n", "no file board/st_nucleo_f4.cfg", "update OpenOCD", False),
    Case("openocd", BANNER + "Info : STLINK v2 JTAG v34 API v2 SWIM v7 VID 0x0483 PID 0x3748\n"
         "Info : Target voltage: 3.192646\nError: init mode failed (unable to connect to the target)\n",
         "does not reach the chip", "power the board", True),
    Case("openocd", BANNER + "Info : Target voltage: 0.012500\n"
         "Error: target voltage may be too low for reliable debugging\nError: init mode failed\n",
         "sees no supply voltage", "power the board", True),
    Case("openocd", BANNER + "Info : device id = 0x10006421\nError: stm32x device protected\n"
         "Error: failed erasing sectors 0 to 5\n** Programming Failed **\n",
         "the chip of board nucleo-f446re is locked",
         "openocd -f board/st_nucleo_f4.cfg -c 'init; reset halt; stm32f2x unlock 0; reset halt; "
         "exit'", False),
    Case("openocd", BANNER + "** Programming Started **\n** Programming Finished **\n** Verify Started **\n"
         "Error: checksum mismatch - attempting binary compare\n** Verify Failed **\n",
         "what was read back differs", "", True),
    Case("openocd", BANNER + "Error: libusb_claim_interface() failed with LIBUSB_ERROR_BUSY\n",
         "held by another program", "end the debugger", True),
    Case("openocd", "Segmentation fault\n", "openocd failed: Segmentation fault", "", True, 139),
    Case("openocd", "", "ended with status 3 and said nothing", "", True, 3),
    # st-flash
    Case("st-flash", "st-flash 1.7.0\n2026-11-20T15:28:19 WARN usb.c: Couldn't find any ST-Link devices\n",
         "no ST-LINK was found", "connect the board's debug USB port", True, 255),
    Case("st-flash", "st-flash 1.7.0\n2023-01-02T10:00:00 WARN usb.c: Could not open USB device "
                     "0x0483:0x374b, "
         "access error.\n2023-01-02T10:00:00 WARN usb.c: Couldn't find any ST-Link devices\n",
         "no permission to open the probe", "tinynas probes --udev", False, 255),
    Case("st-flash", "st-flash 1.6.1\n2021-04-06T18:32:05 WARN common.c: unknown chip id! 0x5fa0004\n"
         "Failed to connect to target\n", "does not recognise the chip (it reads 0x5fa0004)",
         "--tool openocd", True, 255),
    Case("st-flash", "st-flash 1.7.0\nFailed to enter SWD mode\nFailed to connect to target\n",
         "does not reach the chip", "check its jumpers", True, 255),
    Case("st-flash", "2021-05-01T10:00:00 ERROR flash_loader.c: Flash loader run error\n"
         "2021-05-01T10:00:00 ERROR common.c: Verification of flash failed at offset: 1024\n",
         "what was read back differs", "", True, 255),
    # pyOCD
    Case("pyocd", "No connected debug probes\n0000374 E No target device available [load_cmd]\n",
         "no probe was found", "connect the board", True),
    Case("pyocd", f"No connected debug probe matches unique ID '{JLINK.serial}'\n"
         "0000374 E No target device available "
         "[load_cmd]\n", f"serial number {JLINK.serial}", "tinynas probes", True),
    Case("pyocd", "0000495 W NRF52840 APPROTECT enabled: not automatically unlocking [target_nRF52]\n"
         "0000501 C No cores were discovered! [__main__]\n", "the chip of board nrf52840dk is locked",
         "pyocd erase --chip --target nrf52840", False),
    Case("pyocd", "0000402 C Target type nrf52840 not recognized. Use 'pyocd list --targets' to see "
                  "currently "
         "available target types. "
         "[__main__]\n", "does not know target nrf52840", "pyocd pack install nrf52840", False),
    Case("pyocd", "0000310 C USB Error: [Errno 13] Access denied (insufficient permissions) [__main__]\n",
         "no permission", "tinynas probes --udev", False),
    # probe-rs
    Case("probe-rs", "Error: No connected probes were "
                     "found.\n", "no probe was found", "connect the board", True),
    Case("probe-rs", "Error: Failed to open the debug probe.\n\nCaused by:\n    0: The debug probe could "
                     "not be created.\n"
         "    1: The selected debug probe was not found.\n       This can be due to permissions.\n",
         f"no probe with serial number {JLINK.serial}, or no permission", "tinynas probes", True),
    Case("probe-rs", " WARN probe_rs::vendor::nordicsemi::sequences::nrf52: Core is locked. Erase procedure "
                     "will be "
         "started to unlock it.\nError: Connecting to the chip was unsuccessful.\n\nCaused by:\n"
         "    0: An ARM specific error occurred.\n    1: An operation could not be performed because it "
         "lacked the "
         "permission to do so: erase_all\n", "the chip of board nrf52840dk is locked",
         "probe-rs erase --chip nRF52840_xxAA --allow-erase-all", False),
    Case("probe-rs", "error: unexpected argument '--verify' found\n", "too old", "0.25", False, 2),
    Case("probe-rs", "Error: Connecting to the chip was unsuccessful.\n\nCaused by:\n    The target device "
                     "did not "
         "respond to the request.\n", "does not reach the chip", "power the board", True),
    # dfu-util
    Case("dfu-util", "dfu-util 0.11\n\ndfu-util: No DFU capable USB device available\n",
         "no board in its boot loader", "hold BOOT0", True, 74),
    Case("dfu-util", "dfu-util: Cannot open DFU device 0483:df11 found on devnum 3 (LIBUSB_ERROR_ACCESS)\n"
         "dfu-util: No DFU capable USB device available\n", "no permission to open the boot loader",
         "tinynas probes --udev", False, 74),
    Case("dfu-util", "dfu-util: More than one DFU capable USB device found! Try `--list' and specify the "
                     "serial "
         "number or disconnect all but one device\n", "several boot loaders", "--probe", False, 78),
    Case("dfu-util", "Download        [=                        ]   4%         2048 bytesError during "
                     "special "
         "command \"ERASE_PAGE\" get_status\n", "the boot loader broke off", "reset the board", True, 74),
    # bossac
    Case("bossac", "No device found on /dev/ttyACM9\n", "no boot loader answers on /dev/ttyACM9",
         "tap the reset button twice", True),
    Case("bossac", "Set binary mode\nversion()=V#\nConnected at 921600 baud\nreadWord(addr=0)=0x30303077\n\n"
         "Device unsupported\n", "this bossac does not know the chip", "1.9.1-arduino2", False),
    Case("bossac", "\nSAM-BA operation failed\n", "the boot loader broke off", "twice", True),
]
BOARD = {"openocd": "nucleo-f446re", "st-flash": "nucleo-f446re", "pyocd": "nrf52840dk",
         "probe-rs": "nrf52840dk", "dfu-util": "nucleo-f446re", "bossac": "arduino-nano-33-ble"}


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c.tool}: {c.means[:40]}")
def test_a_failure_becomes_one_line_with_the_next_step(stand_in, elf_of, case):
    played = stand_in(case.tool, Play(case.says, case.status))
    name = BOARD[case.tool]
    board = with_tool(name, "dfu-util", {}) if case.tool == "dfu-util" else load_board(name)
    with pytest.raises(FlashError) as caught:
        flash(elf_of(name), board, tool=case.tool, port="/dev/ttyACM9" if case.tool == "bossac" else None,
              listing=sees(STLINK if name == "nucleo-f446re" else JLINK, LOADER))
    message = str(caught.value)
    assert case.means in message and case.next_step in message, message
    assert "\n" not in message and "{" not in message and len(message) < 400, message
    assert message.startswith(case.tool)
    assert len(played.calls) == (2 if case.again else 1)
    assert message.endswith("(tried 2 times)") == case.again
    assert isinstance(caught.value, ToolError)


def test_a_passing_failure_is_survived(stand_in, elf_of):
    tool = stand_in("openocd", Play("Error: open failed\n", 1), Play(OPENOCD_GOOD))
    done = flash(elf_of("nucleo-f446re"), load_board("nucleo-f446re"), listing=sees(STLINK))
    assert done.attempts == 2 and len(tool.calls) == 2


def test_a_tool_that_hangs_is_stopped(stand_in, elf_of):
    tool = stand_in("openocd", Play("Info : clock speed 2000 kHz\n", sleeps=60))
    start = time.monotonic()
    with pytest.raises(FlashError, match=r"did not end within 0.5 s and was stopped: unplug .*\(tried 2 "
                                         r"times\)"):
        flash(elf_of("nucleo-f446re"), load_board("nucleo-f446re"), timeout_s=0.5, listing=sees(STLINK))
    assert time.monotonic() - start < 20 and len(tool.calls) == 2


def test_a_program_that_cannot_be_started(stand_in, elf_of):
    tool = stand_in("openocd")
    tool.program.write_bytes(b"\x7fELF this is none")
    with pytest.raises(ToolError, match="cannot be run: .*format error"):
        flash(elf_of("nucleo-f446re"), load_board("nucleo-f446re"), listing=sees(STLINK))


def test_two_probes_and_none_named(stand_in, elf_of):
    tool = stand_in("openocd", Play(OPENOCD_GOOD))
    elf, board = elf_of("nucleo-f446re"), load_board("nucleo-f446re")
    with pytest.raises(FlashError, match=f"2 probes are connected: name one with --probe: {STLINK.serial} "
                                         f".*, "
                                         f"{SECOND.serial}") as caught:
        flash(elf, board, listing=sees(STLINK, SECOND, JLINK))
    assert not caught.value.again and tool.calls == [], "nothing was written to a board nobody meant"
    assert flash(elf, board, probe=SECOND.serial, listing=sees(STLINK, SECOND)).probe == SECOND.serial
    assert flash(elf, board, probe="0669ff30", listing=sees(STLINK, SECOND)).probe == SECOND.serial
    assert f"adapter serial {SECOND.serial}" in tool.calls[-1].arguments
    with pytest.raises(FlashError, match="2 probes match 06"):
        flash(elf, board, probe="06", listing=sees(STLINK, SECOND))
    with pytest.raises(FlashError, match="no probe with serial number ABC: here are 066C"):
        flash(elf, board, probe="ABC", listing=sees(STLINK))
    with pytest.raises(FlashError, match="no probe was found"):
        flash(elf, board, listing=sees(JLINK))


def test_a_probe_this_user_may_not_open(stand_in, elf_of):
    from dataclasses import replace

    tool = stand_in("openocd", Play(OPENOCD_GOOD))
    closed = replace(STLINK, accessible=False)
    with pytest.raises(FlashError, match="no permission to open STM32 STLink .*/dev/bus/usb/001/005.*udev"):
        flash(elf_of("nucleo-f446re"), load_board("nucleo-f446re"), listing=sees(closed))
    assert tool.calls == []
    own = replace(closed, vendor=0x1209)
    with pytest.raises(FlashError, match='ATTRS{idVendor}=="1209", MODE="0660"'):
        flash(elf_of("nucleo-f446re"), load_board("nucleo-f446re"), listing=sees(own))


def test_every_message_can_be_filled(elf_of):
    """A brace too many in a message would be a crash on the worst day."""
    from string import Formatter

    known = {"board", "serial", "unlock", "rule", "port", "least"}
    for tool in TOOLS:
        for failure in tool.failures:
            import re

            groups = set(re.compile(failure.pattern).groupindex)
            used = {name for _, name, _, _ in Formatter().parse(failure.message) if name}
            assert used <= known | groups, (tool.name, failure)
