"""`tinynas bench`: build a model's firmware, run it, compare every output, count everything."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tinynas.boards import load_board
from tinynas.cli.options import BoardOption, JsonOption, ModelArgument
from tinynas.cli.output import memory_rows, print_json, print_table
from tinynas.errors import MeasureError

if TYPE_CHECKING:
    from tinynas.bench.result import BenchResult


def bench(
    model: ModelArgument,
    board: BoardOption,
    on: Annotated[
        str, typer.Option("--on", metavar="WHERE", help="qemu, renode, or board for one on the desk.")
    ] = "qemu",
    inputs: Annotated[
        int, typer.Option("--inputs", "-n", metavar="N", min=1, help="Inferences to compare.")
    ] = 20,
    seed: Annotated[int, typer.Option("--seed", metavar="N", min=0, help="Of the random inputs.")] = 0,
    warmup: Annotated[int, typer.Option("--warmup", metavar="N", help="Runs of each input before.")] = 0,
    repeats: Annotated[int, typer.Option("--repeats", metavar="N", help="Timed runs of each input.")] = 1,
    port: Annotated[
        str | None,
        typer.Option("--port", metavar="PORT", help="Serial port of the board, like /dev/ttyACM0."),
    ] = None,
    probe: Annotated[
        str | None,
        typer.Option("--probe", metavar="SERIAL", help="Flash the board first, through this probe."),
    ] = None,
    tool: Annotated[
        str | None,
        typer.Option("--tool", metavar="NAME", help="Flash the board first, with this tool."),
    ] = None,
    reference: Annotated[
        str, typer.Option("--reference", metavar="WHO", help="tflm (TFLite Micro), or numpy (tinynas' own).")
    ] = "tflm",
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="DIR", help="Keep the built firmware there.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Build a model's firmware, run it in an emulator or on a board, and compare every output.

    Outputs are compared with the TFLite Micro interpreter. Instructions are exact (QEMU counts them); cycles
    and milliseconds come from boards only, or are called estimates. The status is 2 when outputs differ.

    Examples:

        tinynas bench model.tflite --board mps2-an500 --on qemu --inputs 20

        tinynas bench model.tflite --board nucleo-f446re --on board --port /dev/ttyACM0 --json

        tinynas bench firmware/ --board nucleo-f446re --on board --port /dev/ttyACM0 --probe 066CFF50
    """
    from tinynas.bench.run import bench as run

    target = load_board(board)
    result = run(
        model,
        target,
        on,
        inputs=inputs,
        seed=seed,
        warmup=warmup,
        repeats=repeats,
        port=port,
        reference=reference,
        directory=out,
        probe=probe,
        tool=tool,
    )
    if as_json:
        print_json(result.to_json())
    else:
        _print(result)
    if not result.correct:
        raise MeasureError(
            f"{result.outputs_different} of {result.outputs_compared} inferences differ from the reference: "
            f"{result.first_difference}"
        )


def _print(result: BenchResult) -> None:
    rows = [
        (
            layer.index,
            layer.op,
            layer.path,
            f"{layer.macs:,}",
            "-" if layer.instructions is None else f"{layer.instructions:,}",
            f"{layer.predicted_instructions:,.0f}",
            layer.name,
        )
        for layer in result.layers
    ]
    where = result.emulator or "on the board"
    columns = (">op", "operator", "kernel path", ">MACs", ">instructions", ">predicted", "name")
    print_table(f"{result.model} on {result.board}, {where}", columns, rows)
    print()
    memory = memory_rows(
        ("measured", result.sram, result.flash), ("predicted", result.predicted.sram, result.predicted.flash)
    )
    print_table("footprint", ("bytes of", ">measured", ">predicted"), memory)
    print()
    for line in _summary(result):
        print(line)


def _summary(result: BenchResult) -> list[str]:
    lines = []
    if result.instructions is not None:
        predicted = result.predicted.instructions
        off = (predicted / result.instructions - 1) * 100
        lines.append(
            f"instructions per inference: {result.instructions:,} exact ({result.macs:,} MACs); "
            f"predicted {predicted:,.0f} ({off:+.1f} %)"
        )
    if result.cycles is not None:
        lines.append(f"cycles per inference: {result.cycles:,} measured")
    if result.latency_ms is not None:
        lines.append(f"latency: {result.latency_ms:.3f} ms measured at {result.clock.hz / 1e6:g} MHz")
    elif result.latency_ms_estimated is not None:
        lines.append(
            f"latency: {result.latency_ms_estimated:.3f} ms, an estimate: {result.cycles_estimated or 0:,} cycles "
            f"({result.cycles_source}) at the board's clock"
        )
    equal = result.outputs_compared - result.outputs_different
    lines.append(
        f"outputs: {equal} of {result.outputs_compared} inferences equal to {result.reference}, bit for bit"
    )
    lines.append(f"firmware: {result.elf}")
    return lines
