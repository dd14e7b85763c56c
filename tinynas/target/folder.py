"""A firmware folder as `tinynas build` leaves it: which board and variant it is for, its ELF, its model."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tinynas.errors import ToolError
from tinynas.target.toolchain import read_manifest

MODEL = "model.tflite"
ELF = Path("build") / "firmware.elf"


@dataclass(frozen=True)
class FirmwareFolder:
    """`model`: the file it was built from, None in a folder that does not keep it."""

    directory: Path
    board: str
    variant: str  # "board" | "qemu"
    elf: Path
    model: Path | None


def is_firmware_folder(path: Path) -> bool:
    return (path / "firmware.json").is_file()


def read_folder(path: Path) -> FirmwareFolder:
    """ToolError for a folder that is no firmware project."""
    manifest = read_manifest(path)
    try:
        board, variant = str(manifest["board"]), str(manifest["variant"])
    except KeyError as error:
        raise ToolError(f"{path} is not a firmware project: its firmware.json lacks {error}") from error
    model = path / MODEL
    return FirmwareFolder(path, board, variant, path / ELF, model if model.is_file() else None)
