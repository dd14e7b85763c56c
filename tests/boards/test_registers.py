"""Every register value our boards write, against the reference values gathered from public sources.

The numbers here were taken from the sources named in the board files, by hand and apart from the
files themselves: (address, value) of plain writes, (address, bits) of bits set or cleared, and the
value of the masked field where only a field is written.
"""

from __future__ import annotations

import pytest

from tinynas.boards import Board, Step, load_board, uart_divisor

RCC_F, PWR, FLASH_F = 0x40023800, 0x40007000, 0x40023C00
RCC_H, RCC_L, RCC_U, PWR_U = 0x58024400, 0x40021000, 0x46020C00, 0x46020800

# In order; ("w", address, value) write, ("s"|"c", address, bit numbers...) set or clear,
# ("m", address, high bit, low bit, value) field, ("?", address, bit, value) wait.
CLOCKS = {
    "stm32f746g-disco": [
        ("s", RCC_F + 0x40, 28), ("m", PWR, 15, 14, 3),
        ("s", PWR, 16), ("?", PWR + 4, 16, 1), ("s", PWR, 17), ("?", PWR + 4, 17, 1),
        ("w", FLASH_F, 0x307), ("s", RCC_F, 16), ("?", RCC_F, 17, 1),
        ("f", RCC_F + 4, 0x09406C19), ("s", RCC_F, 24), ("?", RCC_F, 25, 1),
        ("f", RCC_F + 8, 0x9400), ("m", RCC_F + 8, 1, 0, 2), ("?f", RCC_F + 8, 3, 2, 2),
    ],
    "nucleo-h743zi2": [
        ("m", 0x5802480C, 2, 0, 6), ("?", 0x58024804, 13, 1), ("m", 0x58024818, 15, 14, 3),
        ("?", 0x58024818, 13, 1), ("s", RCC_H + 0xF4, 1), ("s", 0x5800042C, 0), ("?", 0x58024818, 13, 1),
        ("m", 0x52002000, 5, 0, 0x34), ("s", RCC_H, 18), ("s", RCC_H, 16), ("?", RCC_H, 17, 1),
        ("w", RCC_H + 0x28, 0x02020042), ("w", RCC_H + 0x2C, 0x01FF0004), ("w", RCC_H + 0x30, 0x010303DF),
        ("s", RCC_H, 24), ("?", RCC_H, 25, 1),
        ("w", RCC_H + 0x18, 0x48), ("w", RCC_H + 0x1C, 0x440), ("w", RCC_H + 0x20, 0x40),
        ("m", RCC_H + 0x10, 2, 0, 3), ("?f", RCC_H + 0x10, 5, 3, 3),
    ],
    "nucleo-f446re": [
        ("s", RCC_F + 0x40, 28), ("m", PWR, 15, 14, 3),
        ("s", PWR, 16), ("?", PWR + 4, 16, 1), ("s", PWR, 17), ("?", PWR + 4, 17, 1),
        ("w", FLASH_F, 0x705), ("s", RCC_F, 18), ("s", RCC_F, 16), ("?", RCC_F, 17, 1),
        ("w", RCC_F + 4, 0x28405A08), ("s", RCC_F, 24), ("?", RCC_F, 25, 1),
        ("f", RCC_F + 8, 0x9400), ("m", RCC_F + 8, 1, 0, 2), ("?f", RCC_F + 8, 3, 2, 2),
    ],
    "nucleo-l4r5zi": [
        ("s", RCC_L + 0x58, 28), ("m", PWR, 10, 9, 1), ("c", PWR + 0x80, 8), ("?", PWR + 0x14, 10, 0),
        ("w", 0x40022000, 0x705), ("s", RCC_L, 8), ("?", RCC_L, 10, 1), ("w", RCC_L + 0xC, 0x01001E12),
        ("s", RCC_L, 24), ("?", RCC_L, 25, 1), ("m", RCC_L + 8, 7, 4, 8), ("m", RCC_L + 8, 1, 0, 3),
        ("?f", RCC_L + 8, 3, 2, 3), ("delay",), ("m", RCC_L + 8, 7, 4, 0),
    ],
    "nucleo-u575zi-q": [
        ("s", RCC_U + 0x94, 2), ("s", PWR_U + 8, 1), ("s", PWR_U + 0xC, 16, 17), ("?", PWR_U + 0xC, 15, 1),
        ("w", 0x40022000, 0x104), ("w", RCC_U + 0x28, 0x40009), ("s", PWR_U + 0xC, 18),
        ("?", PWR_U + 0xC, 14, 1), ("w", RCC_U + 0x34, 0x0101024F), ("s", RCC_U, 24), ("?", RCC_U, 25, 1),
        ("m", RCC_U + 0x1C, 1, 0, 3), ("?f", RCC_U + 0x1C, 3, 2, 3),
        ("?", 0x40030404, 0, 0), ("s", 0x40030400, 0),
    ],
    "nrf52840dk": [("w", 0x4001E540, 1), ("w", 0x40000578, 1), ("w", 0x40000000, 1), ("?", 0x40000100, 0, 1)],
    "arduino-nano-33-ble": [("w", 0x4001E540, 1), ("w", 0x40000000, 1), ("?", 0x40000100, 0, 1)],
    "raspberry-pi-pico": [
        ("w", 0x4002400C, 47), ("w", 0x40024000, 0x00FABAA0), ("?", 0x40024004, 31, 1),
        ("w", 0x40008030, 2), ("?", 0x40008038, 2, 1), ("w", 0x4000C000 + 0x3000, 1 << 12),
        ("?", 0x4000C008, 12, 1), ("w", 0x40028000, 1), ("w", 0x40028008, 125), ("c", 0x40028004, 0, 5),
        ("?", 0x40028000, 31, 1), ("w", 0x4002800C, 6 << 16 | 2 << 12), ("c", 0x40028004, 3),
        ("w", 0x4000803C, 0), ("w", 0x4000803C, 1), ("?", 0x40008044, 1, 1), ("w", 0x4005802C, 0x20C),
    ],
}

# board -> (base, irq, divisor at 115200, gates: (register, bit)..., pins: (GPIO base, pin, af)...)
UARTS = {
    "stm32f746g-disco": (0x40011000, 37, 938, [(RCC_F + 0x44, 4), (RCC_F + 0x30, 0), (RCC_F + 0x30, 1)],
                         [(0x40020000, 9, 7), (0x40020400, 7, 7)]),
    "nucleo-h743zi2": (0x40004800, 39, 1042, [(RCC_H + 0xE8, 18), (RCC_H + 0xE0, 3)],
                       [(0x58020C00, 8, 7), (0x58020C00, 9, 7)]),
    "nucleo-f446re": (0x40004400, 38, 391, [(RCC_F + 0x40, 17), (RCC_F + 0x30, 0)],
                      [(0x40020000, 2, 7), (0x40020000, 3, 7)]),
    "nucleo-l4r5zi": (0x40008000, 70, 266667, [(RCC_L + 0x5C, 0), (RCC_L + 0x4C, 6), (PWR + 4, 9)],
                      [(0x48001800, 7, 8), (0x48001800, 8, 8)]),
    "nucleo-u575zi-q": (0x40013800, 61, 1389, [(RCC_U + 0xA4, 14), (RCC_U + 0x8C, 0)],
                        [(0x42020000, 9, 7), (0x42020000, 10, 7)]),
    "nrf52840dk": (0x40002000, 2, 0x01D7E000, [], []),
    "arduino-nano-33-ble": (0x40002000, 2, 0x01D7E000, [], []),
    "raspberry-pi-pico": (0x40034000, 20, 67 * 64 + 52, [], []),
}

WRITES = {  # pins of parts that are not STM32
    "nrf52840dk": {0x50000508: 1 << 6, 0x50000518: 1 << 6, 0x4000250C: 6, 0x40002514: 8},
    "arduino-nano-33-ble": {0x50000808: 1 << 3, 0x50000818: 1 << 3, 0x4000250C: 32 + 3, 0x40002514: 32 + 10},
    "raspberry-pi-pico": {0x40008048: 1 << 11, 0x4000F000: 1 << 5 | 1 << 8 | 1 << 22,
                          0x40014004: 2, 0x4001400C: 2},
}


def _readable(step: Step) -> tuple[object, ...]:
    return (step.do, hex(step.address), hex(step.mask), hex(step.value))


def _expected(entry: tuple) -> tuple[object, ...]:  # type: ignore[type-arg]
    kind, rest = entry[0], entry[1:]
    if kind == "w":
        return ("write", hex(rest[0]), "0xffffffff", hex(rest[1]))
    if kind in "sc":
        bits = sum(1 << b for b in rest[1:])
        return ({"s": "set", "c": "clear"}[kind], hex(rest[0]), hex(bits), hex(bits))
    if kind == "?":
        address, bit, value = rest
        return ("wait", hex(address), hex(1 << bit), hex(value << bit))
    address, high, low, value = rest
    mask = (1 << (high + 1)) - (1 << low)
    return ("wait" if kind == "?f" else "modify", hex(address), hex(mask), hex(value << low))


@pytest.mark.parametrize("name", sorted(CLOCKS))
def test_clock_writes(name: str) -> None:
    clock = load_board(name).clock
    assert clock is not None
    # Reading the wait states back is our own addition after each ACR write.
    acr = (FLASH_F, 0x52002000, 0x40022000)
    steps = [s for s in clock.setup if not (s.do == "wait" and s.address in acr)]
    assert len(steps) == len(CLOCKS[name])
    for step, entry in zip(steps, CLOCKS[name], strict=True):
        if entry[0] == "delay":
            assert step.do == "delay"
        elif entry[0] == "f":  # all fields of a register but its reserved bits
            assert (step.do, step.address, step.value) == ("modify", entry[1], entry[2])
            assert step.mask & (1 << 29 if entry[1] == RCC_F + 4 else 0) == 0
        else:
            assert _readable(step) == _expected(entry)


@pytest.mark.parametrize("name", ["stm32f746g-disco", "nucleo-h743zi2", "nucleo-f446re", "nucleo-l4r5zi",
                                  "nucleo-u575zi-q"])
def test_wait_states_are_read_back_right_after_they_are_set(name: str) -> None:
    clock = load_board(name).clock
    assert clock is not None
    at = next(i for i, s in enumerate(clock.setup) if s.address in (FLASH_F, 0x52002000, 0x40022000))
    back = clock.setup[at + 1]
    assert (back.do, back.address, back.mask) == ("wait", clock.setup[at].address, 0xF)
    assert back.value == clock.flash_wait_states == clock.setup[at].value & 0xF


def _pin_fields(board: Board) -> dict[int, int]:
    """Register -> value of all fields modified by the UART's set-up."""
    assert board.uart is not None
    found: dict[int, int] = {}
    for step in board.uart.setup:
        if step.do == "modify":
            found[step.address] = found.get(step.address, 0) & ~step.mask | step.value
    return found


@pytest.mark.parametrize("name", sorted(UARTS))
def test_serial_port(name: str) -> None:
    board = load_board(name)
    uart = board.uart
    assert uart is not None
    base, irq, divisor, gates, pins = UARTS[name]
    assert (uart.base, uart.irq, uart_divisor(uart, uart.clock_hz, 115_200)) == (base, irq, divisor)
    for register, bit in gates:
        assert any(s.do == "set" and s.address == register and s.value >> bit & 1 for s in uart.setup)
    fields = _pin_fields(board)
    for gpio, pin, af in pins:
        assert fields[gpio] >> 2 * pin & 3 == 2, "mode: alternate function"
        assert fields[gpio + (0x20 if pin < 8 else 0x24)] >> 4 * (pin % 8) & 15 == af
    rx = pins[1] if pins else None
    if rx:
        assert fields[rx[0] + 0x0C] >> 2 * rx[1] & 3 == 1, "the receiver's pin is pulled up"
    writes = {s.address: s.value for s in uart.setup if s.do == "write"}
    assert {k: v for k, v in writes.items() if k in WRITES.get(name, {})} == WRITES.get(name, {})


def test_serial_clock_choices() -> None:
    def field(name: str, address: int) -> tuple[int, int]:
        uart = load_board(name).uart
        assert uart is not None
        step = next(s for s in uart.setup if s.address == address)
        return step.mask, step.value

    assert field("stm32f746g-disco", RCC_F + 0x90) == (3, 0)  # PCLK2
    assert field("nucleo-h743zi2", RCC_H + 0x54) == (7, 0)  # PCLK1
    assert field("nucleo-u575zi-q", RCC_U + 0xE0) == (3, 0)  # PCLK2
    fallback = load_board("nucleo-l4r5zi").clock
    assert fallback is not None
    assert any((s.address, s.mask, s.value) == (RCC_L + 0x88, 3 << 10, 2 << 10) for s in fallback.fallback)


VECTORS = {"stm32f746g-disco": (98, 512), "nucleo-f446re": (97, 512), "nucleo-l4r5zi": (95, 512),
           "nucleo-h743zi2": (150, 1024), "nucleo-u575zi-q": (126, 1024), "nrf52840dk": (48, 256),
           "arduino-nano-33-ble": (48, 256), "raspberry-pi-pico": (26, 256)}

MEMORY = {  # (origin, length) of code, then of every memory an arena may lie in
    "stm32f746g-disco": [(0x08000000, 1 << 20), (0x20000000, 64 << 10), (0x20010000, 256 << 10)],
    "nucleo-h743zi2": [(0x08000000, 2 << 20), (0x20000000, 128 << 10), (0x24000000, 512 << 10)],
    "nucleo-f446re": [(0x08000000, 512 << 10), (0x20000000, 128 << 10)],
    "nucleo-l4r5zi": [(0x08000000, 2 << 20), (0x20000000, 192 << 10), (0x20040000, 384 << 10)],
    "nucleo-u575zi-q": [(0x08000000, 2 << 20), (0x20000000, 768 << 10)],
    "nrf52840dk": [(0, 1 << 20), (0x20000000, 256 << 10)],
    "arduino-nano-33-ble": [(0x10000, 983040), (0x20000000, 256 << 10)],
    "raspberry-pi-pico": [(0x10000000, 2 << 20), (0x20000000, 256 << 10)],
}


@pytest.mark.parametrize("name", sorted(MEMORY))
def test_memory_and_vectors(name: str) -> None:
    board = load_board(name)
    regions = [board.code_region, *board.regions_for("arena")]
    assert [(r.origin, r.length) for r in regions] == MEMORY[name]
    assert (board.irq_count, board.vectors_align) == VECTORS[name]
    assert board.vectors_align >= 4 * (16 + board.irq_count)
