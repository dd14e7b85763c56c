"""What a caller may ask of the compiler."""

from __future__ import annotations

from dataclasses import dataclass

from tinynas.errors import UsageError

FUSIONS = {"off": 1, "short": 3, "long": 64}  # the most operators executed together, row by row


@dataclass(frozen=True)
class CompileOptions:
    """`fuse`: off; short (pairs and triples, at most 5 % more instructions); long (any number of operators, the
    least arena at any price). A run is fused only where that lowers the arena."""

    fuse: str = "short"

    def __post_init__(self) -> None:
        if self.fuse not in FUSIONS:
            raise UsageError(f"cannot fuse '{self.fuse}': choose {', '.join(FUSIONS)}")
