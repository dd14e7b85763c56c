"""Arguments and options that several commands share, declared once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tinynas.cli.units import parse_latency_ms, parse_size
from tinynas.compile import Budgets

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
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]


def budgets(sram: str | None, flash: str | None, latency: str | None) -> Budgets:
    """The three budget options, parsed; UsageError for what is no size or time."""
    return Budgets(
        sram_bytes=None if sram is None else parse_size(sram),
        flash_bytes=None if flash is None else parse_size(flash),
        latency_ms=None if latency is None else parse_latency_ms(latency),
    )
