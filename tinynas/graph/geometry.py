"""Window arithmetic shared by convolutions and pools: output sizes and implicit padding.

SAME keeps ceil(size / stride) positions and spreads the missing rows evenly, the odd one at the
end; VALID keeps only windows that lie wholly inside. A dilated kernel spans (kernel - 1) *
dilation + 1 elements. Same rules as TensorFlow Lite's padding.h.
"""

from __future__ import annotations

from math import prod

from tinynas.errors import ModelError
from tinynas.graph.tensor import Shape

PADDINGS = ("SAME", "VALID")
Pads = tuple[int, int, int, int]  # explicit padding: rows above, rows below, columns left, columns right
MAX_OVERHANG = 256  # a window may span four inputs and this much; more is a damaged file


def span(kernel: int, dilation: int) -> int:
    """Elements from the first to the last tap of a dilated kernel."""
    return (kernel - 1) * dilation + 1


def window_output(size: int, kernel: int, stride: int, dilation: int, padding: str) -> int:
    """Number of window positions along one axis; ModelError when there is none."""
    if padding not in PADDINGS:
        raise ModelError(f"padding {padding} is not supported; supported: SAME, VALID")
    if min(size, kernel, stride, dilation) < 1:
        raise ModelError(
            f"size {size}, kernel {kernel}, stride {stride} and dilation {dilation} must be at least 1"
        )
    if max(span(kernel, dilation), stride) > 4 * size + MAX_OVERHANG:
        raise ModelError(
            f"kernel {kernel}, dilation {dilation}, stride {stride}: a window so much larger than the "
            f"{size} elements it slides over is not supported"
        )
    if padding == "SAME":
        return -(-size // stride)
    count = (size - span(kernel, dilation)) // stride + 1
    if count < 1:
        raise ModelError(
            f"a VALID window of {span(kernel, dilation)} does not fit in {size} elements"
        )
    return count


def padding_before(size: int, output: int, kernel: int, stride: int, dilation: int) -> int:
    """Implicit elements before the first one, such that `output` windows fit (0 for VALID)."""
    return max(0, (output - 1) * stride + span(kernel, dilation) - size) // 2


def window_2d(
    shape: Shape, kernel: tuple[int, int], stride: tuple[int, int], dilation: tuple[int, int],
    padding: str, pads: Pads | None = None,
) -> tuple[int, int]:
    """Output (height, width) of a window sliding over an N,H,W,C tensor. `pads` replaces `padding`."""
    if pads is not None:
        height, width = shape[1] + pads[0] + pads[1], shape[2] + pads[2] + pads[3]
        return window_2d((shape[0], height, width, shape[3]), kernel, stride, dilation, "VALID")
    return (
        window_output(shape[1], kernel[0], stride[0], dilation[0], padding),
        window_output(shape[2], kernel[1], stride[1], dilation[1], padding),
    )


def padding_2d(
    shape: Shape, output: Shape, kernel: tuple[int, int], stride: tuple[int, int],
    dilation: tuple[int, int] = (1, 1), pads: Pads | None = None,
) -> tuple[int, int]:
    """Rows above and columns left of an N,H,W,C tensor: explicit, or from its and the output's shape."""
    if pads is not None:
        return pads[0], pads[2]
    return (
        padding_before(shape[1], output[1], kernel[0], stride[0], dilation[0]),
        padding_before(shape[2], output[2], kernel[1], stride[1], dilation[1]),
    )


def need_rank(shape: Shape | None, rank: int, what: str) -> Shape:
    """The shape itself; ModelError unless it is given and has `rank` dimensions."""
    if shape is None:
        raise ModelError(f"its {what} is missing")
    if len(shape) != rank:
        raise ModelError(f"its {what} must have {rank} dimensions, not shape {list(shape)}")
    return shape


def need(shape: Shape | None, what: str = "input") -> Shape:
    if shape is None:
        raise ModelError(f"its {what} is missing")
    return shape


def same_elements(shape: Shape, target: Shape) -> Shape:
    """`target`; ModelError unless it holds as many elements as `shape`."""
    if any(d < 1 for d in target) or prod(target) != prod(shape):
        raise ModelError(f"shape {list(shape)} cannot become {list(target)}")
    return target


def axis_of(axis: int, rank: int) -> int:
    """A non-negative axis from one that may count from the end."""
    if not -rank <= axis < rank:
        raise ModelError(f"axis {axis} does not exist in {rank} dimensions")
    return axis % rank


def broadcast(a: Shape, b: Shape) -> Shape:
    """The common shape of two operands, as in NumPy."""
    rank = max(len(a), len(b))
    wide_a, wide_b = (1,) * (rank - len(a)) + a, (1,) * (rank - len(b)) + b
    for m, n in zip(wide_a, wide_b, strict=True):
        if m != n and 1 not in (m, n):
            raise ModelError(f"shapes {list(a)} and {list(b)} do not broadcast")
    return tuple(max(m, n) for m, n in zip(wide_a, wide_b, strict=True))
