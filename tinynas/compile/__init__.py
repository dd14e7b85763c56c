"""Graph + board -> Program: chooses kernel paths, makes views, plans memory, foots up bytes and instructions."""

from tinynas.compile.compiler import compile_graph
from tinynas.compile.fit import Budgets, check_fit
from tinynas.compile.options import CompileOptions
from tinynas.compile.program import Flash, Program, Sram, Step

__all__ = ["Budgets", "CompileOptions", "Flash", "Program", "Sram", "Step", "check_fit", "compile_graph"]
