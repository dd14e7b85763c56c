"""The failures all tools share, each in its own words: what they mean and what to do is said once, here.

`again`: where the cause may pass by itself (a probe that is still being let go, a loose cable)."""

from __future__ import annotations

from tinynas.target.flash.interface import Failure


def no_permission(pattern: str) -> Failure:
    return Failure(pattern, "no permission to open the probe: {rule}")


def held(pattern: str) -> Failure:
    return Failure(pattern, "the probe is held by another program: end the debugger or IDE that uses "
                            "it", True)


def no_probe(pattern: str) -> Failure:
    return Failure(pattern, "no probe was found: connect the board's debug USB port (`tinynas probes`)", True)


def not_here(pattern: str) -> Failure:
    return Failure(pattern, "no probe with serial number {serial}: `tinynas probes` lists those that are "
                            "here", True)


def several(pattern: str) -> Failure:
    return Failure(pattern, "several probes are connected: name one with --probe (`tinynas probes`)")


def locked(pattern: str) -> Failure:
    return Failure(pattern, "the chip of board {board} is locked; unlocking erases it: {unlock}")


def unreachable(pattern: str) -> Failure:
    return Failure(pattern, "the probe does not reach the chip: power the board, check its jumpers and the "
                            "debug cable", True)


def differs(pattern: str) -> Failure:
    return Failure(pattern, "what was read back differs from what was written", True)
