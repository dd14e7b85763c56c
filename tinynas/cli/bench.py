"""`tinynas bench`: build a model's firmware, run it, compare every output, count everything."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tinynas.boards import load_board
from tinynas.cli.options import BoardOption, FuseOption, JsonOption, ModelArgument, compile_options
from tinynas.cli.output import memory_rows, print_json, print_table, say_note
from tinynas.errors import MeasureError, UsageError

if TYPE_CHECKING:
    from tinynas.bench.hotspots import Spot
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
    fuse: FuseOption = None,
    profile: Annotated[
        bool, typer.Option("--profile", help="Hot spots: functions, layers, kinds of instructions (QEMU).")
    ] = False,
    profile_out: Annotated[
        Path | None,
        typer.Option("--profile-out", metavar="FILE", help="Write a flame graph: .svg, or .html with the tables."),
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

        tinynas bench model.tflite --board mps2-an500 --profile --profile-out flame.html
    """
    from tinynas.bench.run import bench as run

    if profile or profile_out:
        _check_profile(on, profile_out)
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
        options=compile_options(fuse),
    )
    spots = _spots(result, profile_out) if profile or profile_out else None
    if as_json:
        from tinynas.bench.hotspots import layer_names, to_json

        found = {} if spots is None else {"profile": to_json(spots, layer_names(result))}
        print_json({**result.to_json(), **found})
    else:
        _print(result)
        if spots is not None:
            _print_spots(result, spots)
    if not result.correct:
        raise MeasureError(
            f"{result.outputs_different} of {result.outputs_compared} inferences differ from the reference: "
            f"{result.first_difference}"
        )


def _check_profile(on: str, out: Path | None) -> None:
    """Before anything is built."""
    if on != "qemu":
        raise UsageError(f"nothing counts functions on '{on}': --profile needs --on qemu")
    if out is not None and (out.is_dir() or not out.absolute().parent.is_dir()):
        raise UsageError(f"cannot write {out}: {'it is a folder' if out.is_dir() else 'its folder does not exist'}")


def _spots(result: BenchResult, out: Path | None) -> Sequence[Spot]:
    """The run's hot spots; the flame graph is written when a file was named."""
    from tinynas.bench.hotspots import layer_names, spots_of
    from tinynas.report.hotspots import page
    from tinynas.runs.files import atomic_write_text

    found = spots_of(result)
    if out is not None:
        name = f"{Path(result.model).name} on {result.board}"
        atomic_write_text(out, page(found, layer_names(result), name, out))
        say_note(f"wrote {out}")
    return found


def _print_spots(result: BenchResult, found: Sequence[Spot]) -> None:
    from tinynas.bench.hotspots import layer_names
    from tinynas.report.hotspots import tables

    for title, columns, rows in tables(found, layer_names(result)):
        print()
        print_table(title, columns, rows)


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
    if result.energy_mj_estimated is not None:
        lines.append(f"energy: {result.energy_mj_estimated:.3g} mJ an inference, an estimate from the board's power")
    beyond = [str(layer.index) for layer in result.layers if layer.extrapolated]
    if beyond:
        lines.append(f"predictions of op {', '.join(beyond)} are extrapolated: beyond what was calibrated")
    equal = result.outputs_compared - result.outputs_different
    lines.append(
        f"outputs: {equal} of {result.outputs_compared} inferences equal to {result.reference}, bit for bit"
    )
    lines.append(f"firmware: {result.elf}")
    return lines
