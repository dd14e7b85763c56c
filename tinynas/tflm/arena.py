"""The arena TFLite Micro needs for a model on a Cortex-M with CMSIS-NN, without building it.

TFLite Micro allocates from both ends of its arena. The head holds activations and scratch, placed
by its greedy planner; the tail holds everything that persists, allocated in a fixed order with
fixed alignments, so its size follows from struct sizes alone. While it plans, temporary tables lie
between the two: they can need more than what is in use afterwards (`arena_needed_bytes`).
Figures hold for GCC, a core with DSP instructions (M4, M7, M33), one model per arena.
"""

from __future__ import annotations

from dataclasses import dataclass

from tinynas.errors import ModelError
from tinynas.graph.flatfile import RawModel, RawOperator, parse
from tinynas.tflm.greedy import Buffer, head_bytes
from tinynas.tflm.sizes import FOOTPRINTS, GUESS, Footprint, tensor_bytes

EVAL_TENSOR = 12
NODE_AND_REGISTRATION = 32
TENSOR = 32
AFFINE_QUANTIZATION = 12
# SingleArenaBufferAllocator, GreedyMemoryPlanner, MicroAllocator, builtin-data allocator, SubgraphAllocations
FIXED_PARTS = (36, 44, 36, 8, 8)
SCRATCH_HANDLE = 4
SCRATCH_REQUEST = 12
MAX_SCRATCH_PER_OP = 12
ALLOCATION_INFO = 24
PLANNER_PER_BUFFER = 40
PERSISTENT_ALIGN = 16
ARENA_ALIGN = 16
_AMPLE = 1 << 40


@dataclass(frozen=True)
class TflmArena:
    """`arena_used_bytes`: what `arena_used_bytes()` returns on the device with an ample arena.
    `arena_needed_bytes`: an arena with which AllocateTensors succeeds; the first that does, going up
    from `arena_used_bytes` in steps of 16, the alignment TFLite Micro asks of arenas.
    `operators`: kinds in order of first use. `exact`: False when an operator's struct sizes are a
    guess; those are in `guessed`, and the figures are an estimate."""

    arena_used_bytes: int
    arena_needed_bytes: int
    operators: tuple[str, ...]
    exact: bool
    guessed: tuple[str, ...] = ()


class _Tail:
    """Grows downwards from the arena's end; aligned allocations depend on where that end is."""

    def __init__(self, arena_bytes: int) -> None:
        self.arena_bytes = self.start = arena_bytes

    def take(self, size: int, align: int = 4) -> None:
        self.start = (self.start - size) // align * align

    @property
    def bytes(self) -> int:
        return self.arena_bytes - self.start


def tflm_arena(tflite_bytes: bytes, name: str = "model") -> TflmArena:
    """Arena used and needed by a `.tflite` model; ModelError when the file cannot be read."""
    model = parse(tflite_bytes, name)
    try:
        return _arena(model)
    except (IndexError, KeyError, ValueError) as error:
        raise ModelError(f"{name}: an operator's tensors or options do not fit it ({error!r})") from None


def _arena(model: RawModel) -> TflmArena:
    scratch = [
        (k, size) for k, op in enumerate(model.operators) for size in _footprint(op).scratch(model, op)]
    buffers = _activations(model) + [Buffer(size, k + 1, k + 1) for k, size in scratch]
    head = head_bytes(buffers)
    temporary = (
        SCRATCH_REQUEST * (len(scratch) + MAX_SCRATCH_PER_OP) + 4
        + ALLOCATION_INFO * (len(model.tensors) + len(scratch)) + PLANNER_PER_BUFFER * len(buffers)
    )
    used = head + _tail(model, len(scratch), _AMPLE)[1]
    needed = used
    while True:
        planning, tail = _tail(model, len(scratch), needed)
        if head + tail <= needed and planning + temporary <= needed:
            break
        needed += ARENA_ALIGN
    kinds = tuple(dict.fromkeys(op.kind for op in model.operators))
    guessed = tuple(kind for kind in kinds if kind not in FOOTPRINTS)
    return TflmArena(used, needed, kinds, not guessed, guessed)


def _tail(model: RawModel, scratch_buffers: int, arena_bytes: int) -> tuple[int, int]:
    """Bytes of the tail while the head is planned, and in the end."""
    tail = _Tail(arena_bytes)
    _persistent(tail, model)
    tail.take(SCRATCH_HANDLE * scratch_buffers)
    planning = tail.bytes
    _after_planning(tail, model)
    return planning, tail.bytes


def _footprint(op: RawOperator) -> Footprint:
    return FOOTPRINTS.get(op.kind, GUESS)


def _activations(model: RawModel) -> list[Buffer]:
    """Every tensor without data, in index order, with the operator times it lives for."""
    first = {t: 0 for t in model.inputs}
    last = {t: 0 for t in model.inputs}
    for k, op in enumerate(model.operators):
        for t in op.outputs:
            first.setdefault(t, k + 1)
        for t in (*op.inputs, *op.outputs):
            last[t] = k + 1
    last.update({t: len(model.operators) for t in model.outputs})
    return [
        Buffer(tensor_bytes(tensor), first[t], last[t]) for t, tensor in enumerate(model.tensors)
        if t in first and tensor.data is None and not tensor.variable
    ]


def _persistent(tail: _Tail, model: RawModel) -> None:
    """What is allocated up to the planning of the head, in TFLite Micro's order."""
    for size in FIXED_PARTS:
        tail.take(size)
    tail.take(EVAL_TENSOR * len(model.tensors))
    tail.take(NODE_AND_REGISTRATION * len(model.operators))
    for op in model.operators:
        parsed = _footprint(op).parsed_bytes
        tail.take(parsed, 1 if parsed % 4 else 4)  # structs of single bytes need no alignment
    for op in model.operators:
        if _footprint(op).data_bytes:
            tail.take(_footprint(op).data_bytes, PERSISTENT_ALIGN)
    for op in model.operators:
        for _ in range(2 * _footprint(op).multipliers):
            tail.take(4 * _multipliers(model, op), PERSISTENT_ALIGN)


def _multipliers(model: RawModel, op: RawOperator) -> int:
    """Output channels with a multiplier of their own. Convolutions always have them, dense layers only
    when their weights are quantized per channel."""
    if op.kind == "FULLY_CONNECTED":
        scales = len(model.tensors[op.inputs[1]].scale)
        return scales if scales > 1 else 0
    return model.tensors[op.outputs[0]].shape[-1]


def _after_planning(tail: _Tail, model: RawModel) -> None:
    for tensor in model.tensors:
        if tensor.variable:
            tail.take(tensor_bytes(tensor), PERSISTENT_ALIGN)
    for ends in (model.inputs, model.outputs):
        tail.take(4 * len(ends), PERSISTENT_ALIGN)
        for t in ends:
            tail.take(TENSOR)
            scales = len(model.tensors[t].scale)
            if scales:
                tail.take(AFFINE_QUANTIZATION)
                tail.take(4 + 4 * scales)
