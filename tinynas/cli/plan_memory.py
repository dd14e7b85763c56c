"""What `tinynas plan` says about the arena: the map over time, the bottleneck, what would lower it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from tinynas.compile import CompileOptions, Program
from tinynas.compile.explain import LOWER, explain, find_positions, suggestion_lines, summary
from tinynas.compile.memory_map import MemoryMap, memory_map
from tinynas.compile.options import FUSIONS
from tinynas.compile.suggest import Replan, Suggestion, suggestions
from tinynas.errors import UsageError
from tinynas.report.memory_page import memory_page
from tinynas.report.memory_svg import memory_svg
from tinynas.report.memory_text import map_lines
from tinynas.runs import atomic_write_text

PICTURES = (".svg", ".html")


@dataclass(frozen=True)
class Story:
    """A program's arena, told once and shown in several ways. `replan` compiles a changed graph as the user
    asked; `options`: what else could be asked for, in words."""

    program: Program
    replan: Replan
    options: Mapping[str, Callable[[], Program]] | None = None

    @cached_property
    def told(self) -> MemoryMap:
        return memory_map(self.program)

    @cached_property
    def found(self) -> tuple[Suggestion, ...]:
        """What would lower the arena."""
        return suggestions(self.program, self.told, self.replan, self.told.bottlenecks, self.options)

    @cached_property
    def limits(self) -> list[str]:
        return summary(self.program, self.told)

    def to_json(self) -> dict[str, Any]:
        """All of it as plain data; positions count in execution order, buffers are named by their tensor."""
        told = asdict(self.told)
        del told["bottlenecks"], told["model"], told["board"], told["ends_need_bytes"]
        at = self.told.bottlenecks
        return told | {
            "bottleneck": {
                "positions": at, "operators": [k for p in at for k in self.told.steps[p].op_indices],
                "need_bytes": max(self.told.most_needed_bytes, self.told.ends_need_bytes),
            },
            "summary": self.limits,
            "suggestions": [asdict(s) for s in self.found],
        }

    def print(self) -> None:
        """The map, the bottleneck and what would lower it."""
        columns = shutil.get_terminal_size((110, 24)).columns
        for line in (*map_lines(self.told, columns), *self.limits, *suggestion_lines(self.found, self.told)):
            print(line)

    def why(self, wanted: str) -> tuple[tuple[int, ...], list[str]]:
        """(positions meant, why the first needs what it needs, in lines: the others are as tight, and named).
        UsageError when nothing is meant."""
        positions = find_positions(self.told, wanted)
        lines = explain(self.program, self.told, positions[0])
        tight = set(positions) & set(self.told.bottlenecks)
        return positions, lines + (suggestion_lines(self.found, self.told) if tight else self.limits)

    def write(self, path: Path) -> None:
        """The picture, as SVG or as a page, by the file's ending."""
        notes = self.limits
        if path.suffix.lower() == ".svg":
            atomic_write_text(path, memory_svg(self.told, notes))
            return
        first = self.told.bottlenecks[:1]
        sections: Sequence[tuple[str, Sequence[str]]] = (
            ("What limits it", notes),
            (LOWER, suggestion_lines(self.found, self.told)[1 if self.found else 0:]),
            ("The bottleneck", [line for p in first for line in explain(self.program, self.told, p)]),
        )
        atomic_write_text(path, memory_page(self.told, sections))


def check_picture(path: Path | None) -> None:
    """UsageError for an ending that is no kind of picture."""
    if path is not None and path.suffix.lower() not in PICTURES:
        raise UsageError(f"--picture {path}: end it in {' or '.join(PICTURES)}")


def stronger(options: CompileOptions) -> list[str]:
    """The fusions that go further than the one asked for."""
    levels = list(FUSIONS)
    return levels[levels.index(options.fuse) + 1:]
