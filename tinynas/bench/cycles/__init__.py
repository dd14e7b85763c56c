"""Cycle estimates from exact execution counts: an in-order pipeline model per core, with documented timings.

An estimate, never a measurement: the rules are those that fitted published silicon figures best, but this
implementation has not been held against a board; see docs/measuring.md."""

from tinynas.bench.cycles.estimate import Cycles, Priced, estimate_cycles, price_blocks
from tinynas.bench.cycles.models import has_model

__all__ = ["Cycles", "Priced", "estimate_cycles", "has_model", "price_blocks"]
