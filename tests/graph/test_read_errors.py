"""What the reader refuses, and in which words: one line, naming operator index, kind and name."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tflite
from hypothesis import given
from hypothesis import strategies as st

from tests.graph.flat_edit import ModelSpec, OperatorSpec, TensorSpec, build
from tinynas.errors import ModelError
from tinynas.graph.read_tflite import read_tflite

CODES = tflite.BuiltinOperator
X = TensorSpec("x", (1, 4, 4, 2))


def unary(kind: str, **keywords: Any) -> ModelSpec:
    """input -> one operator -> output."""
    operator = OperatorSpec(kind, (0,), (1,), **keywords)
    return ModelSpec([X, TensorSpec("y", (1, 4, 4, 2))], [operator], [0], [1])


def refused(spec: ModelSpec | bytes, message: str) -> None:
    data = spec if isinstance(spec, bytes) else build(spec)
    with pytest.raises(ModelError, match=re.escape(message)) as caught:
        read_tflite(data)
    assert "\n" not in str(caught.value)


def test_the_plain_spec_is_accepted() -> None:
    """The edits below start from something sound."""
    assert [op.kind for op in read_tflite(build(unary("RELU"))).ops] == ["RELU"]


def test_unsupported_operator() -> None:
    refused(unary("COS"), "model: operator 0 COS 'y': operator is not supported; supported: ADD, AVERAGE_")


def test_custom_operator_is_named() -> None:
    refused(unary("CUSTOM", custom="my_op"), "operator 0 CUSTOM 'my_op' 'y': operator is not supported")


def test_unsupported_version() -> None:
    refused(unary("RELU", version=9), "operator 0 RELU 'y': version 9 is not supported; supported: 1 to 3")
    refused(unary("RELU", version=0), "version 0 is not supported")


def test_unsupported_type() -> None:
    spec = unary("RELU")
    spec.tensors[0] = TensorSpec("x", (1, 4, 4, 2), type_name="INT16", zero_point=0)
    refused(spec, "operator 0 RELU 'y': its input is int16; supported: int8")
    spec.tensors[0] = TensorSpec("x", (1, 4, 4, 2), type_name="FLOAT16")
    refused(spec, "tensor 0 'x': type FLOAT16 is not supported; supported: float32, int32")


def test_unsupported_options() -> None:
    pool = {"Padding": 1, "StrideH": 1, "StrideW": 1, "FilterHeight": 1, "FilterWidth": 1}
    refused(
        unary("AVERAGE_POOL_2D", options=pool | {"FusedActivationFunction": 4}),
        "operator 0 AVERAGE_POOL_2D 'y': activation TANH is not supported; supported: NONE, RELU, RELU6",
    )
    refused(
        unary("AVERAGE_POOL_2D", options=pool | {"Padding": 7}),
        "operator 0 AVERAGE_POOL_2D 'y': padding 7 is not supported; supported: SAME, VALID",
    )
    refused(
        unary("AVERAGE_POOL_2D", options=pool | {"StrideH": 0}),
        "kernel 1, stride 0 and dilation 1 must be at least 1",
    )
    refused(
        unary("AVERAGE_POOL_2D", options=pool | {"FilterHeight": 1 << 24, "Padding": 0}),
        "a window so much larger than the 4 elements",
    )
    refused(unary("AVERAGE_POOL_2D"), "must be at least 1")  # no options at all: the schema's zeros
    refused(
        unary("AVERAGE_POOL_2D", options={}, options_table="SoftmaxOptions"),
        "its options are SoftmaxOptions, not Pool2DOptions",
    )


def test_variable_sparse_and_missing_quantization() -> None:
    spec = unary("RELU")
    spec.tensors[0] = TensorSpec("x", (1, 4, 4, 2), variable=True)
    refused(spec, "tensor 0 'x': variable tensors are not supported")
    spec.tensors[0] = TensorSpec("x", (1, 4, 4, 2), scale=())
    refused(spec, "operator 0 RELU 'y': its input has no quantization")


@pytest.mark.parametrize("scale", [float("nan"), 0.0, float("inf"), -1.0])
def test_senseless_scale(scale: float) -> None:
    spec = unary("RELU")
    spec.tensors[0] = TensorSpec("x", (1, 4, 4, 2), scale=(scale,))
    refused(spec, "is not a positive number")


def test_senseless_zero_point() -> None:
    spec = unary("RELU")
    spec.tensors[0] = TensorSpec("x", (1, 4, 4, 2), zero_point=1 << 40)
    refused(spec, "tensor 0 'x': zero point 1099511627776 does not fit int8")


def test_senseless_shapes() -> None:
    for shape in ((1, 0, 4, 2), (1, -1, 4, 2), (1,) * 7):
        spec = unary("RELU")
        spec.tensors[0] = TensorSpec("x", shape)
        refused(spec, "is not supported; at most 6 dimensions, each at least 1")
    spec.tensors[0] = TensorSpec("x", (1, 1 << 30))
    refused(spec, "takes more than 256 MB")
    spec.tensors[0] = TensorSpec("x", (1, 4, 4, 3))
    refused(spec, "RELU 'y': its output is declared [[1, 4, 4, 2]] but works out as [[1, 4, 4, 3]]")


def test_tensor_indices_out_of_range() -> None:
    for inputs, outputs in (((9,), (1,)), ((-2,), (1,)), ((0,), (9,))):
        spec = unary("RELU")
        spec.operators[0] = OperatorSpec("RELU", inputs, outputs)
        refused(spec, "does not exist; the model has 2")
    spec = unary("RELU")
    spec.inputs = [5]
    refused(spec, "tensor 5 does not exist; the model has 2")


def test_order_and_double_writes() -> None:
    spec = ModelSpec(
        [X, TensorSpec("a", X.shape), TensorSpec("b", X.shape)],
        [OperatorSpec("RELU", (2,), (1,)), OperatorSpec("RELU", (0,), (2,))], [0], [1],
    )
    refused(spec, "operator 0 RELU 'a': it reads tensor 2 'b' before anything writes it")
    spec.operators = [OperatorSpec("RELU", (1,), (1,))]
    refused(spec, "it reads tensor 1 'a' before anything writes it")
    spec.operators = [OperatorSpec("RELU", (0,), (1,)), OperatorSpec("RELU", (0,), (1,))]
    refused(spec, "operator 1 RELU 'a': it writes tensor 1, which is constant, an input, or already written")
    spec.operators = [OperatorSpec("RELU", (0,), (0,))]
    refused(spec, "it writes tensor 0")


def test_missing_and_superfluous_inputs() -> None:
    refused(ModelSpec([X, TensorSpec("y", X.shape)], [OperatorSpec("ADD", (0,), (1,))], [0], [1]),
            "operator 0 ADD 'y': it has 1 inputs; it takes 2")
    refused(ModelSpec([X, TensorSpec("y", X.shape)], [OperatorSpec("RELU", (0, 0), (1,))], [0], [1]),
            "operator 0 RELU 'y': it has 2 inputs; it takes 1")
    refused(ModelSpec([X, TensorSpec("y", X.shape)], [OperatorSpec("RELU", (-1,), (1,))], [0], [1]),
            "its input is missing")
    refused(ModelSpec([X, TensorSpec("y", X.shape)], [OperatorSpec("RELU", (0,), ())], [0], [1]),
            "it has no outputs")


def test_operand_that_is_not_constant() -> None:
    axes = TensorSpec("axes", (2,), type_name="INT32", scale=())
    spec = ModelSpec(
        [X, axes, TensorSpec("y", (1, 2))], [OperatorSpec("MEAN", (0, 1), (2,))], [0, 1], [2]
    )
    refused(spec, "operator 0 MEAN 'y': its axes is computed by the model; only constants are supported")
    spec.tensors[1] = TensorSpec("axes", (2,), type_name="INT32", scale=(), data=np.array([1, 9], "<i4"))
    spec.inputs = [0]
    refused(spec, "operator 0 MEAN 'y': axis 9 does not exist in 4 dimensions")
    spec.tensors[1] = TensorSpec("axes", (3,), type_name="INT32", scale=(), data=np.array([1, 2], "<i4"))
    refused(spec, "tensor 1 'axes': it holds 8 bytes; int32[3] needs 12")


def test_several_subgraphs_and_none() -> None:
    spec = unary("RELU")
    spec.subgraphs = 2
    refused(spec, "2 subgraphs are not supported; supported: 1")
    spec.subgraphs = 0
    refused(spec, "0 subgraphs are not supported")


def test_empty_graphs() -> None:
    refused(ModelSpec([X], [], [0], [0]), "has no operators")
    spec = unary("RELU")
    spec.inputs = []
    refused(spec, "at least one input")


def test_not_a_model_at_all(tmp_path: Path) -> None:
    refused(b"", "not a .tflite file")
    refused(b"\x00" * 8, "not a .tflite file")
    refused(b"hello world, this is not a model", "not a .tflite file")
    file = tmp_path / "broken.tflite"
    file.write_bytes(b"\x08\x00\x00\x00TFL3\xff\xff\xff\x7f" + b"\x7f" * 40)
    with pytest.raises(ModelError, match=r"^broken\.tflite: damaged \.tflite file"):
        read_tflite(file)


def test_unreadable_paths(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="none.tflite: cannot be read"):
        read_tflite(tmp_path / "none.tflite")
    with pytest.raises(ModelError, match="cannot be read"):
        read_tflite(tmp_path)


def test_names_are_made_printable() -> None:
    spec = unary("RELU")
    spec.tensors[1] = TensorSpec("a\nb\x1b[31m" + "n" * 5000, X.shape)
    name = read_tflite(build(spec)).ops[0].name
    assert name.startswith("a?b?[31mnnn") and len(name) <= 1000


def test_overlapping_parts_are_bounded() -> None:
    """Thousands of tensors that share one large buffer must not become thousands of copies."""
    data = np.zeros(1 << 16, np.int8)
    shared = [TensorSpec(f"c{k}", (1 << 16,), data=data) for k in range(300)]
    spec = ModelSpec([X, TensorSpec("y", X.shape), *shared], [OperatorSpec("RELU", (0,), (1,))], [0], [1])
    spec.one_buffer = True
    refused(spec, "its parts overlap so often")


@given(st.binary(max_size=200))
def test_random_bytes_are_refused(tail: bytes) -> None:
    with pytest.raises(ModelError):
        read_tflite(b"\x10\x00\x00\x00TFL3" + tail)
