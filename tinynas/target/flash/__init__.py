"""Flashing: an image onto a board, one file per tool behind one small interface (interface.py).

`flash(elf, board)` chooses the tool from the board's file and the probe by its serial number, tries once more
when the failure may pass, and turns the tool's own words into one line with the next step."""

from tinynas.target.flash.flasher import TOOLS, Flashed, describe, flash, tool_for, tool_named, tools_of
from tinynas.target.flash.interface import Failure, FlashError, Job, Probe, Tool
from tinynas.target.flash.probes import list_probes, seen_on_this_machine
from tinynas.target.flash.udev import rules_text

__all__ = ["TOOLS", "Failure", "FlashError", "Flashed", "Job", "Probe", "Tool", "describe", "flash",
           "list_probes", "rules_text", "seen_on_this_machine", "tool_for", "tool_named", "tools_of"]
