"""`tinynas search`: the best model a board's budgets allow, and its firmware."""

from __future__ import annotations

import dataclasses
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tinynas.boards import load_board
from tinynas.cli.options import EnergyOption, FlashOption, JsonOption, LatencyOption, SramOption, budgets
from tinynas.cli.output import print_json, say_note
from tinynas.compile.fit import energy_as_latency
from tinynas.errors import BudgetError, MeasureError, OtherRunError, UsageError

if TYPE_CHECKING:
    from tinynas.deliver import Delivered
    from tinynas.search import SearchSettings

DEMO = {"board": "stm32f746g-disco", "sram": "64k", "flash": "200KB", "latency": "5ms"}


def search(
    what: Annotated[str, typer.Argument(metavar="WHAT", help="kws: keyword spotting.")],
    board: Annotated[
        str | None,
        typer.Option("--board", "-b", metavar="BOARD", help="A name from `tinynas boards`, or a TOML file."),
    ] = None,
    sram: SramOption = None,
    flash: FlashOption = None,
    latency: LatencyOption = None,
    energy: EnergyOption = None,
    task: Annotated[str, typer.Option("--task", metavar="TASK", help="Keywords: kws12 or kws9.")] = "kws12",
    data: Annotated[
        str | None,
        typer.Option("--data", metavar="PLACE", help="A folder or archive of speech, or `builtin`."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="DIR", help="The run folder; default runs/TASK-BOARD."),
    ] = None,
    minutes: Annotated[
        float | None, typer.Option("--minutes", metavar="N", help="Wall-clock for all trainings; default 30.")
    ] = None,
    strategy: Annotated[
        str | None, typer.Option("--strategy", metavar="NAME", help="random or evolution.")
    ] = None,
    seed: Annotated[
        int, typer.Option("--seed", metavar="N", min=0, help="Of everything that is random.")
    ] = 0,
    demo: Annotated[
        bool, typer.Option("--demo", help="A short search; board and budgets of the demo unless given.")
    ] = False,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Move a different run in DIR aside (DIR.1) instead of refusing.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Search a model for a board, train it, and build and measure its firmware.

    Candidates that break a budget are dropped before training. The run folder ends with model.tflite,
    firmware/, summary.json and report.md. Stopped, the same command goes on where it was; a finished one is
    only rebuilt.

    Examples:

        tinynas search kws --board stm32f746g-disco --flash 200k --sram 64k --latency 5ms --minutes 60

        tinynas search kws --demo --out runs/demo
    """
    from tinynas.deliver import deliver
    from tinynas.runs.aside import set_aside
    from tinynas.search import Keywords, Progress, search_keywords
    from tinynas.target.emulate.qemu import find_qemu
    from tinynas.target.toolchain import find_toolchain

    if what != "kws":
        raise UsageError(f"cannot search '{what}': choose kws")
    if demo:
        board, sram = board or DEMO["board"], sram or DEMO["sram"]
        flash, latency = flash or DEMO["flash"], latency or DEMO["latency"]
    if board is None:
        raise UsageError("which board? give --board NAME (see `tinynas boards`), or --demo")
    target = load_board(board)
    limits = energy_as_latency(budgets(sram, flash, latency, energy), target)
    folder = out or Path("runs") / f"{task}-{target.name}"
    find_toolchain()  # a missing tool is known before minutes of training, not after
    find_qemu()

    def tell(progress: Progress) -> None:
        left = "" if progress.seconds_left is None else f"[{progress.seconds_left / 60:4.1f} min left] "
        say_note(left + progress.text)

    asked = Keywords(target, limits, task, data)
    settings = _settings(demo, minutes, strategy, seed)
    try:
        found = search_keywords(asked, folder, settings, progress=tell)
    except OtherRunError:
        if not fresh:
            raise
        say_note(f"the run that was in {folder} is now in {set_aside(folder)}")
        found = search_keywords(asked, folder, settings, progress=tell)
    say_note(f"building and measuring {found.model}")
    command = shlex.join(["tinynas", *sys.argv[1:]])
    rerun = f"tinynas bench {found.model} --board {target.name} --on qemu --inputs 20"
    delivered = deliver(found, target, limits, folder, (command, rerun))
    if as_json:
        print_json(delivered.summary)
    else:
        _print(delivered, folder)
    _judge(delivered)


def _settings(demo: bool, minutes: float | None, strategy: str | None, seed: int) -> SearchSettings:
    from tinynas.search import PRESETS, STRATEGIES

    preset = PRESETS["demo" if demo else "standard"]
    if strategy is not None and strategy not in STRATEGIES:
        raise UsageError(f"unknown strategy '{strategy}': choose {' or '.join(sorted(STRATEGIES))}")
    return dataclasses.replace(
        preset, seed=seed, minutes=minutes or preset.minutes, strategy=strategy or preset.strategy
    )


def _print(delivered: Delivered, folder: Path) -> None:
    summary = delivered.summary
    totals = summary["measured"]["totals"]
    print(f"model:     {folder / 'model.tflite'}  ({summary['architecture']})")
    print(f"data:      {summary['dataset']}")
    print(
        f"accuracy:  {100 * summary['val_accuracy_int8']:.1f} % validation, "
        f"{100 * summary['test_accuracy_int8']:.1f} % test (int8, TFLite Micro interpreter)"
    )
    print(
        f"footprint: {totals['sram_bytes']:,} bytes SRAM, {totals['flash_bytes']:,} bytes flash, "
        f"front end included"
    )
    print(
        f"latency:   {summary['latency_ms_estimated']:.2f} ms estimated, from {summary['instructions']:,} "
        f"exact instructions and one hop of the front end"
    )
    print(
        f"outputs:   {summary['outputs_different']} of {summary['outputs_compared']} inferences differ from "
        f"the TFLite Micro interpreter"
    )
    print(f"firmware:  {delivered.firmware.elf}")
    print(f"report:    {folder / 'report.md'}")


def _judge(delivered: Delivered) -> None:
    result = delivered.result
    if not result.correct:
        raise MeasureError(
            f"{result.outputs_different} of {result.outputs_compared} inferences differ: "
            f"{result.first_difference}"
        )
    if delivered.misses:
        raise BudgetError(f"the measured firmware breaks its budgets: {'; '.join(delivered.misses)}")
