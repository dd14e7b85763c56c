"""Memory: operator order, overlap, offsets, proof, replay. Knows no operators and no prices."""

from tinynas.memory.need import arena_bound
from tinynas.memory.plan import Plan
from tinynas.memory.planner import plan_memory
from tinynas.memory.problem import Problem, Step

__all__ = ["Plan", "Problem", "Step", "arena_bound", "plan_memory"]
