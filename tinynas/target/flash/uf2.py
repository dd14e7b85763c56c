"""UF2: the image as a file on the drive a boot loader shows; needs no program.

A UF2 file is a row of 512-byte blocks, each with an address and up to 256 bytes of the image, so the boot
loader may take them in any order (format: microsoft/uf2). It restarts by itself when the last one has come
and its drive goes away: that is how success is known. Nothing is read back.

Board file: `uf2 = { family = 0xE48BFF56, board_id = "RPI-RP2" }`."""

from __future__ import annotations

import os
import re
import struct
import time
from pathlib import Path

from tinynas.target.flash.interface import FlashError, Job, Probe, Tool

NAME = "uf2"
START, SECOND, END = 0x0A324655, 0x9E5D5157, 0x0AB16F30
FAMILY_PRESENT = 0x00002000
PAYLOAD, BLOCK = 256, 512
INFO = "INFO_UF2.TXT"
FILE = "FIRMWARE.UF2"
GONE_S = 20.0


def uf2_file(image: bytes, address: int, family: int) -> bytes:
    """The image as UF2 blocks; the last one's payload is filled with zeros.

    ValueError when the address is not a multiple of a block's payload."""
    if address % PAYLOAD:
        raise ValueError(f"a UF2 image must start at a multiple of {PAYLOAD} bytes, not at {address:#x}")
    pieces = [image[at:at + PAYLOAD].ljust(PAYLOAD, b"\0") for at in range(0, len(image), PAYLOAD)]
    blocks = [
        struct.pack("<8I", START, SECOND, FAMILY_PRESENT, address + k * PAYLOAD, PAYLOAD, k, len(pieces),
                    family)
        + piece.ljust(BLOCK - 36, b"\0") + struct.pack("<I", END)
        for k, piece in enumerate(pieces)
    ]
    return b"".join(blocks)


def flash(job: Job) -> None:
    """Copy to the boot loader's drive and wait until it has restarted."""
    family = job.settings.integer("family")
    wanted = job.settings.text("board_id", "")
    job.settings.done()
    probe = job.probe
    if probe is None or probe.path is None:
        raise FlashError(f"{NAME}: no drive of a boot loader is mounted: hold {job.board.name}'s BOOTSEL "
                         f"button "
                         "while plugging it in, open the drive, and run this again", again=True)
    drive = Path(probe.path)
    if wanted and probe.serial != wanted:
        raise FlashError(f"{NAME}: the drive {drive} is of a {probe.serial or 'board without a name'}, not "
                         f"of a "
                         f"{wanted} as {job.board.name} is: name another with --probe")
    try:
        copy(uf2_file(job.image, job.address, family), drive, min(GONE_S, job.timeout_s))
    except ValueError as error:
        raise FlashError(f"{NAME}: {error}") from error


def copy(content: bytes, drive: Path, gone_s: float) -> None:
    """Write the file; return when the drive has gone. The boot loader may drop off the bus before the
    system has closed the file, which is success, not failure."""
    try:
        with (drive / FILE).open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except PermissionError as error:
        raise FlashError(f"{NAME}: no permission to write to {drive}: mount it as your own user") from error
    except OSError as error:
        if (drive / INFO).exists():
            raise FlashError(f"{NAME}: writing to {drive} failed: {error.strerror or error}", 
                             again=True) from error
    deadline = time.monotonic() + gone_s
    while _there(drive):
        if time.monotonic() > deadline:
            raise FlashError(f"{NAME}: the boot loader took the file but did not restart within {gone_s:g} "
                             f"s: is "
                             "it the right board? Unplug it and try again", again=True)
        time.sleep(0.05)


def _there(drive: Path) -> bool:
    try:
        return (drive / INFO).exists()
    except OSError:
        return False


def drives() -> tuple[Probe, ...]:
    """Mounted drives of UF2 boot loaders; their Board-ID stands in the place of a serial number."""
    return tuple(probe for place in _places() if (probe := read_drive(place)) is not None)


def read_drive(place: Path) -> Probe | None:
    """The boot loader behind a mounted drive, or None."""
    try:
        text = (place / INFO).read_text(errors="replace")
    except OSError:
        return None
    board = re.search(r"^Board-ID:\s*(\S+)", text, re.MULTILINE)
    model = re.search(r"^Model:\s*(.+?)\s*$", text, re.MULTILINE)
    return Probe(serial=board[1] if board else "", kind="uf2", name=model[1] if model else "UF2 boot loader",
                 path=str(place), accessible=os.access(place, os.W_OK), seen_by=("drive",))


def _places() -> list[Path]:
    if os.name == "nt":  # pragma: no cover
        return [Path(f"{letter}:\\") for letter in "DEFGHIJKLMNOPQRSTUVWXYZ"]
    extra = [Path(p) for p in os.environ.get("TINYNAS_UF2_DRIVES", "").split(os.pathsep) if p]
    found = [p for top, depth in (("/media", 2), ("/run/media", 2), ("/Volumes", 1), ("/mnt", 1))
             for p in Path(top).glob("/".join("*" * depth))]
    return extra + sorted(found)


TOOL = Tool(
    name=NAME, does="copies to the drive of a UF2 boot loader", program="", variable="", install="",
    kinds=("uf2",), verifies=False, flash=flash)
