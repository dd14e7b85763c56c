"""The predictor held against models it was not fitted on, in QEMU: instructions per layer and of the whole.

    python tools/predictor_table.py --board mps2-an500
    python tools/predictor_table.py --board mps2-an386 --archs 5 --json

The calibration is fitted to random single layers (tinynas.bench.layers). Here the five public reference models
and random architectures of the keyword space, weights random, are compiled, built, run and compared with the
TFLite Micro interpreter; every layer's predicted count is held against the exact one. The status is 1 when an
error is over its target or an output differs.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tools")]

from shared_models import shared_models  # noqa: E402

from tinynas.bench.layers import random_weights  # noqa: E402
from tinynas.bench.result import BenchResult  # noqa: E402
from tinynas.bench.run import bench  # noqa: E402
from tinynas.boards import Board, load_board  # noqa: E402
from tinynas.cli.output import print_json, print_table, say_note  # noqa: E402
from tinynas.compile import Program, check_fit, compile_graph  # noqa: E402
from tinynas.errors import BudgetError, TinynasError  # noqa: E402
from tinynas.graph import Graph  # noqa: E402
from tinynas.graph.read_tflite import read_tflite  # noqa: E402
from tinynas.space import KwsConv, arch_graph  # noqa: E402

INPUTS = ((49, 40, 1), (49, 10, 1), (98, 40, 1), (32, 32, 1))  # frames x bands the architectures are drawn for
MAX_MACS = 4_000_000
SCALED = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "ADD", "MEAN")
TARGETS = {"layer_median": 0.02, "layer_p90": 0.06, "whole_model": 0.02}


@dataclass(frozen=True)
class LayerError:
    """`error`: (predicted - measured) / measured instructions; `cycles_error`: the same of estimated cycles."""

    model: str
    path: str
    measured: int
    predicted: float
    error: float
    cycles_error: float | None
    features: dict[str, float]


@dataclass(frozen=True)
class ModelError:
    model: str
    measured: int
    predicted: float
    error: float
    cycles_error: float | None
    outputs_different: int


def random_graphs(count: int, seed: int) -> Iterator[Graph]:
    """`count` different architectures of the keyword space with random weights."""
    rng = np.random.default_rng(seed)
    seen: set[str] = set()
    while len(seen) < count:
        arch = KwsConv(INPUTS[len(seen) % len(INPUTS)], 12).random_arch(rng)
        graph = arch_graph(arch)
        if arch.id in seen or graph.macs > MAX_MACS:
            continue
        seen.add(arch.id)
        yield random_weights(random_scales(graph, rng), rng)


def random_scales(graph: Graph, rng: np.random.Generator) -> Graph:
    """Activations with scales of their own, as an export's have: costs of ADD depend on which operand's is larger."""
    tensors = list(graph.tensors)
    for op in graph.ops:
        for t in op.outputs:
            own = tensors[t].quantization
            if own is None or op.kind == "SOFTMAX":
                continue
            if op.kind in SCALED:
                scale = float(np.float32(own.scale[0] * 2 ** rng.uniform(-0.7, 0.7)))
                tensors[t] = replace(tensors[t], quantization=replace(own, scale=(scale,)))
            else:
                tensors[t] = replace(tensors[t], quantization=tensors[op.inputs[0]].quantization)
    return replace(graph, tensors=tuple(tensors))


def layer_errors(program: Program, result: BenchResult) -> list[LayerError]:
    found = []
    for step, layer in zip(program.steps, result.layers, strict=True):
        assert layer.instructions
        features = getattr(step.path, "features", None)
        found.append(LayerError(
            result.model, layer.path, layer.instructions, layer.predicted_instructions,
            layer.predicted_instructions / layer.instructions - 1,
            _ratio(layer.predicted_cycles, layer.cycles_estimated),
            dict(features(step.op, program.graph)) if features else {},
        ))
    return found


def model_error(result: BenchResult) -> ModelError:
    assert result.instructions
    predicted = result.predicted.instructions
    return ModelError(result.model, result.instructions, predicted, predicted / result.instructions - 1,
                      _ratio(result.predicted.cycles, result.cycles_estimated), result.outputs_different)


def _ratio(predicted: float, measured: int | None) -> float | None:
    return predicted / measured - 1 if measured else None


def summary(layers: Sequence[LayerError], models: Sequence[ModelError]) -> dict[str, float]:
    """Median and 90th percentile of the layers' absolute errors, the largest of the models'; the same of cycles."""
    errors = np.abs([layer.error for layer in layers])
    whole = np.abs([model.error for model in models])
    cycles = np.abs([x.cycles_error for x in layers if x.cycles_error is not None] or [np.nan])
    whole_cycles = np.abs([x.cycles_error for x in models if x.cycles_error is not None] or [np.nan])
    return {
        "layer_median": float(np.median(errors)), "layer_p90": float(np.quantile(errors, 0.9)),
        "whole_model": float(whole.max()), "whole_model_median": float(np.median(whole)),
        "cycles_layer_median": float(np.median(cycles)), "cycles_layer_p90": float(np.quantile(cycles, 0.9)),
        "cycles_whole_model": float(whole_cycles.max()),
    }


def missed(found: dict[str, float], models: Sequence[ModelError]) -> list[str]:
    """Targets that are not met, in words."""
    words = [f"{name} {found[name]:.1%} is over {limit:.0%}" for name, limit in TARGETS.items() if found[name] > limit]
    return words + [f"{m.model}: {m.outputs_different} outputs differ" for m in models if m.outputs_different]


def run(board: Board, graphs: Sequence[tuple[str, Graph]]) -> tuple[list[LayerError], list[ModelError]]:
    """Every graph on the board's stand-in; one that does not fit is left out and said so."""
    layers: list[LayerError] = []
    models: list[ModelError] = []
    for name, graph in graphs:
        program = compile_graph(graph, board)
        try:
            check_fit(program)
            result = bench(program, board, inputs=1)
        except BudgetError as error:
            say_note(f"{name} is left out: {error}")
            continue
        say_note(f"{name}: {result.instructions:,} instructions, predicted {result.predicted.instructions:,.0f}")
        layers += layer_errors(program, result)
        models.append(model_error(result))
    return layers, models


def _print(layers: Sequence[LayerError], models: Sequence[ModelError], found: dict[str, float]) -> None:
    rows = [(m.model, f"{m.measured:,}", f"{m.predicted:,.0f}", f"{m.error:+.2%}",
             "-" if m.cycles_error is None else f"{m.cycles_error:+.2%}",
             "yes" if m.outputs_different == 0 else "NO") for m in models]
    print_table("models", ("model", ">instructions", ">predicted", ">error", ">cycles error", "outputs equal"), rows)
    print()
    by_path = []
    for path in sorted({layer.path for layer in layers}):
        errors = np.abs([layer.error for layer in layers if layer.path == path])
        by_path.append((path, len(errors), f"{np.median(errors):.2%}", f"{np.quantile(errors, 0.9):.2%}",
                        f"{errors.max():.2%}"))
    print_table("kernel paths", ("kernel path", ">layers", ">median", ">p90", ">largest"), by_path)
    print()
    for name, value in found.items():
        target = f" (target {TARGETS[name]:.0%})" if name in TARGETS else ""
        print(f"{name}: {value:.2%}{target}")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--board", default="mps2-an500")
    parser.add_argument("--archs", type=int, default=20, help="random architectures")
    parser.add_argument("--seed", type=int, default=2026)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--out", type=Path, help="write the JSON there too")
    options = parser.parse_args(arguments)
    try:
        board = load_board(options.board)
        graphs = [(path.stem, read_tflite(path)) for path in shared_models()]
        graphs += [(graph.name, graph) for graph in random_graphs(options.archs, options.seed)]
        layers, models = run(board, graphs)
    except TinynasError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    found = summary(layers, models)
    words = missed(found, models)
    plain: dict[str, Any] = {"board": board.name, "core": board.core.name, "seed": options.seed, "summary": found,
                             "targets": TARGETS, "missed": words, "models": [asdict(m) for m in models],
                             "layers": [asdict(x) for x in layers]}
    if options.out:
        options.out.write_text(json.dumps(plain, indent=1))
    if options.json:
        print_json(plain)
    else:
        _print(layers, models, found)
        for line in words:
            print(f"MISSED: {line}")
    return 1 if words else 0


if __name__ == "__main__":
    sys.exit(main())
