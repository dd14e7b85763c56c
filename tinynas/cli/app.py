"""The application: its commands, and the one place where a failure becomes a line and an exit status.

0 done; 1 a check said no (`doctor`) or tinynas itself is wrong; 2 something the user can mend;
130 interrupted.
"""

from __future__ import annotations

import os
import sys
import traceback
from typing import Annotated

import typer

from tinynas import __version__
from tinynas.cli import bench, boards, build, calibrate, data, doctor, export, flash, mlperf, plan, probes, search
from tinynas.cli.output import say_error
from tinynas.errors import TinynasError

INTERRUPTED = 130

app = typer.Typer(
    name="tinynas",
    help="Design, train, compile and measure neural networks for microcontrollers.",
    no_args_is_help=True,
    add_completion=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("search")(search.search)
app.command("plan")(plan.plan)
app.command("build")(build.build)
app.command("export-c")(export.export)
app.command("bench")(bench.bench)
app.command("mlperf")(mlperf.mlperf)
app.command("flash")(flash.flash)
app.command("probes")(probes.probes)
app.command("boards")(boards.boards)
app.add_typer(data.app, name="data")
app.command("calibrate")(calibrate.calibrate)
app.command("doctor")(doctor.doctor)


def _show_version(value: bool) -> None:
    if value:
        typer.echo(f"tinynas {__version__}")
        raise typer.Exit()


@app.callback()
def _options(
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show tracebacks of errors.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    if verbose:
        os.environ["TINYNAS_DEBUG"] = "1"


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit."""
    sys.exit(run(arguments))


def run(arguments: list[str] | None = None) -> int:
    """Run the command line; the exit status."""
    try:
        status = app(arguments, standalone_mode=False, prog_name="tinynas")
        if status == INTERRUPTED:  # typer catches Ctrl-C and returns this
            say_error("interrupted")
        sys.stdout.flush()
    except Exception as error:
        return _report(error)
    except KeyboardInterrupt:
        say_error("interrupted")
        return INTERRUPTED
    return status if isinstance(status, int) else 0


def _report(error: Exception) -> int:
    if os.environ.get("TINYNAS_DEBUG"):
        traceback.print_exception(error, file=sys.stderr)
    if isinstance(error, TinynasError):
        say_error(str(error))
        return 2
    if isinstance(error, typer.Abort):
        say_error("interrupted")
        return INTERRUPTED
    if isinstance(error, BrokenPipeError):  # `tinynas ... | head`: nobody is listening any more
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    if hasattr(error, "format_message"):  # what the command line library found wrong with the arguments
        if type(error).__name__ == "NoArgsIsHelpError":
            print(error.format_message())
            return 2
        say_error(f"{error.format_message().rstrip('.')} (see `{_command_of(error)} --help`)")
        return 2
    if isinstance(error, OSError):
        say_error(_describe_os_error(error))
        return 2
    say_error(f"{type(error).__name__}: {error} (a fault in tinynas; TINYNAS_DEBUG=1 shows where)")
    return 1


def _command_of(error: Exception) -> str:
    context = getattr(error, "ctx", None)
    return context.command_path if context is not None else "tinynas"


def _describe_os_error(error: OSError) -> str:
    """`[Errno 28] No space left on device: 'x'` as a person says it."""
    where = f"{error.filename}: " if error.filename is not None else ""
    return f"{where}{error.strerror or error}"
