"""Register sequences as data: TOML tables to `Step`s.

A step is one of
    { write = ADDRESS, value = V, why = "..." }
    { set = ADDRESS, bits = V, why = "..." }            { clear = ADDRESS, bits = V, why = "..." }
    { modify = ADDRESS, mask = M, value = V, why = "..." }
    { wait = ADDRESS, mask = M, value = V, why = "..." }
    { delay = CYCLES, why = "..." }
    { stm32_pin = "PB7", af = 7, pull_up = true, gpio = BASE, why = "..." }   (a few modifies)
Data rather than code: the same sequence is compiled into the firmware, shown to people, and
compared with reference values in the tests.
"""

from __future__ import annotations

import re

from tinynas.boards.fields import Table
from tinynas.boards.model import Step

_KINDS = ("write", "set", "clear", "modify", "wait", "delay", "stm32_pin")
_FULL = 0xFFFFFFFF


def read_steps(parent: Table, field: str, default: tuple[()] | None = ()) -> tuple[Step, ...]:
    """All steps of `parent.field`; raises BoardError naming the one that makes no sense."""
    steps: list[Step] = []
    for table in parent.tables(field, default):
        steps += _read_step(table)
        table.done()
    return tuple(steps)


def _read_step(table: Table) -> list[Step]:
    kinds = [k for k in _KINDS if table.has(k)]
    if len(kinds) != 1:
        raise table.fail("", f"a step has exactly one of {', '.join(_KINDS)}")
    kind = kinds[0]
    why = table.text("why")
    if kind == "stm32_pin":
        return _stm32_pin(table, why)
    if kind == "delay":
        return [Step("delay", 0, table.integer("delay", low=1, high=10_000_000), 0, why)]
    address = table.integer(kind)
    if address % 4:
        raise table.fail(kind, f"{address:#x} is not a multiple of 4")
    if kind in ("set", "clear"):
        bits = table.integer("bits", low=1)
        return [Step(kind, address, bits, bits, why)]
    if kind == "write":
        return [Step(kind, address, table.integer("value"), _FULL, why)]
    mask, value = table.integer("mask", low=1), table.integer("value")
    if value & ~mask:
        raise table.fail("value", f"{value:#x} has bits outside mask {mask:#x}")
    return [Step(kind, address, value, mask, why)]


def _stm32_pin(table: Table, why: str) -> list[Step]:
    """Mode, pull-up, alternate function of one pin (GPIO register layout of STM32 F4 and later)."""
    name = table.text("stm32_pin")
    found = re.fullmatch(r"P([A-K])(\d{1,2})", name)
    if not found or int(found[2]) > 15:
        raise table.fail("stm32_pin", f"'{name}' is not a pin such as PA9")
    base = table.integer("gpio") + 0x400 * (ord(found[1]) - ord("A"))
    pin = int(found[2])
    two, shift = 3 << (2 * pin), 2 * pin
    steps = []
    if table.has("af"):
        register = base + (0x20 if pin < 8 else 0x24)
        nibble = 4 * (pin % 8)
        steps.append(Step("modify", register, table.integer("af", high=15) << nibble, 15 << nibble,
                          f"{name}: alternate function"))
        mode = 2
    else:
        mode = 1  # general output
    if table.flag("pull_up", False):
        steps.append(Step("modify", base + 0x0C, 1 << shift, two, f"{name}: pull up"))
    steps.append(Step("modify", base, mode << shift, two, f"{name}: {why}"))
    return steps
