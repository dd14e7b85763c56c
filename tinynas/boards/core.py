"""A processor core: what kernel paths may use on it, and the compiler flags that say so."""

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


def gcc_flags(core: Core) -> tuple[str, ...]:
    """Flags of arm-none-eabi-gcc that select this core; empty for the host."""
    if core.name == HOST.name:
        return ()
    flags = [f"-mcpu={core.name}", "-mthumb"]
    if core.fpu:
        flags += [f"-mfpu={core.fpu}", "-mfloat-abi=hard"]
    else:
        flags += ["-mfloat-abi=soft"]
    return tuple(flags)
