"""The commands README.md and the help texts print are commands that exist, with these arguments and options."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from tinynas.cli.app import app

ROOT = Path(__file__).resolve().parent.parent


def printed(text: str) -> Iterator[str]:
    """Lines that call tinynas, without comments; lines that only stand in prose do not count."""
    for line in text.splitlines():
        found = re.match(r"\s*(tinynas .*?)(\s+#.*|\s+\|.*)?$", line)
        if found:
            yield found[1]


def readme_commands() -> list[str]:
    blocks = re.findall(r"```\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    return [command for block in blocks for command in printed(block)]


def help_commands() -> list[str]:
    group: Any = typer.main.get_command(app)
    texts = [c.help or "" for c in group.commands.values()]
    texts += [c.help or "" for g in group.commands.values() for c in getattr(g, "commands", {}).values()]
    return [command for text in texts for command in printed(text)]


def parse(line: str) -> None:
    """Parse the arguments as the real command would, without running anything."""
    command: Any = typer.main.get_command(app)
    arguments = shlex.split(line)[1:]
    while hasattr(command, "commands") and arguments and not arguments[0].startswith("-"):
        command = command.commands[arguments.pop(0)]
    command.make_context(line, arguments)


@pytest.mark.parametrize("line", sorted({*readme_commands(), *help_commands()}))
def test_printed_commands_can_be_typed(line: str) -> None:
    parse(line)


def test_the_readme_prints_some_and_each_main_command() -> None:
    used = {command.split()[1] for command in readme_commands()}
    assert {"search", "plan", "build", "bench", "boards", "data", "doctor"} <= used


@pytest.mark.parametrize("line", ["tinynas plan m.tflite", "tinynas plan m.tflite --board b --fast", "tinynas fly"])
def test_a_command_that_does_not_exist_is_noticed(line: str) -> None:
    with pytest.raises(Exception, match="(?i)missing|no such|fly"):
        parse(line)
