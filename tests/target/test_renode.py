"""Renode as a program: found, refused, ended in time, its failures told. Played by stand-ins; the live tests at
the end run wherever Renode is installed."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from tests.bench.programs import compiled
from tests.small_model import small_graph
from tests.target.conftest import BuildHello
from tinynas.boards import load_board
from tinynas.codegen.project import generate_firmware
from tinynas.errors import BoardError, LinkError, MeasureError, ToolError
from tinynas.target.elf import code_at, symbols
from tinynas.target.emulate.renode import Renode, find_renode, marks_of
from tinynas.target.emulate.renode_text import Feed
from tinynas.target.toolchain import build

BOARD = "nucleo-f446re"
VERSION = "Renode, version 1.15.3.7749 (98c9ee0b-202408201016)"


@pytest.fixture
def played(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """`played(body)`: a program named renode; `body` is Python that finds the script's text in `script`, its
    path in `path`."""
    def make(body: str, version: str = VERSION) -> Path:
        program = tmp_path / "renode"
        program.write_text(
            f"#!{sys.executable}\nimport sys, os, time, pathlib\nif '--version' in sys.argv:\n"
            f"    print({version!r}); sys.exit(0)\n"
            f"path = pathlib.Path(sys.argv[sys.argv.index('-e') + 1].split('@')[1])\nscript = path.read_text()\n"
            f"open(path.with_name('arguments'), 'w').write(' '.join(sys.argv[1:]))\n{body}\n")
        program.chmod(0o755)
        monkeypatch.setenv("RENODE", str(program))
        return program

    return make


@pytest.fixture(scope="module")
def firmware(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The board's own firmware of the small model."""
    import numpy as np

    folder = tmp_path_factory.mktemp("renode") / "firmware"
    program = compiled(small_graph(np.random.default_rng(0)), load_board(BOARD))
    return build(generate_firmware(program, load_board(BOARD), folder, "board").directory)


def test_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RENODE", "renode-not-there")
    with pytest.raises(ToolError, match="renode-not-there was not found: install Renode 1.13 to 1.16 from renode.io"):
        Renode(load_board(BOARD))
    with pytest.raises(BoardError, match="mps2-an500 cannot run in Renode"):
        Renode(load_board("mps2-an500"))


def test_version_is_looked_at(played) -> None:
    program = played("")
    assert find_renode() == (str(program), "1.15.3")
    assert Renode(load_board(BOARD)).name == "Renode 1.15.3"


def test_too_old(played, tmp_path: Path) -> None:
    old = tmp_path / "old"
    old.mkdir()
    program = played("", "Renode, version 1.12.0.1").rename(old / "renode")
    os.environ["RENODE"] = str(program)  # undone with the fixture's monkeypatch
    with pytest.raises(ToolError, match="is version 1.12.0: install Renode 1.13"):
        find_renode()


@pytest.mark.emulator
def test_one_shot(played, firmware: Path, tmp_path: Path) -> None:
    played("said = script.split('CreateFileBackend @')[1].split()[0]\n"
           "fed = [line.split()[2] for line in script.splitlines() if ' WriteChar ' in line]\n"
           "open(said, 'wb').write(bytes(int(b, 16) for b in fed) + b'!')\n"
           "print('10:12:33 [INFO] cpu: TINYNAS-MARK invoke 17')\nprint('quitting')")
    shot = Renode(load_board(BOARD)).run(firmware, [Feed(b"abc", 0.1)], marks_of(firmware), folder=tmp_path / "run")
    assert shot.said == b"abc!" and shot.marks == (("invoke", 17),)
    script = (tmp_path / "run" / "run.resc").read_text()
    assert script.endswith('WriteChar 0x63\nemulation RunFor "0.100000"\nquit\n')
    assert f"LoadELF @{firmware}" in script and "VectorTableOffset 0x08000000" in script
    assert (tmp_path / "run" / "platform.repl").read_text() == (
        Path(__file__).resolve().parents[2] / "boards" / f"{BOARD}.repl").read_text()
    arguments = (tmp_path / "run" / "arguments").read_text()
    assert arguments.startswith("--plain --console --disable-xwt -e include @")
    assert "--port" not in arguments, "nothing listens"


@pytest.mark.emulator
def test_a_failed_command_ends_the_wait(played, firmware: Path, tmp_path: Path) -> None:
    """After it Renode leaves the script and would stay for ever; its status would be 0 too."""
    played("print(\"There was an error executing command 'sysbus LoadELF @x'\\nError while loading ELF\", flush=True)\n"
           "time.sleep(60)")
    start = time.monotonic()
    with pytest.raises(ToolError, match="Renode failed: There was an error executing command .* Error while loading"):
        Renode(load_board(BOARD)).run(firmware, [], folder=tmp_path / "run")
    assert time.monotonic() - start < 20


@pytest.mark.emulator
def test_it_is_stopped_at_the_limit_with_all_it_started(played, firmware: Path, tmp_path: Path) -> None:
    played("pid = os.fork()\nif pid == 0:\n    open(path.with_name('child'), 'w').write(str(os.getpid()))\n"
           "time.sleep(60)")
    with pytest.raises(MeasureError, match="did not end within 1 s: it was stopped"):
        Renode(load_board(BOARD)).run(firmware, [], folder=tmp_path / "run", limit_s=1)
    child = int((tmp_path / "run" / "child").read_text())
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            if Path(f"/proc/{child}/stat").read_text().split()[2] == "Z":
                return
        except OSError:
            return
        time.sleep(0.05)
    pytest.fail("what Renode's launcher had started is still running")


@pytest.mark.emulator
def test_nothing_run_is_told(played, firmware: Path, tmp_path: Path) -> None:
    played("print('Usage: renode [options]')")
    with pytest.raises(ToolError, match="without having run the firmware: Usage: renode"):
        Renode(load_board(BOARD)).run(firmware, [], folder=tmp_path / "run")


@pytest.mark.emulator
def test_interactive(played, firmware: Path) -> None:
    played("open(script.split('\"tinynas_link\" \"')[1].split('\"')[0], 'w').close()\ntime.sleep(60)")
    with Renode(load_board(BOARD)).start(firmware) as machine:
        assert machine.running() and Path(machine.url).exists()
        folder = Path(machine.url).parent
    assert not machine.running() and not folder.exists()
    played("import socket\nport = int(script.split('SocketTerminal ')[1].split()[0])\n"
           "server = socket.create_server(('127.0.0.1', port))\n"
           "time.sleep(60)")
    with Renode(load_board(BOARD)).start(firmware, over="socket") as machine:
        assert machine.url.startswith("socket://127.0.0.1:")
    played("time.sleep(60)")
    with pytest.raises(LinkError, match="pty did not appear within 0.3 s"):
        Renode(load_board(BOARD)).start(firmware, limit_s=0.3)
    played("print('No such command or device: connector')\ntime.sleep(60)")
    with pytest.raises(ToolError, match="Renode failed: No such command or device"):
        Renode(load_board(BOARD)).start(firmware)


@pytest.mark.emulator
def test_marks_lie_where_an_inference_begins_and_ends(firmware: Path) -> None:
    found, marks = symbols(firmware), dict(marks_of(firmware))
    assert list(marks) == ["invoke", "0", "1", "2", "3", "4", "return"], "four layers; the reshape is none"
    invoke, caller = found["tinynas_invoke"], found["timed"]
    assert marks["invoke"] == invoke.address and caller.address < marks["return"] < caller.address + caller.size
    inside = [marks[str(k)] for k in range(5)]
    assert inside == sorted(inside) and invoke.address <= inside[0] and inside[-1] < invoke.address + invoke.size
    high, low = (int.from_bytes(code_at(firmware)(marks["return"] - 4 + k, 2), "little") for k in (0, 2))
    assert high >> 11 == 0b11110 and low & 0xD000 == 0xD000, "right behind a BL"


@pytest.mark.emulator
def test_a_firmware_without_a_model_has_no_marks(build_hello: BuildHello) -> None:
    with pytest.raises(MeasureError, match="no function 'tinynas_invoke'"):
        marks_of(build_hello(BOARD, "board"))


@pytest.mark.renode
@pytest.mark.parametrize("name", ["stm32f746g-disco", "nucleo-f446re", "nrf52840dk", "nucleo-h743zi2"])
def test_live_boot(build_hello: BuildHello, tmp_path: Path, name: str) -> None:
    """The small application greets from the board's own registers, twice the same."""
    renode = Renode(load_board(name))
    shots = [renode.run(build_hello(name, "board"), [Feed(b"c", 0.05)], folder=tmp_path / str(k)) for k in range(2)]
    assert shots[0].said.startswith(b"READY " + name.encode() + b" board dwt")
    assert shots[0].said == shots[1].said and len(shots[0].said.splitlines()) >= 2
