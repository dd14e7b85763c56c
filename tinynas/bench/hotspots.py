"""Hot spots of one inference: which function, in which layer, with which kinds of instructions.

Everything comes from the emulator's exact counts of executed blocks (tinynas.target.emulate.profile), so no run
is disturbed and no sampling blurs it. A block belongs to the function its first instruction lies in. Functions
that the compiler has inlined count as the function they were inlined into."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tinynas.bench.cycles import Priced, price_blocks
from tinynas.bench.result import BenchResult
from tinynas.errors import MeasureError
from tinynas.target.elf import Symbol, functions
from tinynas.target.emulate.profile import counts_file, read_counts

UNKNOWN = "(no function)"


@dataclass(frozen=True)
class Spot:
    """One function in one layer (-1: before the first label; their number: after the last). `kinds`: executed
    instructions by kind ("mac", "load", ...). `cycles`: estimated, None where no model knows the core."""

    layer: int
    function: str
    instructions: int
    cycles: float | None
    kinds: Mapping[str, int]


@dataclass(frozen=True)
class Total:
    """Several spots together. `share`: of all instructions of the inference."""

    name: str
    instructions: int
    cycles: float | None
    share: float
    layers: Mapping[int, int]  # instructions by layer
    kinds: Mapping[str, int]


def spots_of(result: BenchResult) -> tuple[Spot, ...]:
    """The hot spots of a bench run in QEMU, from what the run has left beside its firmware.

    MeasureError when nothing was counted there (a board, or an emulator without plugins)."""
    folder = result.elf.parent.parent.parent
    if result.on != "qemu" or not counts_file(folder).is_file():
        raise MeasureError(f"nothing counts functions on '{result.on}': profile with --on qemu")
    return spots(price_blocks(read_counts(counts_file(folder)), result.elf, result.core), functions(result.elf))


def spots(priced: Iterable[Priced], known: Sequence[Symbol]) -> tuple[Spot, ...]:
    """Blocks summed by layer and function; `known`: functions in address order."""
    starts = [symbol.address for symbol in known]
    instructions: defaultdict[tuple[int, str], int] = defaultdict(int)
    cycles: dict[tuple[int, str], float | None] = {}
    kinds: defaultdict[tuple[int, str], defaultdict[str, int]] = defaultdict(lambda: defaultdict(int))
    for one in priced:
        key = (one.block.layer, _function(known, starts, one.block.address))
        instructions[key] += one.block.instructions * one.block.executions
        before = cycles.get(key, 0.0)
        cycles[key] = None if before is None or one.cycles is None else before + one.cycles
        for instruction in one.code:
            kinds[key][instruction.kind.name.lower()] += one.block.executions
    return tuple(Spot(*key, instructions[key], cycles[key], dict(kinds[key])) for key in sorted(instructions))


def _function(known: Sequence[Symbol], starts: Sequence[int], address: int) -> str:
    at = bisect_right(starts, address) - 1
    inside = at >= 0 and address < known[at].address + known[at].size
    return known[at].name if inside else UNKNOWN


def by_function(found: Sequence[Spot]) -> tuple[Total, ...]:
    """Functions, the costliest first."""
    return _totals(found, {spot.function: [] for spot in found}, lambda spot: spot.function)


def by_layer(found: Sequence[Spot], names: Sequence[str]) -> tuple[Total, ...]:
    """Layers in execution order under their `names`; what lies outside any layer comes last."""
    groups: dict[str, list[Spot]] = {f"{k}\0{name}": [] for k, name in enumerate(names)}
    keys = list(groups)
    totals = _totals(found, groups, lambda s: keys[s.layer] if 0 <= s.layer < len(keys) else "\0entry and exit")
    order = {key: k for k, key in enumerate(keys)}
    ordered = sorted(totals, key=lambda total: order.get(total.name, len(order)))
    return tuple(Total(t.name.split("\0", 1)[1], t.instructions, t.cycles, t.share, t.layers, t.kinds) for t in ordered)


def _totals(found: Sequence[Spot], groups: dict[str, list[Spot]], name: Any) -> tuple[Total, ...]:
    for spot in found:
        groups.setdefault(name(spot), []).append(spot)
    everything = sum(spot.instructions for spot in found) or 1
    totals = [_total(key, members, everything) for key, members in groups.items() if members]
    return tuple(sorted(totals, key=lambda total: -total.instructions))


def _total(name: str, members: Sequence[Spot], everything: int) -> Total:
    count = sum(spot.instructions for spot in members)
    cycles = [spot.cycles for spot in members]
    layers: defaultdict[int, int] = defaultdict(int)
    for spot in members:
        layers[spot.layer] += spot.instructions
    known = None if None in cycles else sum(c for c in cycles if c is not None)
    return Total(name, count, known, count / everything, dict(layers), mix(members))


def mix(found: Iterable[Spot]) -> dict[str, int]:
    """Executed instructions by kind, the most frequent first."""
    total: defaultdict[str, int] = defaultdict(int)
    for spot in found:
        for kind, count in spot.kinds.items():
            total[kind] += count
    return dict(sorted(total.items(), key=lambda item: -item[1]))


def to_json(found: Sequence[Spot], layers: Sequence[str]) -> dict[str, Any]:
    """{functions, layers, mix} as plain data; cycles are estimates."""
    return {
        "functions": [_total_json(total) for total in by_function(found)],
        "layers": [_total_json(total) for total in by_layer(found, layers)],
        "mix": mix(found),
    }


def _total_json(total: Total) -> dict[str, Any]:
    return {
        "name": total.name, "instructions": total.instructions,
        "cycles_estimated": None if total.cycles is None else round(total.cycles),
        "share": round(total.share, 6), "layers": {str(k): n for k, n in sorted(total.layers.items())},
        "mix": dict(total.kinds),
    }


def layer_names(result: BenchResult) -> list[str]:
    """"3 CONV_2D (conv_1x1_dsp) block3/pw" for every executed layer."""
    return [f"{layer.index} {layer.op} ({layer.path}) {layer.name}".strip() for layer in result.layers]
