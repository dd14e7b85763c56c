"""From a run folder's `search.json` to its report."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tinynas.errors import UsageError
from tinynas.report.markdown import FrontRow, Measured, RunReport, Scores, render_markdown
from tinynas.runs import atomic_write_text

BUDGET_NAMES = {"sram_bytes": "SRAM", "flash_bytes": "flash", "latency_ms": "latency"}


def write_report(
    folder: str | Path, comparison: Sequence[Measured] = (), commands: Sequence[str] = (),
) -> Path:
    """Write `report.md` into a run folder; returns its path. UsageError when no search finished there."""
    report = report_of(load_facts(folder), comparison, commands)
    return atomic_write_text(Path(folder) / "report.md", render_markdown(report))


def load_facts(folder: str | Path) -> dict[str, Any]:
    """`search.json` of a run folder."""
    file = Path(folder) / "search.json"
    try:
        facts: dict[str, Any] = json.loads(file.read_text())
    except FileNotFoundError:
        raise UsageError(f"{folder} holds no finished search (no search.json)") from None
    except (OSError, ValueError) as error:
        raise UsageError(f"{file} cannot be read: {error}") from error
    return facts


def report_of(facts: Mapping[str, Any], comparison: Sequence[Measured] = (),
              commands: Sequence[str] = ()) -> RunReport:
    """The report's contents from a search's facts."""
    winner, data = facts["winner"], facts["dataset"]
    rows = [_row(entry, entry["stage"], entry["accuracy"]) for entry in facts["trained"]]
    chosen = [e for e in facts["trained"] if e["arch_id"] == winner["arch_id"]]
    best = max(chosen, key=lambda e: float(e["accuracy"]))
    versions = ", ".join(f"{name} {version}" for name, version in facts["versions"].items())
    return RunReport(
        title=f"{facts['task']} on {facts['board']}",
        board=f"{facts['board']} at {facts['clock_hz'] / 1e6:g} MHz",
        budgets={name: _limit(key, facts["budgets"][key]) for key, name in BUDGET_NAMES.items()
                 if facts["budgets"].get(key) is not None},
        dataset=data["source"], synthetic=data["synthetic"],
        candidates_costed=facts["candidates_costed"], candidates_trained=facts["candidates_trained"],
        seconds=facts["seconds"], rows=rows, winner=rows[facts["trained"].index(best)],
        classes=data["classes"],
        scores=[_scores("validation speakers (the choice was made here)", winner["val"]),
                _scores("test speakers (looked at once)", winner["test"])],
        comparison=comparison, commands=commands,
        notes=(f"Space {facts['space']}, strategy {facts['strategy']}, seed {facts['seed']}.",
               "SRAM, flash and latency are of network and front end together, without test harness; latency "
               "is one hop of the front end and one inference, estimated from predicted instructions at one "
               "a cycle.",
               f"Versions: {versions}."),
    )


def _row(entry: Mapping[str, Any], stage: str, accuracy: float) -> FrontRow:
    cost = entry["cost"]
    return FrontRow(entry["arch_id"], entry["description"], stage, accuracy, cost["sram_bytes"],
                    cost["flash_bytes"], cost["latency_ms"], cost["macs"])


def _scores(side: str, value: Mapping[str, Any]) -> Scores:
    low, high = value["interval95"]
    return Scores(side, value["accuracy"], (low, high), value["clips"], value["confusion"])


def _limit(key: str, value: float) -> str:
    return f"{value:g} ms" if key == "latency_ms" else f"{value / 1024:g} KB"
