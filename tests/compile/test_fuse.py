"""Fused runs: the same bits, a smaller arena, and everything predicted as it is found."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.codegen.host_model import HOST_BOARD, HostModel
from tests.graph.strategies import graph_inputs
from tinynas.boards import HOST, load_board
from tinynas.compile import CompileOptions, Program, compile_graph
from tinynas.compile.footprint import PROGRESS_BYTES
from tinynas.compile.fused_path import FIELD_BYTES, PARAMS_BYTES, STAGE_BYTES, TENSOR_BYTES, FusedPath
from tinynas.cost import Coefficients, PathCost
from tinynas.errors import UsageError
from tinynas.graph import Graph, Quantization
from tinynas.graph.builder import GraphBuilder
from tinynas.graph.read_tflite import read_tflite
from tinynas.graph.run import run
from tinynas.kernels import PATHS
from tinynas.resources import resource_dir

MODELS = ("ad01_int8", "kws_ref_model", "pretrainedResnet_quant", "str_ww_ref_model", "vww_96_int8")
SHORT_LIMITS = {"vww_96_int8": 27_988, "pretrainedResnet_quant": 25_984}  # with paths for DSP instructions
LONG_LIMITS = {"kws_ref_model": 6_444, "pretrainedResnet_quant": 15_808}


def on_host(graph: Graph, fuse: str) -> Program:
    """With made-up prices, so that short fusion has something to weigh."""
    prices = {p.name: PathCost({"calls": 40.0, "macs": 3.0, "outputs": 40.0}, {}) for p in PATHS}
    coefficients = Coefficients(HOST.name, "made up", prices)
    return compile_graph(graph, HOST_BOARD, coefficients=coefficients, options=CompileOptions(fuse))


@st.composite
def image_networks(draw: st.DrawFn) -> Graph:
    """Chains of windows, pools, activations and residual sums whose tensors in between are large, so that fusing
    pays; any kernel height, stride and padding; channels that keep rows whole words."""
    def number(low: int, high: int) -> int:
        return draw(st.integers(low, high))

    rng = np.random.default_rng(number(0, 2**32 - 1))
    builder = GraphBuilder("image")
    x = builder.input((1, number(5, 14), number(2, 7), 4), Quantization.per_tensor(0.05, number(-128, 127)))
    same_shape = [x]
    count = number(2, 7)
    for k in range(count):
        shape = builder.shape(x)
        padding = draw(st.sampled_from(("SAME", "VALID")))
        high = min(number(1, 5), shape[1])
        kernel = (high, min(number(1, 3), shape[2]))
        stride = (number(1, 3), number(1, 2)) if number(0, 3) == 0 else (1, 1)
        out = Quantization.per_tensor(float(rng.uniform(0.3, 1.0)), number(-128, 127))
        kind = draw(st.sampled_from(("conv", "conv", "depthwise", "pointwise", "add", "max", "average", "relu")))
        twins = [t for t in same_shape if builder.shape(t) == shape and t != x]
        if kind == "add" and twins:
            x = builder.add(x, twins[number(0, len(twins) - 1)], quantization=out)
        elif kind == "max":
            x = builder.max_pool(x, kernel, stride, padding)
        elif kind == "average":
            x = builder.average_pool(x, kernel, stride, padding)
        elif kind == "relu":
            x = builder.relu(x, out)
        elif kind == "depthwise":
            weights = rng.integers(-127, 128, (1, *kernel, shape[3])).astype(np.int8)
            x = builder.depthwise_conv2d(x, kernel, stride, padding, "NONE", weights=weights, bias=False,
                                         quantization=out)
        else:
            filters, kernel = 4 * number(1, 8), (1, 1) if kind == "pointwise" else kernel
            if k == count - 1:
                filters = 4
            weights = rng.integers(-127, 128, (filters, *kernel, shape[3])).astype(np.int8)
            x = builder.conv2d(x, filters, kernel, stride, padding, "RELU" if number(0, 1) else "NONE",
                               weights=weights, bias=False, quantization=out, name=f"conv{k}")
        same_shape.append(x)
    if number(0, 2) == 0:  # a pool over the whole image is summed row by row
        x = builder.average_pool(x, builder.shape(x)[1:3])
    return builder.build(x)


@settings(max_examples=60, deadline=None)
@given(image_networks(), st.sampled_from(("short", "long")), st.integers(0, 2**32 - 1))
def test_fusion_changes_no_bit(graph: Graph, fuse: str, seed: int) -> None:
    program, alone = on_host(graph, fuse), on_host(graph, "off")
    assert program.plan.arena_bytes <= alone.plan.arena_bytes
    assert any(s.ops for s in program.steps) == (program.plan.arena_bytes < alone.plan.arena_bytes)
    model, rng = HostModel(program), np.random.default_rng(seed)
    for style in ("random", "ends"):
        data = graph_inputs(graph, rng, style)
        np.testing.assert_array_equal(model.run(data)[0], run(graph, data)[0])


@settings(max_examples=40, deadline=None)
@given(image_networks())
def test_constants_of_a_run_are_those_of_its_code(graph: Graph) -> None:
    program = on_host(graph, "long")
    for step in program.steps:
        if isinstance(step.path, FusedPath):
            code = step.path.code(step.op, program.graph)
            held = {role: sum(a.size_bytes for a in code.arrays if a.role == role) for role in ("weights", "tables")}
            tables = 16 + 20 * len(step.path.tensors) + 44 * len(step.ops) + 4 * len(code.calls)
            tables += sum(FIELD_BYTES * len(call.params) for call in code.calls)
            said = step.path.constants(step.op, program.graph)
            assert (said.weights, said.tables) == (held["weights"], held["tables"] + tables)


@pytest.mark.parametrize("fuse", ["short", "long"])
@pytest.mark.parametrize("name", MODELS)
def test_reference_models_fused_change_no_bit(shared_models: Path, name: str, fuse: str) -> None:
    graph = read_tflite(shared_models / f"{name}.tflite")
    board = load_board("mps2-an500")
    program = compile_graph(graph, board, options=CompileOptions(fuse))
    model, rng = HostModel(program), np.random.default_rng(1)
    for style in ("random", "low", "high", "ends"):
        data = graph_inputs(graph, rng, style)
        np.testing.assert_array_equal(model.run(data)[0], run(graph, data)[0])


@pytest.mark.parametrize("size", [(5, 51), (16, 16)])  # 255 elements and 256: the last that 16 bits hold, and more
def test_averages_by_rows_of_extreme_values(size: tuple[int, int]) -> None:
    builder = GraphBuilder("average")
    x = builder.input((1, *size, 4), Quantization.per_tensor(0.05, 0))
    weights = np.full((24, 1, 1, 4), 127, np.int8)
    y = builder.conv2d(x, 24, 1, weights=weights, bias=False, quantization=Quantization.per_tensor(0.001, 0))
    graph = builder.build(builder.average_pool(y, size))
    program = on_host(graph, "short")
    assert program.steps[0].kind == "CONV_2D+AVERAGE_POOL_2D"
    model = HostModel(program)
    for value in (-128, 127, 0):
        data = np.full((1, *size, 4), value, np.int8)
        np.testing.assert_array_equal(model.run([data])[0], run(graph, [data])[0])


@pytest.mark.parametrize("name", LONG_LIMITS)
def test_long_fusion_reaches_its_arena(shared_models: Path, name: str) -> None:
    graph, board = read_tflite(shared_models / f"{name}.tflite"), load_board("mps2-an500")
    long = compile_graph(graph, board, options=CompileOptions("long"))
    assert long.sram.arena_bytes <= LONG_LIMITS[name]
    assert max(len(s.ops) for s in long.steps) > 3


def structs(core: str) -> dict[str, int]:
    """Bytes of the driver's structs on a core, as the compiler lays them out."""
    sizes = {"stage": STAGE_BYTES, "tensor": TENSOR_BYTES, "params": PARAMS_BYTES, "progress": PROGRESS_BYTES}
    text = '#include "tinynas_fused.h"\n' + "".join(
        f'_Static_assert(sizeof(tinynas_fused_{name}) == {size}, "{name}");\n' for name, size in sizes.items())
    kernels = resource_dir("firmware") / "kernels"
    command = ["arm-none-eabi-gcc", f"-mcpu={core}", "-mthumb", "-std=c11", f"-I{kernels}", "-xc", "-fsyntax-only", "-"]
    done = subprocess.run(command, input=text, text=True, capture_output=True)
    assert done.returncode == 0, done.stderr
    return sizes


@pytest.mark.skipif(shutil.which("arm-none-eabi-gcc") is None, reason="no arm-none-eabi-gcc")
@pytest.mark.parametrize("core", ["cortex-m0plus", "cortex-m4", "cortex-m7", "cortex-m33", "cortex-m55"])
def test_the_drivers_structs_are_as_large_as_said(core: str) -> None:
    assert structs(core)


@settings(max_examples=10, deadline=None)
@given(image_networks(), st.integers(0, 2**32 - 1))
def test_no_undefined_behaviour(graph: Graph, seed: int) -> None:
    """Under the sanitizer, which aborts at the first offence."""
    flags = ("-O1", "-fsanitize=undefined", "-fno-sanitize-recover=all")
    model = HostModel(on_host(graph, "long"), flags)
    model.run(graph_inputs(graph, np.random.default_rng(seed), "ends"))


@pytest.mark.parametrize("name", SHORT_LIMITS)
def test_short_fusion_reaches_its_arena_at_its_price(shared_models: Path, name: str) -> None:
    graph, board = read_tflite(shared_models / f"{name}.tflite"), load_board("mps2-an500")
    off = compile_graph(graph, board, options=CompileOptions("off"))
    short = compile_graph(graph, board, options=CompileOptions("short"))
    assert short.sram.arena_bytes <= SHORT_LIMITS[name]
    assert short.plan.optimal
    assert all(len(s.ops) <= 3 for s in short.steps)
    assert off.instructions < short.instructions <= 1.05 * off.instructions


def test_an_unknown_fusion_is_refused() -> None:
    with pytest.raises(UsageError, match="cannot fuse 'all': choose off, short, long"):
        CompileOptions("all")
