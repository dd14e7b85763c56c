"""`tinynas build`: a model's firmware project and its ELF."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tinynas.boards import load_board
from tinynas.cli.options import (
    BoardOption,
    EnergyOption,
    FlashOption,
    FuseOption,
    JsonOption,
    LatencyOption,
    ModelArgument,
    SramOption,
    budgets,
    compile_options,
)
from tinynas.cli.output import memory_rows, print_json, print_table
from tinynas.compile import compile_graph
from tinynas.graph.read_tflite import read_tflite


def build(
    model: ModelArgument,
    board: BoardOption,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Folder of the firmware project.")],
    variant: Annotated[
        str, typer.Option("--variant", metavar="WHERE", help="board, or qemu for the emulated stand-in.")
    ] = "board",
    sram: SramOption = None,
    flash: FlashOption = None,
    latency: LatencyOption = None,
    energy: EnergyOption = None,
    fuse: FuseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write a firmware project for a model and build its ELF (DIR/build/firmware.elf).

    The project is plain C with its own Makefile: after this, it needs nothing of tinynas. A model that breaks
    a budget, or does not fit the board, is refused before anything is compiled. DIR must be absent, empty or
    an earlier firmware project, which is replaced when everything went well.

    Examples:

        tinynas build model.tflite --board stm32f746g-disco --out firmware

        tinynas build model.tflite --board nrf52840dk --sram 64k --flash 200KB --out firmware --json
    """
    from tinynas.firmware import build_firmware

    target = load_board(board)
    limits = budgets(sram, flash, latency, energy)
    program = compile_graph(read_tflite(model), target, options=compile_options(fuse))
    built = build_firmware(program, target, out, variant=variant, budgets=limits, model=model.read_bytes())
    if as_json:
        from tinynas.bench.result import memory_json

        print_json(
            {
                "model": str(model),
                "board": target.name,
                "variant": variant,
                "directory": str(built.directory),
                "elf": str(built.elf),
                "compiler": built.compiler,
                "sram": memory_json(built.sram),
                "flash": memory_json(built.flash),
                "predicted": {"sram": memory_json(program.sram), "flash": memory_json(program.flash)},
            }
        )
        return
    rows = memory_rows(("linked", built.sram, built.flash), ("predicted", program.sram, program.flash))
    print_table(f"{program.graph.name} for {target.name}", ("bytes of", ">linked", ">predicted"), rows)
    print(f"built {built.elf} with {built.compiler}")
