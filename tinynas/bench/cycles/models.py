"""Which pipeline model stands for which core, and how far to trust it."""

from __future__ import annotations

from dataclasses import dataclass

from tinynas.bench.cycles.single_issue import M0PLUS, M4, M55, Timing


@dataclass(frozen=True)
class Model:
    """`timing` None: the dual-issue model. `band`: half width of the figure's band, as a fraction."""

    timing: Timing | None
    band: float
    source: str


MODELS = {
    "cortex-m4": Model(M4, 0.25, "single-issue model, rules fitted to published M4 figures"),
    "cortex-m33": Model(M4, 0.25, "single-issue model, rules fitted to published M33 figures"),
    "cortex-m7": Model(None, 0.20, "dual-issue model, rules fitted to published M7 figures"),
    "cortex-m0plus": Model(M0PLUS, 0.30, "documented M0+ timings, not checked against silicon"),
    "cortex-m55": Model(M55, 0.50, "rough M55 model, not checked against silicon"),
}


def has_model(core: str) -> bool:
    return core in MODELS
