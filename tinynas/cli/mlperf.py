"""`tinynas mlperf`: a model by MLPerf Tiny's rules and protocol, or left running for its official runner."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from tinynas.boards import load_board
from tinynas.cli.options import BoardOption, JsonOption, ModelArgument
from tinynas.cli.output import print_json, say_note
from tinynas.errors import MeasureError, ToolError, UsageError


def mlperf(
    model: ModelArgument,
    board: BoardOption,
    on: Annotated[str, typer.Option("--on", metavar="WHERE", help="qemu, or board for one on the desk.")] = "qemu",
    port: Annotated[
        str | None, typer.Option("--port", metavar="PORT", help="Serial port of a board that holds the firmware.")
    ] = None,
    runs: Annotated[int, typer.Option("--runs", metavar="N", min=1, max=100_000, help="Inferences a loop.")] = 70,
    warmup: Annotated[
        int, typer.Option("--warmup", metavar="N", min=0, max=100_000, help="Inferences before them.")
    ] = 10,
    loops: Annotated[int, typer.Option("--loops", metavar="N", min=1, help="Downloads and loops.")] = 5,
    inputs: Annotated[
        int, typer.Option("--inputs", "-n", metavar="N", min=1, help="Inputs whose results are compared.")
    ] = 5,
    reference: Annotated[
        str, typer.Option("--reference", metavar="WHO", help="tflm (TFLite Micro), or numpy (tinynas' own).")
    ] = "tflm",
    serve: Annotated[
        bool, typer.Option("--serve", help="Only run the firmware in QEMU, on a pseudo-terminal, until Ctrl-C.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Measure a model by the MLPerf Tiny protocol, which every tinynas firmware speaks.

    Some inputs are compared with the TFLite Micro interpreter; then five times one input is loaded and run 70
    times, and the median counts. In QEMU the time is virtual and says nothing about a board.

    Examples:

        tinynas mlperf model.tflite --board mps2-an500

        tinynas mlperf model.tflite --board nucleo-l4r5zi --on board --port /dev/ttyACM0 --json

        tinynas mlperf model.tflite --board mps2-an500 --serve
    """
    from tinynas.bench.mlperf_run import run_mlperf, served

    target = load_board(board)
    if serve:
        if on != "qemu":
            raise UsageError("--serve runs QEMU; a board needs only its serial port")
        with served(model, target) as machine:
            say_note("point the runner at this port; Ctrl-C ends it")
            print(machine.url, flush=True)
            while machine.running():
                time.sleep(0.2)
            raise ToolError(f"QEMU has ended: {machine.messages() or 'it does not say why'}")
    result = run_mlperf(model, target, on, port=port, runs=runs, warmup=warmup, loops=loops, inputs=inputs,
                        reference=reference)
    if as_json:
        print_json(result.to_json())
    else:
        print(f"{result.model} as {result.task} on {result.board}, {result.device}")
        print(f"median of {loops} x {result.runs} inferences: {result.median_us:,.1f} us each, "
              f"{result.inferences_per_second:,.1f} a second ({result.clock})")
        equal = result.outputs_compared - result.outputs_different
        print(f"results: {equal} of {result.outputs_compared} as {result.reference} has them, to three decimals")
    if result.outputs_different:
        raise MeasureError(f"{result.outputs_different} of {result.outputs_compared} results differ from the "
                           f"reference: {result.first_difference}")
