"""`tinynas flash`: build a model's firmware (or take a built one) and write it to a board."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated

import typer

from tinynas.boards import load_board
from tinynas.cli.options import BoardOption, JsonOption
from tinynas.cli.output import print_json, say_note

SourceArgument = Annotated[
    Path, typer.Argument(metavar="MODEL|FIRMWARE", help="An int8 .tflite file, a folder of `tinynas build`, "
                                                "or an ELF.")
]
ProbeOption = Annotated[
    str | None,
    typer.Option("--probe", metavar="SERIAL", help="Serial number of the probe, from `tinynas probes`."),
]
ToolOption = Annotated[
    str | None,
    typer.Option("--tool", metavar="NAME", help="openocd, pyocd, probe-rs, st-flash, dfu-util, uf2 or "
                                        "bossac."),
]


def flash(
    source: SourceArgument,
    board: BoardOption,
    probe: ProbeOption = None,
    tool: ToolOption = None,
    port: Annotated[
        str | None, typer.Option("--port", metavar="PORT", help="Serial port of the board's boot loader "
                                                        "(bossac).")
    ] = None,
    timeout_s: Annotated[
        float, typer.Option("--timeout", metavar="SECONDS", min=1, help="For each attempt of the tool.")
    ] = 180.0,
    as_json: JsonOption = False,
) -> None:
    """Write a firmware to a board, verify it, start it.

    The tool is the first that the board's file names and this machine has. With several probes connected one
    must be named: the first that answers is never taken. A failure that may pass is tried once more.

    Examples:

        tinynas flash model.tflite --board nucleo-f446re

        tinynas flash firmware/ --board stm32f746g-disco --probe 066CFF505750827567154312 --tool openocd

        tinynas flash model.tflite --board raspberry-pi-pico --tool uf2
    """
    from tinynas.firmware import elf_for
    from tinynas.target.flash import flash as run
    from tinynas.target.flash import tool_for

    target = load_board(board)
    tool_for(target, tool)  # what cannot be flashed need not be built
    elf = elf_for(source, target)
    done = run(elf, target, probe=probe, tool=tool, port=port, timeout_s=timeout_s)
    if as_json:
        print_json({**dataclasses.asdict(done), "elf": str(elf)})
        return
    checked = "verified" if done.verified else "not read back: `tinynas bench --on board` checks it"
    by = f"{done.tool}, probe {done.probe}" if done.probe else done.tool
    print(f"{done.board}: {done.image_bytes:,} bytes written by {by}, {checked} ({done.seconds:.1f} s)")
    if done.attempts > 1:
        say_note(f"it took {done.attempts} attempts")
