"""What a board is: plain frozen data, no behaviour beyond looking things up.

Addresses and lengths are in bytes, clocks in Hz. A figure nobody has a source for is None; what
needs it must refuse, naming the figure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tinynas.boards.core import Core
from tinynas.errors import BoardError


@dataclass(frozen=True)
class Step:
    """One step of a register sequence. `do`:

    write: [address] = value; set: |= value; clear: &= ~value; modify: bits of mask become value;
    wait: until ([address] & mask) == value, bounded; delay: about `value` core cycles."""

    do: str
    address: int
    value: int
    mask: int
    why: str


@dataclass(frozen=True)
class Region:
    """A memory. `use`: any of "code", "data" (with the stack), "arena", "spare"."""

    name: str
    origin: int
    length: int
    use: tuple[str, ...]
    wait_states: int | None  # of the core's data accesses; None: unknown
    cached: bool
    source: str

    @property
    def end(self) -> int:
        return self.origin + self.length


@dataclass(frozen=True)
class Clock:
    """How the core's clock is reached. `fallback` is run when a wait of `setup` ran out; the
    core then runs at `reset_hz`."""

    hz: int
    reset_hz: int
    setup: tuple[Step, ...]
    fallback: tuple[Step, ...]
    how: str
    flash_wait_states: int | None
    prefetch: bool | None
    icache: bool  # the core's own caches (SCB), switched on by start-up
    dcache: bool
    accelerator: str  # what else stands between flash and core, "" for nothing
    source: str


@dataclass(frozen=True)
class Uart:
    kind: str  # one of firmware/runtime/uart_KIND.c
    base: int
    irq: int  # of received bytes
    clock_hz: int
    fallback_clock_hz: int  # its clock when the clock set-up failed
    baud: int
    divisor_scale: int  # 1, or 256 for an LPUART
    setup: tuple[Step, ...]  # gates, pins
    pins: str  # in words, for people who must connect a wire
    source: str


@dataclass(frozen=True)
class Timer:
    kind: str  # one of firmware/runtime/timer_KIND.c
    base: int
    irq: int | None
    hz: int
    source: str


@dataclass(frozen=True)
class Marker:
    """A pin raised around every inference, for a power meter or a logic analyser."""

    setup: tuple[Step, ...]
    high_address: int
    high_value: int
    low_address: int
    low_value: int
    pin: str
    source: str


@dataclass(frozen=True)
class Power:
    milliwatts: float
    low: float
    high: float
    at: str
    source: str


@dataclass(frozen=True)
class FlashFactor:
    """Cycles on this board over cycles with zero-wait memory (see docs on measuring)."""

    value: float
    low: float
    high: float
    calibrated: bool
    source: str


@dataclass(frozen=True)
class Emulation:
    """How QEMU stands in for the board: a machine with the same instructions, holding the
    board's own flash and RAM sizes at the machine's addresses."""

    machine: str
    machine_core: Core
    memory: tuple[Region, ...]
    uart: Uart
    timer: Timer
    clock_hz: int
    testdata_origin: int  # RAM outside the board's own limits, filled by the host before start
    testdata_length: int
    icount_shift: int  # virtual time is 2**shift ns per instruction

    def instructions(self, ticks: int) -> int:
        """Exact instructions executed during `ticks` of the emulated timer.

        A tick count is truncated, so a difference of two is off by less than one tick, which is
        less than half an instruction on every machine we ship."""
        tick_ns_times_hz = 1_000_000_000
        per = self.timer.hz << self.icount_shift
        return (2 * ticks * tick_ns_times_hz + per) // (2 * per)


@dataclass(frozen=True)
class Boot:
    """A first-stage loader in front of the vectors."""

    kind: str
    length: int
    source: str


@dataclass(frozen=True)
class Board:
    """One board, or (after `variant("qemu")`) its stand-in in an emulator.

    `flash_bytes`: what an image may fill (bootloader excluded). `sram_bytes`: the largest memory
    one arena can lie in. Both are limits for a user's model on the main regions."""

    name: str
    core: Core
    clock_hz: int
    flash_bytes: int
    sram_bytes: int
    title: str = ""
    memory: tuple[Region, ...] = ()
    clock: Clock | None = None
    uart: Uart | None = None
    timer: Timer | None = None
    boot: Boot | None = None
    marker: Marker | None = None
    power: Power | None = None
    flash_factor: FlashFactor | None = None
    emulate: Emulation | None = None
    vectors_align: int = 256
    irq_count: int = 0
    flash_tools: Mapping[str, Mapping[str, Any]] = field(default_factory=dict, hash=False)
    notes: tuple[str, ...] = ()
    emulated: bool = False

    @property
    def power_milliwatts(self) -> float | None:
        return self.power.milliwatts if self.power else None

    def region(self, name: str) -> Region:
        for region in self.memory:
            if region.name == name:
                return region
        known = ", ".join(r.name for r in self.memory)
        raise BoardError(f"board {self.name}: no memory region '{name}' (it has {known})")

    def regions_for(self, use: str) -> tuple[Region, ...]:
        return tuple(r for r in self.memory if use in r.use)

    @property
    def code_region(self) -> Region:
        return self._only("code")

    @property
    def data_region(self) -> Region:
        return self._only("data")

    def _only(self, use: str) -> Region:
        regions = self.regions_for(use)
        if len(regions) != 1:
            raise BoardError(f"board {self.name}: {len(regions)} memory regions have use '{use}', "
                             "exactly one must")
        return regions[0]

    def arena_region(self, arena_bytes: int) -> Region:
        """The first region listed for arenas that holds so many bytes, else BoardError."""
        for region in self.regions_for("arena"):
            if arena_bytes <= region.length:
                return region
        raise BoardError(f"board {self.name}: an arena of {arena_bytes} bytes fits no region "
                         f"(largest: {self.sram_bytes} bytes)")
