"""What is plugged in, without any tool: probes and boot loaders among this machine's USB devices.

Linux tells in /sys/bus/usb/devices, with the device file whose permissions decide; elsewhere only those
with a serial port are seen (pyserial). A CMSIS-DAP probe is any device that says so in its product name."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from tinynas.target.flash.interface import Probe

SYSFS = Path("/sys/bus/usb/devices")
DEVICES = Path("/dev/bus/usb")
SEEN = "usb"

# (vendor, product or None for all): kind, what to call it when it does not say
KNOWN: dict[tuple[int, int | None], tuple[str, str]] = {
    (0x0483, 0x3744): ("stlink", "ST-LINK/V1"),
    (0x0483, 0x3748): ("stlink", "ST-LINK/V2"),
    (0x0483, 0x374A): ("stlink", "ST-LINK/V2-1"),
    (0x0483, 0x374B): ("stlink", "ST-LINK/V2-1"),
    (0x0483, 0x3752): ("stlink", "ST-LINK/V2-1"),
    (0x0483, 0x374D): ("stlink", "STLINK-V3"),
    (0x0483, 0x374E): ("stlink", "STLINK-V3"),
    (0x0483, 0x374F): ("stlink", "STLINK-V3"),
    (0x0483, 0x3753): ("stlink", "STLINK-V3"),
    (0x0483, 0x3754): ("stlink", "STLINK-V3"),
    (0x0483, 0x3757): ("stlink", "STLINK-V3"),
    (0x0483, 0xDF11): ("dfu", "STM32 boot loader"),
    (0x1366, None): ("jlink", "J-Link"),
    (0x0D28, 0x0204): ("cmsis-dap", "DAPLink"),
    (0x2E8A, 0x000C): ("cmsis-dap", "Raspberry Pi Debug Probe"),
    (0x2E8A, 0x0003): ("uf2", "RP2040 boot loader"),
    (0x2341, 0x005A): ("samba", "Nano 33 BLE boot loader"),
}


def kind_of(vendor: int, product: int, name: str) -> tuple[str, str] | None:
    """(kind, name) of a device that an image can be sent through, or None."""
    known = KNOWN.get((vendor, product)) or KNOWN.get((vendor, None))
    if known is not None:
        return known[0], name or known[1]
    if "cmsis-dap" in name.lower():
        return "cmsis-dap", name
    return None


def usb_probes(sysfs: Path = SYSFS, devices: Path = DEVICES) -> tuple[Probe, ...]:
    """Sorted by kind and serial number. Never fails: what cannot be read is not there."""
    ports = list(_serial_ports())
    found = list(_from_sysfs(sysfs, devices)) if sysfs.is_dir() else list(_from_ports(ports))
    return tuple(sorted((_with_port(p, ports) for p in found), key=lambda p: (p.kind, p.serial)))


def _from_sysfs(sysfs: Path, devices: Path) -> Iterable[Probe]:
    for folder in sorted(sysfs.iterdir()):
        vendor, product = _number(folder / "idVendor", 16), _number(folder / "idProduct", 16)
        if vendor is None or product is None:
            continue
        found = kind_of(vendor, product, _text(folder / "product"))
        if found is None:
            continue
        bus, device = _number(folder / "busnum", 10), _number(folder / "devnum", 10)
        node = None if bus is None or device is None else devices / f"{bus:03d}" / f"{device:03d}"
        open_to_us = os.access(node, os.R_OK | os.W_OK) if node and node.exists() else None
        yield Probe(
            serial=_text(folder / "serial"), kind=found[0], name=found[1], vendor=vendor, product=product,
            node=str(node) if node else None, accessible=open_to_us, seen_by=(SEEN,))


def _from_ports(ports: Iterable[Any]) -> Iterable[Probe]:
    for port in ports:
        if port.vid is None or port.pid is None:
            continue
        found = kind_of(port.vid, port.pid, port.product or "")
        if found is not None:
            yield Probe(serial=port.serial_number or "", kind=found[0], name=found[1], vendor=port.vid,
                        product=port.pid, seen_by=(SEEN,))


def _with_port(probe: Probe, ports: Iterable[Any]) -> Probe:
    for port in ports:
        same = (port.vid, port.pid) == (probe.vendor, probe.product)
        if same and (port.serial_number or "") == probe.serial:
            return replace(probe, port=port.device)
    return probe


def _serial_ports() -> Iterable[Any]:
    try:
        from serial.tools import list_ports

        return list(list_ports.comports())
    except (ImportError, OSError):  # pragma: no cover
        return []


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace").strip()
    except OSError:
        return ""


def _number(path: Path, base: int) -> int | None:
    try:
        return int(_text(path), base)
    except ValueError:
        return None


def can_see_everything() -> bool:
    """Whether an empty list means that nothing is plugged in."""
    return sys.platform.startswith("linux") and SYSFS.is_dir()
