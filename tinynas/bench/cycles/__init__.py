"""Cycle estimates from exact execution counts: an in-order pipeline model per core, with documented timings.

An estimate, never a measurement: held against published silicon figures the M4, M33 and M7 models are within
about 10 % (median) and 25 % (worst case) before a board's own flash factor; see docs/measuring.md."""

from tinynas.bench.cycles.estimate import Cycles, Priced, estimate_cycles, price_blocks
from tinynas.bench.cycles.models import has_model

__all__ = ["Cycles", "Priced", "estimate_cycles", "has_model", "price_blocks"]
