"""Stand-ins for flashing tools: executables that write down how they were called and play back real texts."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.target.conftest import BuildHello
from tinynas.target.flash import Probe

# `plays`: what happens at the first call, the second, ...; the last is repeated.
_SCRIPT = """\
#!{python}
import json, os, sys, time
here = {folder!r}
plays = json.load(open(os.path.join(here, "plays.json")))
calls = open(os.path.join(here, "calls.jsonl"), "a+")
calls.seek(0)
count = len(calls.readlines())
contents = {{}}
for word in sys.argv[1:]:
    for name in word.split():
        if os.path.isfile(name):
            contents[name] = open(name, "rb").read().hex()
calls.write(json.dumps({{"arguments": sys.argv[1:], "files": contents}}) + "\\n")
calls.close()
play = plays[min(count, len(plays) - 1)]
for name, text in play["writes"].items():
    open(name, "wb").write(bytes.fromhex(text))
sys.stdout.write(play["says"])
sys.stdout.flush()
time.sleep(play["sleeps"])
sys.exit(play["status"])
"""


@dataclass(frozen=True)
class Play:
    """One call of a stand-in: what it prints, writes into its folder, and returns."""

    says: str = ""
    status: int = 0
    writes: dict[str, bytes] = field(default_factory=dict)
    sleeps: float = 0.0


@dataclass(frozen=True)
class Call:
    arguments: list[str]
    files: dict[str, bytes]  # those the arguments name, as they were during the call

    def value(self, option: str) -> str:
        return self.arguments[self.arguments.index(option) + 1]


class StandIn:
    def __init__(self, folder: Path, name: str, plays: Sequence[Play]) -> None:
        self.folder = folder
        folder.mkdir()
        (folder / "plays.json").write_text(json.dumps([
            {"says": p.says, "status": p.status, "sleeps": p.sleeps,
             "writes": {k: v.hex() for k, v in p.writes.items()}} for p in plays]))
        self.program = folder / name
        self.program.write_text(_SCRIPT.format(python=sys.executable, folder=str(folder)))
        self.program.chmod(0o755)

    @property
    def calls(self) -> list[Call]:
        path = self.folder / "calls.jsonl"
        if not path.exists():
            return []
        told = [json.loads(line) for line in path.read_text().splitlines()]
        return [Call(t["arguments"], {k: bytes.fromhex(v) for k, v in t["files"].items()}) for t in told]


MakeStandIn = Callable[..., StandIn]
_VARIABLES = {"openocd": "TINYNAS_OPENOCD", "pyocd": "TINYNAS_PYOCD", "probe-rs": "TINYNAS_PROBE_RS",
              "st-flash": "TINYNAS_ST_FLASH", "dfu-util": "TINYNAS_DFU_UTIL", "bossac": "TINYNAS_BOSSAC"}


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MakeStandIn:
    """`stand_in("openocd", Play(...), ...)`: that tool, played."""

    def make(tool: str, *plays: Play) -> StandIn:
        made = StandIn(tmp_path / f"stand-in-{tool}", tool, plays or (Play(),))
        monkeypatch.setenv(_VARIABLES[tool], str(made.program))
        return made

    return make


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tinynas.target.flash.flasher.PAUSE_S", 0.0)


@pytest.fixture(scope="session")
def elf_of(build_hello: BuildHello) -> Callable[[str], Path]:
    """`elf_of(board)`: the small test application, linked for the board itself."""
    return lambda board: build_hello(board, "board")


STLINK = Probe("066CFF505750827567154312", "stlink", "STM32 STLink", 0x0483, 0x374B,
               node="/dev/bus/usb/001/005", accessible=True)
SECOND = Probe("0669FF303430484257251522", "stlink", "STM32 STLink", 0x0483, 0x374B, accessible=True)
JLINK = Probe("000683459357", "jlink", "J-Link", 0x1366, 0x1015, accessible=True)


def sees(*probes: Probe) -> Callable[[], tuple[Probe, ...]]:
    return lambda: probes
