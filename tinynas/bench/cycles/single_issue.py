"""Cores that start one instruction a cycle: Cortex-M0+, M4, M33, and, without Helium's overlap, M55.

Timings of M4 and M33 (zero wait states): ALU and MAC 1; a load 2, but 1 when it follows a load or store whose
result does not form its address; store 1; LDM/STM 1 + N; LDRD/STRD 3; divide 6; IT 0 after an ALU instruction,
else 1; a taken branch 2 more; FP load/store 2, multiply-add 3, divide 14, one more on a dependency.
M0+: the published two-stage timings (load and store 2, taken branch 2). M55: a first approximation, unchecked:
a Helium instruction takes 2 cycles (64 bits a cycle), 1 when its neighbour uses another unit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tinynas.bench.cycles.decode import Instruction, Kind

_MEMORY = {Kind.LOAD, Kind.STORE, Kind.LOAD_PAIR, Kind.STORE_PAIR, Kind.LOAD_MANY, Kind.STORE_MANY}
_FLOATS = {Kind.FLOAT, Kind.FLOAT_MAC, Kind.FLOAT_DIVIDE, Kind.FLOAT_LOAD}
_VECTOR_UNIT = {Kind.VECTOR: "alu", Kind.VECTOR_MAC: "mac", Kind.VECTOR_LOAD: "memory", Kind.VECTOR_STORE: "memory"}


@dataclass(frozen=True)
class Timing:
    """Cycles of one core."""

    load: int = 2
    pipelined_load: int = 1
    store: int = 1
    many: int = 1  # LDM/STM: this and one a register
    pair: int = 3
    divide: int = 6
    taken: int = 2  # more
    free_it: bool = True


M4 = Timing()
M0PLUS = Timing(load=2, pipelined_load=2, store=2, divide=2, taken=1, free_it=False)
M55 = Timing(load=1, pipelined_load=1, store=1, many=0, pair=1, divide=8, taken=1)


def block_cycles(block: Sequence[Instruction], timing: Timing, before: Instruction | None = None) -> float:
    """Cycles of one run through the block, branch not taken. `before`: what ran before it."""
    total = 0.0
    last = before
    for instruction in block:
        total += _cycles(instruction, last, timing)
        last = instruction
    return total


def _cycles(i: Instruction, last: Instruction | None, t: Timing) -> float:
    if i.kind in (Kind.LOAD, Kind.FLOAT_LOAD):
        pipelined = last is not None and last.kind in _MEMORY and not (last.writes & i.address)
        return t.pipelined_load if pipelined and i.kind is Kind.LOAD else t.load
    if i.kind in (Kind.STORE, Kind.FLOAT_STORE):
        return t.store if i.kind is Kind.STORE else 2
    if i.kind in (Kind.LOAD_MANY, Kind.STORE_MANY):
        return t.many + i.count
    if i.kind in (Kind.LOAD_PAIR, Kind.STORE_PAIR):
        return t.pair
    if i.kind is Kind.DIVIDE:
        return t.divide
    if i.kind is Kind.IT:
        return 0 if t.free_it and last is not None and last.kind in (Kind.ALU, Kind.MAC, Kind.DSP) else 1
    if i.kind in _FLOATS:
        wait = 1 if last is not None and last.kind in _FLOATS and last.writes & i.reads else 0
        return {Kind.FLOAT_MAC: 3, Kind.FLOAT_DIVIDE: 14}.get(i.kind, 1) + wait
    if i.kind in _VECTOR_UNIT:
        other = last is not None and last.kind in _VECTOR_UNIT and _VECTOR_UNIT[last.kind] != _VECTOR_UNIT[i.kind]
        return 1 if other else 2
    return 1
