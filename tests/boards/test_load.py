"""Board files: all of ours are whole; a bad one gives one line that names file and field."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tinynas.boards import Core, gcc_flags, list_boards, load_board, uart_divisor, variant_of
from tinynas.errors import BoardError
from tinynas.resources import resource_dir

ALL = list_boards()
GOOD = (resource_dir("boards") / "nucleo-f446re.toml").read_text()


def test_the_boards_we_promise_are_there() -> None:
    promised = {"mps2-an500", "mps2-an386", "mps2-an505", "mps3-an547", "stm32f746g-disco", "nucleo-h743zi2",
                "nucleo-f446re", "nucleo-l4r5zi", "nrf52840dk", "arduino-nano-33-ble", "nucleo-u575zi-q",
                "raspberry-pi-pico"}
    assert promised <= set(ALL)


@pytest.mark.parametrize("name", ALL)
def test_every_board_loads_and_has_a_stand_in_within_its_own_limits(name: str) -> None:
    board = load_board(name)
    assert board.name == name and board.title
    stand_in = variant_of(board, "qemu")
    assert stand_in.emulated and stand_in.core == board.core
    assert stand_in.code_region.length == board.flash_bytes
    sizes = [r.length for r in board.regions_for("arena")]
    assert [r.length for r in stand_in.regions_for("arena")] == sizes
    assert board.sram_bytes == max(sizes)
    assert board.emulate is not None
    start, length = board.emulate.testdata_origin, board.emulate.testdata_length
    for region in stand_in.memory:
        assert region.end <= start or start + length <= region.origin, "test data lies outside the board"


@pytest.mark.parametrize("name", ALL)
def test_every_board_reaches_its_baud_rate(name: str) -> None:
    uart = load_board(name).uart
    assert uart is not None
    assert uart_divisor(uart, uart.clock_hz, uart.baud) > 0


def test_a_board_by_its_path_and_by_its_name_are_the_same() -> None:
    assert load_board(resource_dir("boards") / "nucleo-f446re.toml") == load_board("nucleo-f446re")


@pytest.mark.parametrize("wrong, near", [("stm32f746", "stm32f746g-disco"), ("nucleo-f446", "nucleo-f446re"),
                                         ("an500", "mps2-an500"), ("pico", "raspberry-pi-pico")])
def test_an_unknown_board_lists_near_names(wrong: str, near: str) -> None:
    with pytest.raises(BoardError, match=f"unknown board '{wrong}'.*{near}"):
        load_board(wrong)


def test_a_name_like_nothing_lists_all() -> None:
    with pytest.raises(BoardError, match="known: .*mps2-an500.*stm32f746g-disco"):
        load_board("zzzzzzzz")


def _bad(tmp_path: Path, text: str) -> str:
    path = tmp_path / "nucleo-f446re.toml"
    path.write_text(text)
    for other in ("mps2-an386", "stm32f746g-disco"):
        (tmp_path / f"{other}.toml").write_text((resource_dir("boards") / f"{other}.toml").read_text())
    with pytest.raises(BoardError) as caught:
        load_board(path)
    message = str(caught.value)
    assert "\n" not in message and str(path) in message
    return message


@pytest.mark.parametrize("field", ["name", "title", "vectors_align", "irq_count"])
def test_a_missing_top_field_is_named(tmp_path: Path, field: str) -> None:
    text = re.sub(rf"^{field} = .*\n", "", GOOD, count=1, flags=re.M)
    assert f": {field}: missing" in _bad(tmp_path, text)


@pytest.mark.parametrize("table, field", [
    ("core", "name"), ("core", "dsp"), ("core", "unaligned"), ("clock", "hz"), ("clock", "reset_hz"),
    ("clock", "how"), ("clock", "source"), ("uart", "kind"), ("uart", "base"), ("uart", "irq"),
    ("uart", "clock_hz"), ("uart", "baud"), ("uart", "pins"), ("timer", "kind"), ("timer", "source"),
])
def test_a_missing_field_is_named_with_its_table(tmp_path: Path, table: str, field: str) -> None:
    head, tail = GOOD.split(f"[{table}]\n", 1)
    text = head + f"[{table}]\n" + re.sub(rf"^{field} = .*\n", "", tail, count=1, flags=re.M)
    assert f": {table}.{field}: missing" in _bad(tmp_path, text)


@pytest.mark.parametrize("old, new, says", [
    ("hz = 180_000_000", "hz = -1", "clock.hz"),
    ("hz = 180_000_000", 'hz = "fast"', "clock.hz"),
    ("hz = 180_000_000", "hz = true", "clock.hz"),
    ('name = "cortex-m4"', 'name = "cortex-m9"', "core.name: 'cortex-m9' is not one of"),
    ("mve = false", "mve = true", "core.mve"),
    ('kind = "stm32_old"', 'kind = "usb"', "uart.kind"),
    ("origin = 0x20000000", "origin = 0x08010000", "memory[1].origin: overlaps region 'flash'"),
    ("length = 0x80000", "length = 0", "memory[0].length"),
    ('use = ["code"]', 'use = ["data"]', "memory: 0 regions have use 'code'"),
    ('use = ["code"]', 'use = ["kode"]', "memory[0].use: 'kode' is not one of"),
    ('name = "sram"', 'name = "flash"', "memory[1].name: two regions"),
    ("vectors_align = 512", "vectors_align = 500", "vectors_align"),
    ("irq = 38", "irq = 300", "irq_count"),
    ("irq = 38", "irqs = 38", "uart.irq: missing"),
    ("baud = 115_200", "baud = 115_200\nbuad = 3", "uart.buad: unknown field"),
    ("{ set = 0x40023840, bits = 0x10000000, why", "{ set = 0x40023841, bits = 1, why", "clock.setup[0].set"),
    ("{ set = 0x40023840, bits = 0x10000000, why", "{ jump = 1, why", "clock.setup[0]"),
    ("mask = 0x0000C000, value = 0x0000C000", "mask = 0x0000C000, value = 1", "clock.setup[1].value"),
    ('stm32_pin = "PA2"', 'stm32_pin = "A2"', "uart.setup[2].stm32_pin"),
    ('as = "mps2-an386"', 'as = "mps2-an999"', "emulate.qemu.as"),
    ('as = "mps2-an386"', 'as = "nucleo-f446re"', "emulate.qemu.as: no other board file"),
    ('as = "mps2-an386"', 'as = "stm32f746g-disco"', "emulate.qemu.as: 'stm32f746g-disco' has no machine"),
    ("[core]", "x = " + "[" * 5000, "not a TOML file"),
    ("low = 0.95", "low = 2.0", "flash_factor.value"),
    ("[core]", "[core", "not a TOML file"),
])
def test_a_senseless_field_is_named(tmp_path: Path, old: str, new: str, says: str) -> None:
    assert old in GOOD
    assert says in _bad(tmp_path, GOOD.replace(old, new, 1))


def test_the_name_is_the_files_name(tmp_path: Path) -> None:
    text = GOOD.replace('name = "nucleo-f446re"', 'name = "x"')
    assert "differs from the file's name" in _bad(tmp_path, text)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(BoardError, match="cannot be read"):
        load_board(tmp_path / "none.toml")


def test_a_board_too_large_for_its_machine_is_refused(tmp_path: Path) -> None:
    text = GOOD.replace("length = 0x20000\n", "length = 0x400000\n")
    assert "does not fit the emulated machine" in _bad(tmp_path, text)


def test_unknown_variant() -> None:
    with pytest.raises(BoardError, match="no variant 'renode'"):
        variant_of(load_board("nucleo-f446re"), "renode")


def test_a_figure_without_source_stays_unknown() -> None:
    assert load_board("stm32f746g-disco").power_milliwatts is None
    assert load_board("nucleo-l4r5zi").power_milliwatts == pytest.approx(40.8)
    assert load_board("nrf52840dk").code_region.wait_states is None


def test_compiler_flags() -> None:
    m7 = ("-mcpu=cortex-m7", "-mthumb", "-mfpu=fpv5-sp-d16", "-mfloat-abi=hard")
    assert gcc_flags(load_board("stm32f746g-disco").core) == m7
    assert gcc_flags(load_board("raspberry-pi-pico").core)[-1] == "-mfloat-abi=soft"
    assert gcc_flags(Core("host")) == ()


def test_a_rate_the_port_cannot_make_is_refused() -> None:
    uart = load_board("nucleo-u575zi-q").uart
    assert uart is not None
    with pytest.raises(BoardError, match="cannot be made"):
        uart_divisor(uart, 4_000_000, 921_600)
    nordic = load_board("nrf52840dk").uart
    assert nordic is not None
    with pytest.raises(BoardError, match="not a rate known"):
        uart_divisor(nordic, 0, 230_400)


def test_boards_can_be_keys() -> None:
    assert len({load_board(name) for name in [*ALL, *ALL]}) == len(ALL)
