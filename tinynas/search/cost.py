"""What a candidate costs, by the very compiler that would build it, and how far it is from the budgets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from tinynas.compile import Budgets
from tinynas.space import Arch


@dataclass(frozen=True)
class Cost:
    """Predicted costs of one architecture on one board, front end included, harness not.

    latency_ms: for audio, one hop of the front end and one inference, estimated."""

    sram_bytes: int
    flash_bytes: int
    instructions: float
    latency_ms: float
    macs: int

    def to_json(self) -> dict[str, float]:
        return asdict(self)

    @staticmethod
    def from_json(value: Mapping[str, Any]) -> Cost:
        return Cost(int(value["sram_bytes"]), int(value["flash_bytes"]), float(value["instructions"]),
                    float(value["latency_ms"]), int(value["macs"]))


CostOf = Callable[[Arch], Cost]  # raises ModelError when no kernel path can run an operator

NAMES = {"sram_bytes": "SRAM", "flash_bytes": "flash", "latency_ms": "latency"}


def overruns(cost: Cost, budgets: Budgets) -> dict[str, float]:
    """Budget -> how much of it is missing, for each budget the cost breaks (bytes or milliseconds)."""
    limits = asdict(budgets)
    return {name: getattr(cost, name) - limits[name] for name in NAMES
            if limits[name] is not None and getattr(cost, name) > limits[name]}


def distance(cost: Cost, budgets: Budgets) -> float:
    """0 when the budgets are kept, else the sum of overruns, each as a share of its budget."""
    limits = asdict(budgets)
    return float(sum(over / max(limits[name], 1e-9) for name, over in overruns(cost, budgets).items()))


def overruns_in_words(cost: Cost, budgets: Budgets) -> str:
    """`flash by 12,345 bytes (212,345 of 200,000), latency by 1.20 ms (6.20 of 5.00)`"""
    parts = []
    for name, over in overruns(cost, budgets).items():
        need, limit = getattr(cost, name), getattr(budgets, name)
        parts.append(f"{NAMES[name]} by {over:.2f} ms ({need:.2f} of {limit:.2f})" if name == "latency_ms"
                     else f"{NAMES[name]} by {over:,} bytes ({need:,} of {limit:,})")
    return ", ".join(parts)
