"""What Renode says, in sessions written down from versions 1.13.3, 1.15.3 and 1.16.1."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinynas.errors import MeasureError, ToolError
from tinynas.target.emulate.renode_output import Counted, failure_in, inferences, marks_in, version_in

GOOD = """\
Renode, version 1.15.3.7749 (98c9ee0b-202408201016)

(monitor) $name?="dut"
(monitor) include @/tmp/run/run.resc
10:12:31.0571 [INFO] Including script: /tmp/run/run.resc
10:12:31.0883 [INFO] System bus created.
10:12:33.4410 [INFO] sysbus: Loading block of 41960 bytes length at 0x8000000.
10:12:33.4532 [INFO] cpu: Setting initial values: PC = 0x8008EF1, SP = 0x20002000.
10:12:33.4611 [WARNING] sysbus: [cpu: 0x8008F2C] (tag: 'set-up waits for this') ReadDoubleWord from non existing \
peripheral at 0x40007004, returning 0x30000.
10:12:33.4612 [WARNING] sysbus: [cpu: 0x8008F2E] WriteDoubleWord to non existing peripheral at 0x40023840, value \
0x10000000.
10:12:33.4700 [INFO] dut: Machine started.
10:12:33.9127 [INFO] cpu: TINYNAS-MARK invoke 1200345
10:12:33.9127 [INFO] cpu: TINYNAS-MARK 0 1200350
10:12:33.9401 [INFO] cpu: TINYNAS-MARK 1 2200350
10:12:33.9502 [INFO] cpu: TINYNAS-MARK 2 2500361
10:12:33.9502 [INFO] cpu: TINYNAS-MARK return 2500370
10:12:33.9610 [INFO] dut: Machine paused.
Renode is quitting
"""


def test_a_good_session() -> None:
    assert failure_in(GOOD) is None
    assert marks_in(GOOD) == [("invoke", 1200345), ("0", 1200350), ("1", 2200350), ("2", 2500361),
                              ("return", 2500370)]
    assert inferences(marks_in(GOOD), 2) == (Counted(1300025, (1000000, 300011)),)


@pytest.mark.parametrize("text, means", [
    ("(monitor) include @/tmp/run.resc\nThere was an error executing command 'machine LoadPlatformDescription "
     "@/tmp/platform.repl'\nError E16: Could not resolve type: 'UART.STM32F9_USART'.\nAt /tmp/platform.repl:26:7:\n",
     "There was an error executing command .* Error E16: Could not resolve type: 'UART.STM32F9_USART'"),
    ("(dut) sysbus LoadELF @/tmp/firmware.elf\nThere was an error executing command 'sysbus LoadELF "
     "@/tmp/firmware.elf'\nFile does not exist: /tmp/firmware.elf\n", "File does not exist: /tmp/firmware.elf"),
    ("(dut) sysbus.usart9 WriteChar 0x41\nNo such command or device: sysbus.usart9\n", "sysbus.usart9"),
    ("(dut) Parameters did not match the signature for method AddHook\n", "did not match the signature .* AddHook"),
    ("\x1b[31msysbus.cpu does not provide a field, method or property PerformanceInMIPS\x1b[0m\r\n",
     "does not provide a field, method or property"),
    ("Could not tokenize here:\n  emulation RunFor 0,01\n", "Could not tokenize"),
    ("10:12:33.9127 [ERROR] cpu: Python runtime error: name 'LogLevel' is not defined\n", "Python runtime error"),
    ("Fatal error:\nSystem.DllNotFoundException: libgtk\n", "Fatal error: System.DllNotFoundException"),
])
def test_failures_are_found_in_the_words(text: str, means: str) -> None:
    import re

    failed = failure_in(GOOD.replace("Renode is quitting", text))
    assert failed is not None and re.search(means, failed), failed
    assert "\n" not in failed and "\x1b" not in failed and not failed.startswith("(")


def test_a_warning_is_no_failure() -> None:
    for line in ("[WARNING] cpu: Patching PC 0x8008EF1 for Thumb mode.",
                 "[ERROR] sysbus: [cpu: 0x8001000] Unhandled read",
                 "[INFO] cpu: TINYNAS-MARK 0 17"):
        assert failure_in(f"10:12:31.0571 {line}\n") is None


@pytest.mark.parametrize("text, version", [
    ("Renode, version 1.16.1.5931 (a1b2c3d4-202501010000)\n", (1, 16, 1)),
    ("Renode v1.15.3.7749\n  build: 98c9ee0b-202408201016\n  build type: Release\n  runtime: .NET 6.0\n", (1, 15, 3)),
    ("Renode, version 1.13.3.20123 (40e0ed3e-202303270927)\nMono 5.20\n", (1, 13, 3))])
def test_versions(text: str, version: tuple[int, int, int]) -> None:
    assert version_in(text) == version


def test_no_version() -> None:
    with pytest.raises(ToolError, match="says nothing known: command not understood"):
        version_in("command not understood\n")


def log(words: list[tuple[str, int]]) -> str:
    return "".join(f"10:12:33.9127 [INFO] cpu: TINYNAS-MARK {word} {count}\n" for word, count in words)


@given(st.lists(st.lists(st.integers(0, 10**7), min_size=3, max_size=3), min_size=1, max_size=5), st.integers(0, 9))
def test_inferences_add_up(costs: list[list[int]], gap: int) -> None:
    words, now, wanted = [], 1000, []
    for layers in costs:
        start = now
        words.append(("invoke", now))
        now += gap
        words.append(("0", now))
        for k, cost in enumerate(layers):
            now += cost
            words.append((str(k + 1), now))
        now += 2 * gap
        words.append(("return", now))
        wanted.append(Counted(now - start, tuple(layers)))
        now += 12_345
    assert inferences(marks_in(log(words)), 3) == tuple(wanted)


@pytest.mark.parametrize("words, means", [
    ([("invoke", 1), ("0", 2), ("1", 3)], "3 marks, which are no whole inferences of 4"),
    ([("invoke", 1), ("1", 2), ("0", 3), ("return", 4)], "reached the marks as invoke, 1, 0, return"),
    ([("invoke", 5), ("0", 2), ("1", 3), ("return", 4)], "went backwards")])
def test_marks_that_make_no_sense(words: list[tuple[str, int]], means: str) -> None:
    with pytest.raises(MeasureError, match=means):
        inferences(marks_in(log(words)), 1)
