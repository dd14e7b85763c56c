"""TFLite Micro: its interpreter as oracle, and the arena it would need on the device."""

from tinynas.tflm.arena import TflmArena, tflm_arena
from tinynas.tflm.oracle import interpreter_run
from tinynas.tflm.resolver import arena_lines, resolver_lines

__all__ = ["TflmArena", "arena_lines", "interpreter_run", "resolver_lines", "tflm_arena"]
