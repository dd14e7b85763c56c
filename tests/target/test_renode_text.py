"""What Renode is told: platforms made from the boards' files, and scripts, against golden copies."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from tinynas.boards import Board, Step, list_boards, load_board
from tinynas.errors import BoardError
from tinynas.target.emulate.renode_text import (
    Feed,
    awaited,
    hooks,
    interactive,
    mips,
    one_shot,
    platform,
    pty_link,
    run_for,
    socket_link,
)

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = Path(__file__).parent / "golden"
IN_RENODE = ["arduino-nano-33-ble", "nrf52840dk", "nucleo-f446re", "nucleo-h743zi2", "nucleo-l4r5zi",
             "nucleo-u575zi-q", "raspberry-pi-pico", "stm32f746g-disco"]


def parse(text: str) -> dict[str, tuple[str, dict[str, str]]]:
    """A reader of the part of the platform language we write: name -> (type and place, settings). Anything else
    in the text is an error, as it would be for Renode: indentation by four, one entry a paragraph."""
    found: dict[str, tuple[str, dict[str, str]]] = {}
    for paragraph in text.strip().split("\n\n"):
        lines = [line for line in paragraph.split("\n") if not line.startswith("//")]
        if not lines:
            continue
        head = re.fullmatch(r"([a-z]\w*):(?: (.+))?", lines[0])
        assert head, lines[0]
        settings = {}
        for line in lines[1:]:
            setting = re.fullmatch(r"    (\w+): (.*)|    (IRQ) -> (\w+@\d+)|    (init):|        (Tag <.*)", line)
            assert setting, line
            if setting[6]:
                settings[f"tag{len(settings)}"] = setting[6]
            elif not setting[5]:
                settings[setting[1] or setting[3]] = setting[2] or setting[4]
        assert head[1] not in found
        found[head[1]] = (head[2] or "", settings)
    return found


@pytest.mark.parametrize("name", IN_RENODE)
def test_the_shipped_platform_is_what_the_boards_file_makes(name: str) -> None:
    assert (ROOT / "boards" / f"{name}.repl").read_text() == platform(load_board(name)), \
        "the board's file has changed: run tools/make_renode_platforms.py"


def test_every_other_board_is_refused_by_name() -> None:
    for name in set(list_boards()) - set(IN_RENODE):
        with pytest.raises(BoardError, match=f"{name} cannot run in Renode: no model for its UART \\(cmsdk"):
            platform(load_board(name))


@pytest.mark.parametrize("name", IN_RENODE)
def test_the_platform_is_the_board(name: str) -> None:
    """Memories no larger than the part's, the board's UART and interrupt, a counter of instructions."""
    board = load_board(name)
    found = parse(platform(board))
    memories = {n: (int(place.split()[-1], 16), int(s["size"], 16)) for n, (place, s) in found.items()
                if place.startswith("Memory.MappedMemory @ sysbus")}
    assert memories == {r.name: (r.origin, r.length) for r in board.memory}
    assert board.uart is not None
    place, settings = found["uart"]
    assert f"{board.uart.base:#010x}" in place and settings["IRQ"] == f"nvic@{board.uart.irq}"
    hz = round(board.clock_hz / 1e6) * 1_000_000
    assert int(found["cpu"][1]["PerformanceInMips"]) * 1_000_000 == hz
    assert int(found["nvic"][1]["systickFrequency"]) == hz and found["nvic"][1]["IRQ"] == "cpu@0"
    if board.core.name == "cortex-m0plus":
        assert "dwt" not in found
    else:
        assert found["dwt"] == ("Miscellaneous.DWT @ sysbus 0xE0001000", {"frequency": str(hz)})
    assert "ApplySVD" not in platform(board) and "http" not in platform(board), "nothing is downloaded"


@pytest.mark.parametrize("name", IN_RENODE)
def test_every_wait_of_the_set_up_ends(name: str) -> None:
    """The tags answer what each wait waits for, as the firmware's own test does."""
    board = load_board(name)
    answers = awaited(board)
    assert board.clock and board.uart
    for step in (*board.clock.setup, *board.uart.setup):
        if step.do == "wait":
            assert answers[step.address] & step.mask == step.value, step.why
    tags = [t for t in parse(platform(board)).get("sysbus", ("", {}))[1].values()]
    assert len(tags) == len(answers)
    for address, value in answers.items():
        assert any(t.startswith(f"Tag <{address:#010x}, ") and t.endswith(f"{value:#010x}") for t in tags)


def with_waits(*steps: Step) -> Board:
    board = load_board("nucleo-f446re")
    assert board.clock
    return replace(board, clock=replace(board.clock, setup=steps))


def test_waits_that_contradict_are_refused() -> None:
    first = Step("wait", 0x40023800, 0x2, 0x2, "HSI ready")
    assert awaited(with_waits(first, Step("wait", 0x40023800, 0x0, 0x4, "other bit")))[0x40023800] == 2
    with pytest.raises(BoardError, match="waits for two values of 0x40023800 .HSI gone"):
        platform(with_waits(first, Step("wait", 0x40023800, 0x0, 0x2, "HSI gone")))


def test_the_one_shot_script() -> None:
    text = one_shot(load_board("stm32f746g-disco"), Path("/tmp/run/platform.repl"), Path("/tmp/a b/firmware.elf"),
                    0x08000000, [("invoke", 0x08001A24), ("0", 0x08001A36), ("return", 0x08000F10)],
                    Path("/tmp/run/uart.bin"), 0.05, [Feed(b"\xa7\xd3\x00", 0.0025), Feed(b"\x01", 1.5)])
    assert text == (GOLDEN / "one_shot.resc").read_text()


def test_the_interactive_scripts() -> None:
    board, repl, elf = load_board("nrf52840dk"), Path("/tmp/run/platform.repl"), Path("/tmp/run/firmware.elf")
    text = interactive(board, repl, elf, 0, pty_link(Path("/tmp/run/uart")))
    text += interactive(board, repl, elf, 0, socket_link(3456))
    assert text == (GOLDEN / "interactive.resc").read_text()


def test_virtual_times_are_whole_microseconds_and_never_none() -> None:
    assert run_for(0.01) == 'emulation RunFor "0.010000"'
    assert run_for(0) == 'emulation RunFor "0.000001"'
    assert run_for(1 / 3) == 'emulation RunFor "0.333333"'
    assert run_for(125.5) == 'emulation RunFor "125.500000"', "never with an exponent"


def test_hooks_quote_for_the_monitor() -> None:
    (line,) = hooks([("12", 0x0800_1234)])
    assert line == ("sysbus.cpu AddHook 0x08001234 \"self.Log(LogLevel.Info, 'TINYNAS-MARK 12 ' + "
                    'str(self.ExecutedInstructions))"')
    assert line.count('"') == 2 and compile(line.split('"')[1], "hook", "eval")


def test_speed_is_the_clock_in_whole_megahertz() -> None:
    assert [mips(load_board(n)) for n in ("nucleo-h743zi2", "nrf52840dk", "raspberry-pi-pico")] == [480, 64, 125]
