"""A whole firmware: the generated model, the application that answers the host, and the board's runtime."""

from __future__ import annotations

import tempfile
from pathlib import Path

from tinynas import __version__
from tinynas.boards import Board
from tinynas.codegen.firmware import FirmwareProject, write_firmware
from tinynas.codegen.mlperf import mlperf_header, wire_bytes
from tinynas.codegen.model import generate_model
from tinynas.compile import Program
from tinynas.protocol import c_header
from tinynas.resources import resource_dir

APPLICATION = (
    "app_main.c", "app_run.c", "app_run.h", "protocol.c", "protocol.h",
    "mlperf.c", "mlperf.h", "mlperf_db.c", "mlperf_infer.c", "mlperf_model.c", "text.c", "text.h",
)


def generate_firmware(
    program: Program, board: Board, directory: Path, variant: str = "board", *, profile: bool = False,
) -> FirmwareProject:
    """Write a firmware project that runs `program` and speaks tinynas.protocol and MLPerf Tiny's.

    `directory` appears whole or not.
    `variant`: "board", or "qemu" for its stand-in. `profile`: marks between layers are compiled in, which costs a
    few instructions and bytes a layer; without them the model's code is exactly what a product would ship.
    Errors as `write_firmware`."""
    runtime = resource_dir("firmware") / "runtime"
    with tempfile.TemporaryDirectory(prefix="tinynas-") as name:
        folder = Path(name)
        generate_model(program).write(folder)
        (folder / "tinynas_protocol.h").write_text(c_header())
        (folder / "tinynas_mlperf.h").write_text(mlperf_header(program.graph))
        defines = {"TINYNAS_SECTIONS": "", "TN_FIRMWARE_VERSION": __version__}
        if board.core.name == "cortex-m7":
            defines["TINYNAS_DUAL_ISSUE"] = "1"  # loops scheduled for two instructions a cycle
        if profile:
            defines["TINYNAS_PROFILE"] = ""
        else:
            defines["TINYNAS_LABELS"] = ""  # names places, changes no instruction
        sources = [*sorted(folder.iterdir()), *(runtime / name for name in APPLICATION)]
        return write_firmware(board, variant, directory, sources, arena_bytes=program.plan.arena_bytes,
                              copy_bytes=wire_bytes(program.graph), defines=defines)
