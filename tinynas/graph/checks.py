"""What an operator may demand of its tensors; each check raises ModelError in one clear line."""

from __future__ import annotations

from collections.abc import Sequence

from tinynas.errors import ModelError
from tinynas.graph.tensor import Tensor


def given(tensor: Tensor | None, what: str) -> Tensor:
    """The tensor; ModelError when it is absent."""
    if tensor is None:
        raise ModelError(f"its {what} is missing")
    return tensor


def counts(
    inputs: Sequence[Tensor | None], outputs: Sequence[Tensor], least: int, most: int,
    results: int = 1,
) -> None:
    """Number of inputs between `least` and `most`, and of outputs exactly `results`."""
    if not least <= len(inputs) <= most:
        wanted = str(least) if least == most else f"{least} to {most}"
        raise ModelError(f"it has {len(inputs)} inputs; it takes {wanted}")
    if len(outputs) != results:
        raise ModelError(f"it has {len(outputs)} outputs; it takes {results}")


def has_type(tensor: Tensor | None, what: str, *dtypes: str) -> Tensor:
    found = given(tensor, what)
    if found.dtype not in dtypes:
        raise ModelError(f"its {what} is {found.dtype}; supported: {', '.join(dtypes)}")
    return found


def int8_activation(tensor: Tensor | None, what: str) -> Tensor:
    """An int8 tensor with one scale and one zero point."""
    found = has_type(tensor, what, "int8")
    if found.quantization is None:
        raise ModelError(f"its {what} has no quantization; int8 tensors need a scale and zero point")
    if found.quantization.per_channel:
        raise ModelError(f"its {what} is quantized per channel; only weights may be")
    return found


def all_int8(inputs: Sequence[Tensor | None], outputs: Sequence[Tensor]) -> None:
    for k, tensor in enumerate(inputs):
        int8_activation(tensor, "input" if len(inputs) == 1 else f"input {k}")
    for k, tensor in enumerate(outputs):
        int8_activation(tensor, "output" if len(outputs) == 1 else f"output {k}")


def same_quantization(a: Tensor, b: Tensor, what: str) -> None:
    """Equal scale and zero point."""
    if (a.scale, a.zero_point) != (b.scale, b.zero_point):
        raise ModelError(
            f"{what} must share one quantization, not scale {a.scale:g} zero point {a.zero_point} and "
            f"scale {b.scale:g} zero point {b.zero_point}; insert a QUANTIZE"
        )


def weights(tensor: Tensor | None, axis: int) -> Tensor:
    """Constant int8 weights, symmetric, per tensor or per channel along `axis`."""
    found = has_type(tensor, "weights tensor", "int8")
    if not found.constant:
        raise ModelError("its weights are computed by the model; only constant weights are supported")
    q = found.quantization
    if q is None:
        raise ModelError("its weights have no quantization")
    if any(q.zero_point):
        raise ModelError("its weights have a zero point other than 0; only symmetric weights are supported")
    if q.per_channel:
        if q.axis != axis:
            raise ModelError(f"its weights are quantized along axis {q.axis}; supported: axis {axis}")
        if len(q.scale) != found.shape[axis]:
            raise ModelError(f"its weights have {len(q.scale)} scales for {found.shape[axis]} channels")
    return found


def bias(tensor: Tensor | None, channels: int) -> Tensor | None:
    """A constant int32 bias of one value per channel, or none."""
    if tensor is None:
        return None
    found = has_type(tensor, "bias", "int32")
    if not found.constant:
        raise ModelError("its bias is computed by the model; only a constant bias is supported")
    if found.elements != channels:
        raise ModelError(f"its bias has {found.elements} values for {channels} channels")
    return found
