"""A board's figures as C: board.h, board.c (register sequences), vectors.c, linker.ld.

Templates hold layout only; every number is worked out here.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from tinynas import __version__
from tinynas.boards import Board, Step, Uart, uart_divisor
from tinynas.codegen.boot2 import boot_source
from tinynas.errors import BoardError
from tinynas.resources import resource_dir

_V6M = ("cortex-m0plus",)
_V8M = ("cortex-m33", "cortex-m55")
_KINDS = {"write": "TN_STEP_WRITE", "set": "TN_STEP_MODIFY", "clear": "TN_STEP_MODIFY",
          "modify": "TN_STEP_MODIFY", "wait": "TN_STEP_WAIT", "delay": "TN_STEP_DELAY"}


@lru_cache(maxsize=1)
def _environment() -> Environment:
    return Environment(loader=FileSystemLoader(resource_dir("firmware") / "templates"),
                       undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
                       keep_trailing_newline=True)


def template(name: str) -> Template:
    """A template of firmware/templates/."""
    return _environment().get_template(name)


def render_board_files(target: Board, variant: str, arena_region: str, stack_bytes: int,
                       baud: int | None, copy_bytes: int = 0) -> dict[str, bytes]:
    """File name -> content of what depends on the board alone (and on the sizes of stack and input copy)."""
    common = {"name": target.name, "title": target.title, "variant": variant,
              "version": __version__, "core": target.core.name}
    tables = _tables(target)
    texts = {
        "board/board.h": template("board.h.j2").render(
            defines=_defines(target, baud), tables=tables, **common),
        "board/board.c": template("board.c.j2").render(tables=tables, **common),
        "board/vectors.c": template("vectors.c.j2").render(handlers=_handlers(target), **common),
        "board/linker.ld": template("linker.ld.j2").render(
            **common, **_layout(target, arena_region, stack_bytes, copy_bytes)),
    }
    if target.boot:
        texts["board/boot2.c"] = boot_source(target)
    return {name: text.encode() for name, text in texts.items()}


def _word(value: int) -> str:
    return f"0x{value:08X}u"


def c_step(step: Step) -> dict[str, str]:
    """A step as the fields of the C struct tn_step."""
    value = 0 if step.do == "clear" else step.value
    return {"kind": _KINDS[step.do], "address": _word(step.address), "mask": _word(step.mask),
            "value": f"{value}u" if step.do == "delay" else _word(value),
            "why": f"{step.do}: {step.why}"}


def _tables(target: Board) -> list[dict[str, Any]]:
    assert target.clock and target.uart
    marker = target.marker.setup if target.marker else ()
    lists = (("tn_clock", "Clock and flash: " + target.clock.how, target.clock.setup),
             ("tn_clock_fallback", "After a wait ran out", target.clock.fallback),
             ("tn_uart", "Serial link: gates and pins: " + target.uart.pins, target.uart.setup),
             ("tn_marker", "Marker pin", marker))
    return [{"name": name, "title": title, "steps": [c_step(s) for s in steps]}
            for name, title, steps in lists]


def _defines(target: Board, baud: int | None) -> list[dict[str, str]]:
    clock, uart, timer, marker = target.clock, target.uart, target.timer, target.marker
    assert clock and uart and timer
    emulate = target.emulate if target.emulated else None
    waits = clock.flash_wait_states
    rate = uart.baud if baud is None else baud
    core = target.core.name
    pairs: list[tuple[str, int | str, str]] = [
        ("TN_EMULATED", int(target.emulated), ""),
        ("TN_SEMIHOSTING", int(target.emulated), "exit by semihosting: only under an emulator"),
        ("TN_HAS_FPU", int(bool(target.core.fpu)), target.core.fpu or "none"),
        ("TN_HAS_FAULT_STATUS", int(core not in _V6M or target.emulated), "CFSR, HFSR, BFAR exist"),
        ("TN_HAS_STACK_LIMIT", int(core in _V8M), "MSPLIM exists"),
        ("TN_TRAP_UNALIGNED", int(target.emulated and not target.core.unaligned), ""),
        ("TN_LOW_OVERHEAD_LOOPS", int(core == "cortex-m55"), ""),
        ("TN_CLOCK_HZ", f"{clock.hz}u", clock.how),
        ("TN_CLOCK_RESET_HZ", f"{clock.reset_hz}u", ""),
        ("TN_FLASH_WAIT_STATES", -1 if waits is None else waits, "-1: unknown"),
        ("TN_FLASH_PREFETCH", -1 if clock.prefetch is None else int(clock.prefetch), "-1: none or unknown"),
        ("TN_ICACHE", int(clock.icache), "the core's own"),
        ("TN_DCACHE", int(clock.dcache), "the core's own"),
        ("TN_IRQ_COUNT", f"{target.irq_count}u", ""),
        ("TN_UART_BASE", _word(uart.base), uart.kind),
        ("TN_UART_IRQ", f"{uart.irq}u", ""),
        ("TN_UART_BAUD", f"{rate}u", ""),
        ("TN_UART_DIVISOR", f"{uart_divisor(uart, uart.clock_hz, rate)}u", f"from {uart.clock_hz} Hz"),
        ("TN_UART_FALLBACK_DIVISOR", f"{_fallback_divisor(uart, rate)}u",
         f"from {uart.fallback_clock_hz} Hz, when the clock set-up failed"),
        ("TN_TIMER_BASE", _word(timer.base), timer.kind),
        ("TN_TIMER_HZ", f"{timer.hz}u", ""),
        ("TN_TESTDATA_ORIGIN", _word(emulate.testdata_origin if emulate else 0), "filled by the host"),
        ("TN_TESTDATA_LENGTH", f"{emulate.testdata_length if emulate else 0}u", ""),
        ("TN_HAS_MARKER", int(marker is not None), marker.pin if marker else ""),
    ]
    if marker:
        pairs += [("TN_MARKER_HIGH_ADDRESS", _word(marker.high_address), ""),
                  ("TN_MARKER_HIGH_VALUE", _word(marker.high_value), ""),
                  ("TN_MARKER_LOW_ADDRESS", _word(marker.low_address), ""),
                  ("TN_MARKER_LOW_VALUE", _word(marker.low_value), "")]
    return [{"name": n, "value": str(v), "why": w} for n, v, w in pairs]


def _fallback_divisor(uart: Uart, rate: int) -> int:
    """A rate the reset clock cannot make leaves the good divisor: the link is lost then, not the build."""
    try:
        return uart_divisor(uart, uart.fallback_clock_hz, rate)
    except BoardError:
        return uart_divisor(uart, uart.clock_hz, rate)


def _handlers(target: Board) -> list[dict[str, str]]:
    assert target.uart and target.timer
    rows = [{"function": "Reset_Handler", "why": "1"}]
    for number in range(2, 16):
        systick = number == 15 and target.timer.kind in ("dwt", "systick")
        rows.append({"function": "tn_systick_irq" if systick else "tn_fault_entry", "why": str(number)})
    for irq in range(target.irq_count):
        mine = irq == target.uart.irq
        rows.append({"function": "tn_uart_irq" if mine else "tn_fault_entry", "why": f"irq {irq}"})
    return rows


def _layout(target: Board, arena_region: str, stack_bytes: int, copy_bytes: int) -> dict[str, Any]:
    code, data = target.code_region, target.data_region
    boot = target.boot.length if target.boot else 0
    used = [r for r in target.memory if r in (code, data) or r.name == arena_region]
    regions = [{"name": r.name, "access": "rx" if r == code else "rw",
                "origin": f"0x{r.origin:08X}", "length": str(r.length)} for r in used]
    return {"regions": regions, "code": code.name, "data": data.name, "arena": arena_region,
            "arena_segment": "ram" if arena_region == data.name else "arena",
            "boot_length": boot, "vectors_align": target.vectors_align, "stack_bytes": stack_bytes,
            "copy_bytes": copy_bytes, "image_start": f"ORIGIN({code.name})"}
