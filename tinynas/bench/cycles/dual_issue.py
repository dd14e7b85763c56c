"""Cortex-M7: in order, up to two instructions a cycle.

Rules (fitted to published silicon figures): MAC and DSP instructions only in the older slot; one shifted or
extended operand a cycle; never two stores, two floating-point instructions or two branches together; LDM/STM,
LDRD/STRD and divide alone (LDM/STM (N + 1) / 2 cycles). A loaded value can be used after 2 cycles, a MAC's after
2 (after 1 as the addend of the next MAC), a written-back base after 1, everything else after 1. A mispredicted
branch costs 8."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from tinynas.bench.cycles.decode import Instruction, Kind

MISPREDICTED = 8
_ALONE = {Kind.LOAD_MANY, Kind.STORE_MANY, Kind.LOAD_PAIR, Kind.STORE_PAIR, Kind.DIVIDE}
_LOADS = {Kind.LOAD, Kind.LOAD_PAIR, Kind.LOAD_MANY, Kind.FLOAT_LOAD}
_STORES = {Kind.STORE, Kind.FLOAT_STORE}
_FLOATS = {Kind.FLOAT, Kind.FLOAT_MAC, Kind.FLOAT_DIVIDE, Kind.FLOAT_LOAD, Kind.FLOAT_STORE}
_BUSY = {Kind.DIVIDE: 6, Kind.FLOAT_DIVIDE: 14}


@dataclass
class _Pipeline:
    cycle: int = 0  # of the last instruction issued
    older: Instruction | None = None  # what was issued alone so far in that cycle
    free: int = 0  # the first cycle anything may issue in
    ready: dict[str, int] = field(default_factory=dict)  # register -> first cycle it can be used
    addend: dict[str, int] = field(default_factory=dict)  # the same for a MAC that adds to it

    def issue(self, i: Instruction) -> None:
        at = max(self.free, self.cycle, self._operands(i))
        pairs = at == self.cycle and self.older is not None and _pair(self.older, i)
        if at == self.cycle and not pairs:
            at += 1
        self.cycle, self.older = at, None if pairs or i.kind in _ALONE else i
        busy = _BUSY.get(i.kind, (i.count + 1) // 2 if i.kind in (Kind.LOAD_MANY, Kind.STORE_MANY) else 1)
        self.free = at + busy if i.kind in _ALONE or busy > 1 else at
        self._results(i, at + busy - 1)

    def _operands(self, i: Instruction) -> int:
        return max((self.addend.get(r, 0) if r == i.accumulates else self.ready.get(r, 0) for r in i.reads), default=0)

    def _results(self, i: Instruction, at: int) -> None:
        slow = i.kind in _LOADS or i.kind in (Kind.MAC, Kind.FLOAT_MAC)
        for register in i.writes:
            self.ready[register] = at + (1 if register in (i.base, "flags") else 2 if slow else 1)
            self.addend[register] = at + 1 if i.kind is Kind.MAC else self.ready[register]


def _pair(older: Instruction, younger: Instruction) -> bool:
    if older.kind in _ALONE or younger.kind in _ALONE or younger.kind in (Kind.MAC, Kind.DSP) or older.flow:
        return False
    if older.shifted and younger.shifted:
        return False
    if older.writes & (younger.reads | younger.writes) - {"pc"}:
        return False
    return not any(older.kind in group and younger.kind in group for group in (_STORES, _FLOATS))


def loop_cycles(block: Sequence[Instruction], rounds: int = 6) -> tuple[float, float]:
    """(cycles of one run from rest, cycles of each further run right after it)."""
    pipeline = _Pipeline(cycle=-1)
    ends = []
    for _ in range(rounds):
        for instruction in block:
            pipeline.issue(instruction)
        ends.append(pipeline.cycle + 1)
    half = rounds // 2
    return float(ends[0]), (ends[-1] - ends[half - 1]) / (rounds - half)
