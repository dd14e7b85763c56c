"""The C++ a TFLite Micro user pastes into his project: operator resolver and arena constant."""

from __future__ import annotations

from tinynas.tflm.arena import TflmArena

_METHODS = {
    "CONV_2D": "AddConv2D", "DEPTHWISE_CONV_2D": "AddDepthwiseConv2D", "TRANSPOSE_CONV": "AddTransposeConv",
    "AVERAGE_POOL_2D": "AddAveragePool2D", "MAX_POOL_2D": "AddMaxPool2D", "PADV2": "AddPadV2",
    "LOGISTIC": "AddLogistic", "EXPAND_DIMS": "AddExpandDims", "RELU6": "AddRelu6",
    "UNIDIRECTIONAL_SEQUENCE_LSTM": "AddUnidirectionalSequenceLSTM", "L2_POOL_2D": "AddL2Pool2D",
}


def resolver_method(kind: str) -> str:
    """The MicroMutableOpResolver method for a TFLite operator name: CONV_2D -> AddConv2D."""
    return _METHODS.get(kind) or "Add" + "".join(word.capitalize() for word in kind.split("_"))


def resolver_lines(arena: TflmArena) -> tuple[str, ...]:
    """Declaration of the resolver and one line per operator the model uses."""
    lines = [f"tflite::MicroMutableOpResolver<{len(arena.operators)}> resolver;"]
    lines += [
        f"// {kind}: register it with resolver.AddCustom()" if kind.startswith("CUSTOM ")
        else f"resolver.{resolver_method(kind)}();"
        for kind in arena.operators
    ]
    return tuple(lines)


def arena_lines(arena: TflmArena) -> tuple[str, ...]:
    """The arena's declaration, large enough for AllocateTensors."""
    label = "" if arena.exact else "  // estimate"
    return (
        f"constexpr int kTensorArenaSize = {arena.arena_needed_bytes};{label}",
        "alignas(16) static uint8_t tensor_arena[kTensorArenaSize];",
    )
