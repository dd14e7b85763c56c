"""Why a step needs the bytes it needs, in sentences a person can act on."""

from __future__ import annotations

from collections.abc import Sequence

from tinynas.compile.memory_map import MapStep, MemoryMap
from tinynas.compile.program import Program
from tinynas.compile.suggest import Suggestion
from tinynas.compile.words import operators, short_name
from tinynas.errors import UsageError
from tinynas.memory.occupancy import BACKWARD, IN_PLACE, Sharing

BOTTLENECK = "bottleneck"
LOWER = "What would lower it (each planned anew)"


def find_positions(told: MemoryMap, wanted: str) -> tuple[int, ...]:
    """Positions of the steps meant by an operator's index, its name (or a part that only one has), or
    "bottleneck". UsageError when there is none, or several of that name."""
    if wanted == BOTTLENECK:
        if not told.bottlenecks:
            raise UsageError(f"no operator is the bottleneck: {_ends(told)}")
        return told.bottlenecks
    if wanted.isdigit():
        found = [k for k, step in enumerate(told.steps) if int(wanted) in step.op_indices]
        if not found:
            raise UsageError(f"no operator {wanted} executes in this program (folded operators and reshapes do not); "
                             f"there are {operators(k for step in told.steps for k in step.op_indices)}")
        return tuple(found)
    found = [k for k, step in enumerate(told.steps) if wanted == step.name] or [
        k for k, step in enumerate(told.steps) if wanted and wanted in step.name]
    if len(found) != 1:
        many = f"{len(found)} operators are" if found else "no operator is"
        raise UsageError(f"{many} named '{wanted}': give an operator's index, as `tinynas plan` lists them, its "
                         f"name, or '{BOTTLENECK}'")
    return (found[0],)


def label(step: MapStep) -> str:
    """`operator 3 CONV_2D`; `fused operators 3-5` when several run as one."""
    if len(step.op_indices) > 1:
        return f"fused {operators(step.op_indices)}"
    return f"{operators(step.op_indices)} {step.kind}"


def summary(program: Program, told: MemoryMap) -> list[str]:
    """What sets the arena's size, and how far changing it can help."""
    if not told.bottlenecks:
        return [f"The arena is {told.arena_bytes:,} bytes: {_ends(told)}."]
    tight = [told.steps[k] for k in told.bottlenecks]
    which = label(tight[0]) if len(tight) == 1 else operators(k for step in tight for k in step.op_indices)
    needs = _needs(*tight)
    lines = [f"Bottleneck: {which} {needs} {told.most_needed_bytes:,} of the arena's {told.arena_bytes:,} bytes."]
    if told.arena_bytes > told.most_needed_bytes:
        lines.append(_placement(told))
    others = [step for k, step in enumerate(told.steps) if k not in told.bottlenecks]
    if others:
        rival = max(others, key=lambda step: step.need_bytes)
        floor = max(rival.need_bytes, told.ends_need_bytes)
        lines.append(f"A change that helps only {'it' if len(tight) == 1 else 'them'} saves at most "
                     f"{max(0, told.arena_bytes - floor):,} bytes: {label(rival)} {_needs(rival)} "
                     f"{rival.need_bytes:,}.")
    return lines


def explain(program: Program, told: MemoryMap, position: int) -> list[str]:
    """Why the step at `position` needs what it needs: what is alive, what is shared, and what limits that."""
    step = told.steps[position]
    name = f" '{short_name(step.name)}'" if step.name and len(step.op_indices) == 1 else ""
    lines = [f"{_sentence(label(step))}{name} ({_how(step)}) {_needs(step)} at least {step.need_bytes:,} bytes "
             f"of the arena's {told.arena_bytes:,}: {_rank(told, position)}."]
    lines.append("Alive while it runs:")
    lines += [f"  {line}" for line in _alive(program, told, position)]
    shared = step.apart_bytes - step.need_bytes
    saves = "saves" if any(s.shared_bytes for s in step.sharing) else "could save"
    lines.append(f"Side by side this takes {step.apart_bytes:,} bytes"
                 + (f"; sharing {saves} {shared:,} of them." if shared > 0 else ", and nothing can be shared."))
    lines += _sharing(program, told, position)
    if shared > 0 and step.scratch_bytes:
        lines.append(f"What it cannot do without: {step.need_bytes - step.scratch_bytes:,} bytes of tensors and "
                     f"{step.scratch_bytes:,} of {_scratch(step)}.")
    return lines


def suggestion_line(suggestion: Suggestion, told: MemoryMap) -> str:
    """`-9,157 bytes (arena 27,771), cycles -2 %: 12 instead of 16 channels in operator 2; needs training`."""
    cycles = round(100 * (suggestion.cycles_ratio - 1))
    return (f"-{suggestion.saves_bytes:,} bytes (arena {suggestion.arena_bytes:,}), cycles {cycles:+d} %: "
            f"{suggestion.change}; {'needs training' if suggestion.retrain else 'same outputs'}")


def suggestion_lines(found: Sequence[Suggestion], told: MemoryMap) -> list[str]:
    """What would lower the arena, one line each; one line when nothing tried would."""
    if not found:
        return ["Nothing tried lowers it: other kernel paths, fewer channels, a stride taken earlier."]
    return [LOWER + ":"] + [f"  {suggestion_line(s, told)}" for s in found]


def _needs(*steps: MapStep) -> str:
    return "needs" if len(steps) == 1 and len(steps[0].op_indices) == 1 else "need"


def _how(step: MapStep) -> str:
    return f"kernel path {step.path}" if len(step.op_indices) == 1 else "executed row by row"


def _scratch(step: MapStep) -> str:
    return f"scratch of {step.path}" if len(step.op_indices) == 1 else "rings of rows between them, and scratch"


def _ends(told: MemoryMap) -> str:
    return (f"the model's inputs or outputs alone take {told.ends_need_bytes:,} bytes, every operator less "
            f"(at most {told.most_needed_bytes:,}); only a smaller input or output lowers it")


def _rank(told: MemoryMap, position: int) -> str:
    need = told.steps[position].need_bytes
    if position not in told.bottlenecks:
        if not told.bottlenecks:
            return f"not the bottleneck ({_ends(told)})"
        tight = operators(k for p in told.bottlenecks for k in told.steps[p].op_indices)
        return f"not the bottleneck; {tight} with {told.most_needed_bytes:,}"
    others = [k for p in told.bottlenecks if p != position for k in told.steps[p].op_indices]
    rest = told.arena_bytes - need
    also = f", together with {operators(others)}" if others else ""
    return f"the bottleneck{also}" + (f" ({rest:,} more go to the placement around it)" if rest else "")


def _placement(told: MemoryMap) -> str:
    proof = {"cp-sat": "the solver proved that no placement does with less",
             "": f"not proved necessary: no plan needs less than {told.bound_bytes:,}"}
    at = operators(k for s in told.steps if s.used_bytes == told.arena_bytes for k in s.op_indices)
    return (f"The other {told.arena_bytes - told.most_needed_bytes:,} bytes come from neighbouring steps wanting one "
            f"tensor in different places (top reached at {at}); {proof.get(told.proof, told.proof)}.")


def _alive(program: Program, told: MemoryMap, position: int) -> list[str]:
    step = told.steps[position]
    lines = []
    for t in sorted(step.live, key=lambda t: told.buffer(t).offset_bytes):
        b = told.buffer(t)
        shape = "x".join(map(str, b.shape))
        lines.append(f"{b.size_bytes:>9,} bytes at {b.offset_bytes:,}: {_part(program, told, position, t)}, "
                     f"tensor {t} {shape} '{short_name(b.name)}'")
    if step.scratch_bytes:
        lines.append(f"{step.scratch_bytes:>9,} bytes at {step.scratch_offset_bytes:,}: {_scratch(step)}")
    return lines


def _part(program: Program, told: MemoryMap, position: int, tensor: int) -> str:
    step = told.steps[position]
    if tensor in step.born:
        return "output"
    reads = tensor in _reads(program, position)
    if tensor in step.dying:
        return "input, dies here"
    return f"{'input' if reads else 'waiting'}, {_kept(program, told, position, tensor)}"


def _kept(program: Program, told: MemoryMap, position: int, tensor: int) -> str:
    """Why a tensor must outlive the step."""
    for k in range(position + 1, len(told.steps)):
        if tensor in _reads(program, k):
            return f"kept for {label(told.steps[k])}"
    return {"state": "kept as state", "output": "kept as an output of the model"}.get(
        told.buffer(tensor).role, "kept")


def _reads(program: Program, position: int) -> tuple[int, ...]:
    assert program.problem is not None
    return program.problem.steps[program.plan.order[position]].inputs


def _sharing(program: Program, told: MemoryMap, position: int) -> list[str]:
    step = told.steps[position]
    kept = [t for t in _reads(program, position) if t not in step.dying]
    lines = [f"Tensor {t} cannot be overwritten: it is {_kept(program, told, position, t)}." for t in kept]
    offered = {(s.input, s.output) for s in step.sharing}
    for x in (t for t in _reads(program, position) if t in step.dying):
        if not any((x, y) in offered for y in step.born):
            lines.append(f"Tensor {x} dies here, but {_how(step)} allows no overlap with it.")
    return lines + [_shared(s, told) for s in step.sharing]


def _shared(s: Sharing, told: MemoryMap) -> str:
    whole = min(told.buffer(s.input).size_bytes, told.buffer(s.output).size_bytes)
    if not s.shared_bytes:
        return (f"Output {s.output} could overlap input {s.input}; this plan keeps them apart, because it costs "
                "nothing at this step.")
    start = f"Output {s.output} lies over input {s.input} and shares {s.shared_bytes:,} of {whole:,} bytes: "
    if s.direction == IN_PLACE:
        return start + "the kernel works in place, channel by channel."
    way, side = ("backward", "above") if s.direction == BACKWARD else ("forward", "below")
    distance = s.distance_bytes or 0
    if distance <= 0:
        return start + f"run {way}, it is written only where the input has been read; nothing limits it."
    rule = f"run {way}, it must start at least {distance:,} bytes {side} the input's start, or it would overwrite "
    apart = abs(told.buffer(s.output).offset_bytes - told.buffer(s.input).offset_bytes)
    limit = ("This distance is the limit." if apart == distance else
             f"This plan leaves {apart:,}, because coming closer gains nothing.")
    return start + rule + f"bytes not read yet. {limit}"


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
