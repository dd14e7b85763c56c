"""What is plugged in: read from a made-up /sys, from the tools' own lists, and put together."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.target.flash.conftest import STLINK, Play
from tinynas.target.flash import TOOLS, Probe, list_probes, probes, rules_text, tool_named, usb
from tinynas.target.flash.dfuutil import read_list as read_dfu
from tinynas.target.flash.probers import read_list as read_probers
from tinynas.target.flash.probes import merge
from tinynas.target.flash.stflash import read_list as read_stinfo
from tinynas.target.flash.usb import usb_probes


def device(root: Path, name: str, **values: str) -> None:
    folder = root / name
    folder.mkdir(parents=True)
    for key, value in values.items():
        (folder / key).write_text(value + "\n")


@pytest.fixture
def sysfs(tmp_path: Path) -> Path:
    root = tmp_path / "sys"
    device(root, "usb1", idVendor="1d6b", idProduct="0002", product="xHCI Host Controller")
    device(root, "1-1", idVendor="0483", idProduct="374b", product="STM32 STLink", busnum="1", devnum="5",
           serial=STLINK.serial)
    device(root, "1-1:1.0", bInterfaceClass="ff")
    device(root, "1-2", idVendor="1209", idProduct="da42", product="Dirty CMSIS-DAP "
                                                                   "Probe", busnum="1", devnum="6",
           serial="E6614103E70D5A2F")
    device(root, "1-3", idVendor="1366", idProduct="1015", busnum="1", devnum="7", serial="000683459357")
    device(root, "1-4", idVendor="046d", idProduct="c31c", product="USB Keyboard", busnum="1", devnum="8")
    device(root, "1-5", idVendor="zzzz", idProduct="0001")
    return root


def test_linux_tells_probes_ports_and_permissions(sysfs, tmp_path, monkeypatch):
    nodes = tmp_path / "dev"
    (nodes / "001").mkdir(parents=True)
    for number in ("005", "006"):
        (nodes / "001" / number).touch()
    monkeypatch.setattr(usb, "_serial_ports", lambda: [
        SimpleNamespace(vid=0x0483, pid=0x374B, serial_number=number, device=device, product="STLink")
        for number, device in ((STLINK.serial, "/dev/ttyACM0"), ("OTHER", "/dev/ttyACM1"))])
    monkeypatch.setattr(usb.os, "access", lambda path, _: path.name != "006")
    found = {p.kind: p for p in usb_probes(sysfs, nodes)}
    assert set(found) == {"stlink", "cmsis-dap", "jlink"}, "no hub, no keyboard"
    assert found["stlink"].serial == STLINK.serial and found["stlink"].port == "/dev/ttyACM0"
    assert found["stlink"].accessible is True and found["cmsis-dap"].accessible is False
    assert found["cmsis-dap"].name == "Dirty CMSIS-DAP Probe" and found["cmsis-dap"].port is None
    assert found["jlink"].name == "J-Link" and found["jlink"].accessible is None, "unknown, not refused"


def test_elsewhere_serial_ports_are_all_there_is(tmp_path, monkeypatch):
    monkeypatch.setattr(usb, "_serial_ports", lambda: [
        SimpleNamespace(vid=0x0483, pid=0x374E, serial_number="003A0022", device="COM5", product="STLINK-V3"),
        SimpleNamespace(vid=None, pid=None, serial_number=None, device="COM1", product=None)])
    (probe,) = usb_probes(tmp_path / "no-sysfs")
    assert (probe.kind, probe.serial, probe.port, probe.accessible) == ("stlink", "003A0022", "COM5", None)


def test_st_info():
    new = ("Found 1 stlink programmers\n  version:    V2J29S18\n  serial:     0672FF485550755187220729\n"
           "  flash:      1048576 (pagesize: 2048)\n  chipid:     0x0449\n  descr:      F7xx\n")
    assert [p.serial for p in read_stinfo(new)] == ["0672FF485550755187220729"]
    old = ("Found 2 stlink programmers\n serial:     303636434646353035373530383237353637313534333132\n"
           " hla-serial: \"\\x30\\x36\"\n serial: 493f6d066670485136151067\nopenocd: \"\\x49\\x3f\"\n")
    assert [p.serial for p in read_stinfo(old)] == ["066CFF505750827567154312", "493f6d066670485136151067"]
    assert read_stinfo("Found 0 stlink programmers\n") == ()


def test_probe_rs_list():
    new = ("The following debug probes were found:\n[0]: STLink V2-1 -- 0483:374b:066CFF505750827567154312 "
           "(ST-LINK)\n"
           "[1]: Debug Probe (CMSIS-DAP) -- 2e8a:000c:E6614103E70D5A2F (CMSIS-DAP)\n"
           "[2]: J-Link -- 1366:0105:000760208498 (J-Link)\n[3]: Dual RS232-HS -- 0403:6010: (FTDI)\n")
    found = read_probers(new)
    assert [(p.kind, p.serial, p.vendor) for p in found[:3]] == [
        ("stlink", STLINK.serial, 0x0483), ("cmsis-dap", "E6614103E70D5A2F", 0x2E8A),
        ("jlink", "000760208498", 0x1366)]
    assert found[0].name == "STLink V2-1" and found[1].product == 0x000C
    old = "[0]: Picoprobe CMSIS-DAP (VID: 2e8a, PID: 000c, Serial: E66x6, CmsisDap)\n"
    assert [(p.kind, p.serial, p.product) for p in read_probers(old)] == [("cmsis-dap", "E66x6", 0x000C)]
    assert read_probers("No debug probes were found.\n") == ()


def test_dfu_list():
    text = ('Found DFU: [0483:df11] ver=2200, devnum=18, cfg=1, intf=0, path="1-2", alt=1, '
            'name="@Option Bytes  /0x1FFFC000/01*016 e", serial="395D367F3031"\n'
            'Found DFU: [0483:df11] ver=2200, devnum=18, cfg=1, intf=0, path="1-2", alt=0, '
            'name="@Internal Flash  /0x08000000/04*016Kg", serial="395D367F3031"\n')
    assert [(p.serial, p.vendor, p.product) for p in read_dfu(text)] == [("395D367F3031", 0x0483, 0xDF11)]


def test_pyocd_list(stand_in):
    boards = [{"unique_id": STLINK.serial, "info": "STM32 STLink", "board_name": "Generic",
               "target": "cortex_m", "vendor_name": "STMicroelectronics", "product_name": "STM32 STLink"},
              {"unique_id": "0240", "info": "x", "board_name": "x", "target": "nrf52840",
               "vendor_name": "Arm", "product_name": "DAPLink CMSIS-DAP"}]
    tool = stand_in("pyocd", Play("a warning first\n" + json.dumps({"status": 0, "boards": boards})))
    found = tool_named("pyocd").list_probes(str(tool.program))
    assert [(p.serial, p.kind) for p in found] == [(STLINK.serial, "stlink"), ("0240", "cmsis-dap")]


def test_lists_are_put_together_and_a_broken_tool_does_not_matter(stand_in):
    stand_in("pyocd", Play("Traceback (most recent call last):\n", 1))
    stand_in("probe-rs", Play("[0]: STLink V2-1 -- 0483:374b:066CFF505750827567154312 (ST-LINK)\n"
                              "[1]: J-Link -- 1366:0105:000760208498 (J-Link)\n"))
    for other in ("openocd", "st-flash", "dfu-util", "bossac"):
        stand_in(other, Play())
    here = Probe(STLINK.serial.lower(), "stlink", "STM32 STLink", port="/dev/ttyACM0", seen_by=("usb",))
    found = list_probes(TOOLS, lambda: (here,))
    assert [(p.kind, p.seen_by) for p in found] == [("stlink", ("usb", "probe-rs")), ("jlink", ("probe-rs",))]
    assert found[0].vendor == 0x0483 and found[0].port == "/dev/ttyACM0"


def test_probes_without_a_serial_number_stay_apart():
    one, two = (Probe("", "jlink", "J-Link", node=f"/dev/bus/usb/001/00{k}") for k in (1, 2))
    assert len(merge([one, two, one])) == 2


def test_udev_rules_name_every_vendor_we_know():
    text = rules_text()
    for vendor, _ in usb.KNOWN:
        assert f'ATTRS{{idVendor}}=="{vendor:04x}"' in text
    assert all(line.startswith(("#", "SUBSYSTEMS==")) for line in text.splitlines())


def test_where_usb_is_not_told_the_tool_is_asked(stand_in, monkeypatch):
    monkeypatch.setattr(usb, "can_see_everything", lambda: False)
    monkeypatch.setattr(probes, "seen_on_this_machine", lambda: ())
    tool = stand_in("probe-rs", Play("[0]: STLink V2-1 -- 0483:374b:066CFF505750827567154312 (ST-LINK)\n"
                                     "[1]: J-Link -- 1366:0105:000760208498 (J-Link)\n"))
    found, certain = probes.fitting(tool_named("probe-rs"), str(tool.program), ("stlink",), probes.seen_on_this_machine)
    assert certain and [p.serial for p in found] == [STLINK.serial]
    found, certain = probes.fitting(tool_named("openocd"), "openocd", ("stlink",), probes.seen_on_this_machine)
    assert not certain and found == [], "it cannot tell: what the user names is passed on"
    broken = stand_in("pyocd", Play("Traceback\n", 1))
    assert not probes.fitting(tool_named("pyocd"), str(broken.program), ("stlink",), probes.seen_on_this_machine)[1]


def test_a_probe_named_with_its_usb_ids():
    named = probes.choose((), "0483:374b:ABC", "probe-rs", certain=False)
    assert named is not None and (named.serial, named.vendor, named.product) == ("ABC", 0x0483, 0x374B)
    assert probes.choose((STLINK,), f"0483:374b:{STLINK.serial}", "probe-rs", certain=True) is STLINK
