"""A board file (TOML) to a `Board`, every field checked; nothing is guessed."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from tinynas.boards.core import Core
from tinynas.boards.emulated import Machine, emulation_of
from tinynas.boards.fields import Table
from tinynas.boards.model import (
    Board,
    Boot,
    Clock,
    FlashFactor,
    Marker,
    Power,
    Region,
    Timer,
    Uart,
)
from tinynas.boards.steps import read_steps
from tinynas.errors import BoardError

if sys.version_info >= (3, 11):
    import tomllib
else:  # pragma: no cover
    import tomli as tomllib

CORES = ("cortex-m0plus", "cortex-m3", "cortex-m4", "cortex-m7", "cortex-m33", "cortex-m55")
UARTS = ("stm32_new", "stm32_old", "cmsdk", "uarte", "pl011")
TIMERS = ("dwt", "systick", "cmsdk", "sse")
USES = ("code", "data", "arena", "spare")
BOOTS = ("rp2040",)
_MHZ = 1_000_000


def read_board(path: Path) -> Board:
    """The board described by a TOML file. Raises BoardError naming file and field."""
    top = _parse(path)
    name = top.text("name")
    if name != path.stem:
        raise top.fail("name", f"'{name}' differs from the file's name '{path.stem}'")
    core = _core(top.table("core"))
    clock = _clock(top.table("clock"))
    memory = _memory(top)
    boot = _boot(top.maybe_table("boot"))
    uart = _uart(top.table("uart"))
    timer = _timer(top.table("timer"), clock)
    image = _main_region(top, memory, "code")
    arenas = [r for r in memory if "arena" in r.use]
    if not arenas:
        raise top.fail("memory", "no region has use 'arena'")
    _main_region(top, memory, "data")
    board = Board(
        name=name, core=core, clock_hz=clock.hz,
        flash_bytes=image.length - (boot.length if boot else 0),
        sram_bytes=max(r.length for r in arenas),
        title=top.text("title"), memory=memory, clock=clock, uart=uart, timer=timer, boot=boot,
        marker=_marker(top.maybe_table("marker")), power=_power(top.maybe_table("power")),
        flash_factor=_flash_factor(top.maybe_table("flash_factor")),
        vectors_align=_vectors_align(top), irq_count=top.integer("irq_count", low=1, high=496),
        flash_tools=_flash_tools(top), notes=top.texts("notes", ()),
    )
    if uart.irq >= board.irq_count:
        raise top.fail("irq_count", f"uart.irq {uart.irq} lies beyond it")
    emulate = top.maybe_table("emulate")
    if emulate is None:
        emulation = None
    else:
        machine = _machine(emulate.table("qemu"), path)
        emulate.done()
        try:
            emulation = emulation_of(board, machine)
        except BoardError as error:
            raise top.fail("emulate.qemu.as", str(error)) from None
    top.done()
    return replace(board, emulate=emulation)


def _parse(path: Path) -> Table:
    try:
        with path.open("rb") as file:
            data = tomllib.load(file)
    except OSError as error:
        raise BoardError(f"{path}: cannot be read: {error.strerror or error}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BoardError(f"{path}: not a TOML file: {error}") from error
    return Table(data, "", str(path))


def _core(table: Table) -> Core:
    core = Core(table.choice("name", CORES), dsp=table.flag("dsp"), mve=table.flag("mve"),
                fpu=table.text("fpu", ""), unaligned=table.flag("unaligned"))
    if core.name in ("cortex-m0plus", "cortex-m3") and (core.dsp or core.mve or core.fpu):
        raise table.fail("dsp", f"a {core.name} has neither DSP instructions nor MVE nor FPU")
    if core.mve and core.name != "cortex-m55":
        raise table.fail("mve", f"a {core.name} has no MVE")
    if core.name == "cortex-m0plus" and core.unaligned:
        raise table.fail("unaligned", "a cortex-m0plus faults on unaligned access")
    table.done()
    return core


def _clock(table: Table) -> Clock:
    clock = Clock(
        hz=table.integer("hz", low=32_768, high=2_000 * _MHZ),
        reset_hz=table.integer("reset_hz", low=32_768, high=2_000 * _MHZ),
        setup=read_steps(table, "setup"), fallback=read_steps(table, "fallback"),
        how=table.text("how"), flash_wait_states=table.maybe_integer("flash_wait_states", high=15),
        prefetch=table.maybe_flag("prefetch"), icache=table.flag("icache", False),
        dcache=table.flag("dcache", False), accelerator=table.text("accelerator", ""),
        source=table.text("source"),
    )
    if clock.hz != clock.reset_hz and not clock.setup:
        raise table.fail("setup", f"missing: no steps lead from {clock.reset_hz} Hz to {clock.hz} Hz")
    table.done()
    return clock


def _memory(top: Table) -> tuple[Region, ...]:
    regions: list[Region] = []
    for table in top.tables("memory"):
        uses = table.texts("use")
        for use in uses:
            if use not in USES:
                raise table.fail("use", f"'{use}' is not one of {', '.join(USES)}")
        region = Region(table.text("name"), table.integer("origin"),
                        table.integer("length", low=1), uses,
                        table.maybe_integer("wait_states", high=64),
                        table.flag("cached", False), table.text("source"))
        if region.end > 1 << 32:
            raise table.fail("length", "the region ends beyond the address space")
        for other in regions:
            if region.name == other.name:
                raise table.fail("name", f"two regions are named '{region.name}'")
            if region.origin < other.end and other.origin < region.end:
                raise table.fail("origin", f"overlaps region '{other.name}'")
        table.done()
        regions.append(region)
    return tuple(regions)


def _main_region(top: Table, memory: tuple[Region, ...], use: str) -> Region:
    regions = [r for r in memory if use in r.use]
    if len(regions) != 1:
        raise top.fail("memory", f"{len(regions)} regions have use '{use}', exactly one must")
    return regions[0]


def _uart(table: Table) -> Uart:
    clock_hz = table.integer("clock_hz", low=32_768, high=1_000 * _MHZ)
    uart = Uart(
        kind=table.choice("kind", UARTS), base=table.integer("base"),
        irq=table.integer("irq", high=495), clock_hz=clock_hz,
        fallback_clock_hz=table.integer("fallback_clock_hz", clock_hz, low=32_768, high=1_000 * _MHZ),
        baud=table.integer("baud", low=1_200, high=12_000_000),
        divisor_scale=table.integer("divisor_scale", 1, low=1, high=256),
        setup=read_steps(table, "setup"), pins=table.text("pins"), source=table.text("source"),
    )
    table.done()
    return uart


def _timer(table: Table, clock: Clock) -> Timer:
    kind = table.choice("kind", TIMERS)
    timer = Timer(kind, table.integer("base", 0), table.maybe_integer("irq", high=495),
                  table.integer("hz", clock.hz, low=1_000, high=2_000 * _MHZ), table.text("source"))
    if kind in ("cmsdk", "sse") and not timer.base:
        raise table.fail("base", f"missing: a {kind} timer needs its address")
    table.done()
    return timer


def _boot(table: Table | None) -> Boot | None:
    if table is None:
        return None
    boot = Boot(table.choice("kind", BOOTS), table.integer("length", low=4, high=65_536),
                table.text("source"))
    table.done()
    return boot


def _marker(table: Table | None) -> Marker | None:
    if table is None:
        return None
    marker = Marker(read_steps(table, "setup"), table.integer("high_address"),
                    table.integer("high_value"), table.integer("low_address"),
                    table.integer("low_value"), table.text("pin"), table.text("source"))
    table.done()
    return marker


def _power(table: Table | None) -> Power | None:
    if table is None:
        return None
    power = Power(table.number("milliwatts", 0.001, 100_000), table.number("low", 0.001, 100_000),
                  table.number("high", 0.001, 100_000), table.text("at"), table.text("source"))
    if not power.low <= power.milliwatts <= power.high:
        raise table.fail("milliwatts", "lies outside low ... high")
    table.done()
    return power


def _flash_factor(table: Table | None) -> FlashFactor | None:
    if table is None:
        return None
    factor = FlashFactor(table.number("value", 0.1, 100), table.number("low", 0.1, 100),
                         table.number("high", 0.1, 100), table.flag("calibrated"),
                         table.text("source"))
    if not factor.low <= factor.value <= factor.high:
        raise table.fail("value", "lies outside low ... high")
    table.done()
    return factor


def _vectors_align(top: Table) -> int:
    align = top.integer("vectors_align", low=128, high=4096)
    if align & (align - 1):
        raise top.fail("vectors_align", f"{align} is not a power of two")
    return align


def _flash_tools(top: Table) -> dict[str, dict[str, Any]]:
    tools = top.maybe_table("flash")
    if tools is None:
        return {}
    found: dict[str, dict[str, Any]] = {}
    for key in tools.keys():
        value = tools.raw(key)
        if not isinstance(value, dict):
            raise tools.fail(key, f"{value!r} is not a table")
        found[key] = dict(value)
    return found


def _machine(table: Table, path: Path) -> Machine | Board:
    """The emulator's machine: described here, or another board's ("as")."""
    if table.has("as"):
        name = table.text("as")
        table.done()
        other = path.parent / f"{name}.toml"
        if other == path or not other.is_file():
            raise table.fail("as", f"no other board file '{other.name}' beside {path.name}")
        if "as" in _parse(other).table("emulate").table("qemu").keys():
            raise table.fail("as", f"'{name}' has no machine of its own")
        return read_board(other)
    machine = Machine(
        name=table.text("machine"), testdata_origin=table.integer("testdata_origin"),
        testdata_length=table.integer("testdata_length", low=1024),
        icount_shift=table.integer("icount_shift", low=0, high=10),
    )
    table.done()
    return machine
