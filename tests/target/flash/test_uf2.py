"""UF2 files, block by block, and the drive of a boot loader played by a folder."""

from __future__ import annotations

import os
import struct
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.target.flash.conftest import sees
from tinynas.boards import load_board
from tinynas.target.elf import image_bytes
from tinynas.target.flash import FlashError, flash, uf2
from tinynas.target.flash.uf2 import read_drive, uf2_file

PICO = "raspberry-pi-pico"
FAMILY = 0xE48BFF56


def decode(content: bytes) -> dict[int, bytes]:
    """Address -> payload, every field checked against the published format."""
    assert len(content) % 512 == 0
    total = len(content) // 512
    memory = {}
    for k in range(total):
        block = content[512 * k:512 * k + 512]
        magic0, magic1, flags, address, size, number, count, family = struct.unpack_from("<IIIIIIII", block)
        assert (magic0, magic1) == (0x0A324655, 0x9E5D5157) and block[:4] == b"UF2\n"
        assert struct.unpack_from("<I", block, 508) == (0x0AB16F30,)
        assert flags == 0x2000 and family == FAMILY and (number, count) == (k, total)
        assert size == 256 and address % 256 == 0 and not any(block[32 + size:508])
        memory[address] = block[32:32 + size]
    return memory


@given(st.binary(min_size=1, max_size=2000), st.integers(0, 1 << 20).map(lambda n: 0x10000000 + 256 * n))
def test_the_blocks_hold_the_image(image: bytes, address: int) -> None:
    memory = decode(uf2_file(image, address, FAMILY))
    assert list(memory) == list(range(address, address + len(image), 256))
    whole = b"".join(memory.values())
    assert whole[:len(image)] == image and not any(whole[len(image):])


def test_an_address_between_blocks_is_refused() -> None:
    with pytest.raises(ValueError, match="multiple of 256"):
        uf2_file(b"x", 0x10000080, FAMILY)


@pytest.fixture
def drive(tmp_path: Path) -> Path:
    place = tmp_path / "RPI-RP2"
    place.mkdir()
    (place / uf2.INFO).write_text("UF2 Bootloader v3.0\r\nModel: Raspberry Pi RP2\r\nBoard-ID: RPI-RP2\r\n")
    return place


def restart_when_full(place: Path, size: int, got: list[bytes]) -> threading.Thread:
    """The boot loader: when the whole file has come it drops off the bus, and its drive with it."""
    def watch() -> None:
        file, deadline = place / uf2.FILE, time.monotonic() + 20
        while time.monotonic() < deadline:
            if file.exists() and file.stat().st_size == size:
                got.append(file.read_bytes())
                os.remove(place / uf2.INFO)
                return
            time.sleep(0.01)

    thread = threading.Thread(target=watch)
    thread.start()
    return thread


@pytest.mark.emulator  # needs the cross compiler
def test_a_pico_is_flashed_by_copying(elf_of, drive):
    elf, got = elf_of(PICO), []
    image = image_bytes(elf)
    thread = restart_when_full(drive, -(-len(image) // 256) * 512, got)
    done = flash(elf, load_board(PICO), tool="uf2", listing=sees(read_drive(drive)))
    thread.join()
    assert done.tool == "uf2" and done.probe == "RPI-RP2" and not done.verified
    memory = decode(got[0])
    assert min(memory) == 0x10000000 and b"".join(memory.values())[:len(image)] == image
    boot = memory[0x10000000]
    assert zlib_free_crc(boot[:252]) == struct.unpack_from("<I", boot, 252)[0], "checked by the ROM"


def zlib_free_crc(data: bytes) -> int:
    """CRC-32/MPEG-2 bit by bit, as the RP2040's ROM computes it."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte << 24
        for _ in range(8):
            crc = (crc << 1 ^ 0x04C11DB7 if crc & 0x80000000 else crc << 1) & 0xFFFFFFFF
    return crc


@pytest.mark.emulator
def test_what_can_go_wrong_with_a_drive(elf_of, drive, monkeypatch):
    elf, board = elf_of(PICO), load_board(PICO)
    with pytest.raises(FlashError, match=r"no drive of a boot loader is mounted: hold raspberry-pi-pico's "
                                         r"BOOTSEL"):
        flash(elf, board, tool="uf2", listing=sees())
    monkeypatch.setattr(uf2, "GONE_S", 0.2)
    with pytest.raises(FlashError, match=r"took the file but did not restart .*\(tried 2 times\)"):
        flash(elf, board, tool="uf2", listing=sees(read_drive(drive)))
    (drive / uf2.INFO).write_text("UF2 Bootloader v1.0\nModel: Feather\nBoard-ID: SAMD21-Feather\n")
    with pytest.raises(FlashError, match="is of a SAMD21-Feather, not of a RPI-RP2"):
        flash(elf, board, tool="uf2", listing=sees(read_drive(drive)))


def test_drives_are_found(drive, monkeypatch):
    monkeypatch.setenv("TINYNAS_UF2_DRIVES", os.pathsep.join([str(drive), str(drive.parent / "absent")]))
    (found,) = [p for p in uf2.drives() if p.path == str(drive)]
    assert (found.kind, found.serial, found.name, found.accessible) == (
        "uf2", "RPI-RP2", "Raspberry Pi RP2", True)
    assert read_drive(drive.parent) is None
