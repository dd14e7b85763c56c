"""Arguments and options that several commands share, declared once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tinynas.cli.units import parse_energy_mj, parse_latency_ms, parse_size
from tinynas.compile import Budgets, CompileOptions

ModelArgument = Annotated[Path, typer.Argument(metavar="MODEL", help="An int8 .tflite file.")]
BoardOption = Annotated[
    str, typer.Option("--board", "-b", metavar="BOARD", help="A name from `tinynas boards`, or a TOML file.")
]
SramOption = Annotated[
    str | None, typer.Option("--sram", metavar="SIZE", help="SRAM budget without harness, like 64k.")
]
FlashOption = Annotated[
    str | None, typer.Option("--flash", metavar="SIZE", help="Flash budget without harness, like 200KB.")
]
LatencyOption = Annotated[
    str | None, typer.Option("--latency", metavar="TIME", help="Latency budget, like 5ms or 0.5s.")
]
FuseOption = Annotated[
    str | None,
    typer.Option("--fuse", metavar="HOW", help="Execute runs of operators row by row: off, short or long."),
]
EnergyOption = Annotated[
    str | None,
    typer.Option("--energy", metavar="ENERGY", help="Energy budget of one inference, like 1.5mJ (estimated)."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]


def budgets(sram: str | None, flash: str | None, latency: str | None, energy: str | None = None) -> Budgets:
    """The budget options, parsed; UsageError for what is no size, time or energy."""
    return Budgets(
        sram_bytes=None if sram is None else parse_size(sram),
        flash_bytes=None if flash is None else parse_size(flash),
        latency_ms=None if latency is None else parse_latency_ms(latency),
        energy_mj=None if energy is None else parse_energy_mj(energy),
    )


def compile_options(fuse: str | None) -> CompileOptions:
    """What the compiler is asked for, with its own defaults; UsageError for what it does not know."""
    return CompileOptions() if fuse is None else CompileOptions(fuse=fuse)
