"""Boards: read from TOML, one file each; Python never names one.

A board is its core, clock, memories, UART, timer, how it is flashed and how it is emulated, and
the source of every figure.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Core:
    """A processor core and what kernel paths may use on it."""

    name: str  # "cortex-m7", ..., or "host"
    dsp: bool = False  # ARMv7E-M DSP instructions (SMLAD, SXTB16)
    mve: bool = False  # Helium
    fpu: str = ""  # gcc's -mfpu, "" for none
    unaligned: bool = True  # unaligned word access allowed


HOST = Core("host")


@dataclass(frozen=True)
class Board:
    """Skeleton; the owner of this file completes it (see docs/architecture.md, Boards)."""

    name: str
    core: Core
    clock_hz: int
    flash_bytes: int
    sram_bytes: int
