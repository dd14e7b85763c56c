"""The replay checker finds what is wrong, whatever it is."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import assume, given, settings

from tests.memory.problems import Draw, chain, draws, network
from tinynas.kernels.path import Overlap
from tinynas.memory import Plan, Problem, Step, plan_memory
from tinynas.memory.replay import replay

COPY = Problem((Step("copy", (0,), (1,), 4, {(0, 1): Overlap(2, 2)}),), {0: 8, 1: 8}, (0,), (1,), (), 1)


def plan_of(offsets: dict[int, int], scratch: int = 20, backward: bool = False, arena: int = 24) -> Plan:
    return Plan((0,), offsets, {0: scratch}, frozenset({0} if backward else ()), arena, 0, "")


def test_sound_plans_have_no_faults() -> None:
    assert replay(COPY, plan_of({0: 2, 1: 0})) == []
    assert replay(COPY, plan_of({0: 0, 1: 2}, backward=True)) == []
    assert replay(COPY, plan_of({0: 0, 1: 8})) == []


def test_one_byte_too_close_is_found_with_the_bytes_lost() -> None:
    faults = replay(COPY, plan_of({0: 1, 1: 0}))
    assert [(f.step, f.buffer) for f in faults] == [(0, 0)]
    assert faults[0].bytes > 0
    assert replay(COPY, plan_of({0: 0, 1: 1}, backward=True))


def test_wrong_direction_is_found() -> None:
    assert replay(COPY, plan_of({0: 2, 1: 0}, backward=True))
    assert replay(COPY, plan_of({0: 0, 1: 2}))


def test_overlap_without_permission_is_found() -> None:
    problem = replace(COPY, steps=(Step("copy", (0,), (1,)),))
    assert replay(problem, plan_of({0: 0, 1: 7}, scratch=0))


def test_scratch_over_input_or_output_is_found() -> None:
    assert replay(COPY, plan_of({0: 0, 1: 8}, scratch=4))
    assert replay(COPY, plan_of({0: 0, 1: 8}, scratch=13))


def test_two_outputs_in_one_place_are_found() -> None:
    problem = Problem((Step("split", (0,), (1, 2)),), {0: 4, 1: 4, 2: 4}, (0,), (1, 2))
    assert replay(problem, plan_of({0: 8, 1: 0, 2: 0}))
    assert replay(problem, plan_of({0: 8, 1: 0, 2: 4})) == []


def test_resident_buffer_must_survive() -> None:
    problem = replace(COPY, steps=(Step("copy", (0,), (1,), 0, {(0, 1): Overlap(0, 0)}),))
    assert replay(problem, plan_of({0: 0, 1: 0})) == []
    assert replay(replace(problem, resident=(0,)), plan_of({0: 0, 1: 0}))


def test_misplaced_buffers_are_found() -> None:
    assert replay(replace(COPY, align=4), plan_of({0: 2, 1: 12}))
    assert replay(COPY, plan_of({0: 0, 1: 8}, arena=15))
    assert replay(COPY, plan_of({0: 0, 1: -1}))
    assert replay(COPY, replace(plan_of({0: 0, 1: 8}), order=(0, 0)))
    assert replay(COPY, replace(plan_of({0: 0, 1: 8}), scratch={}))


def test_order_against_the_data_is_found() -> None:
    problem = chain((4, 4, 0, None), (4, 4, 0, None))
    good = plan_memory(problem)
    assert replay(problem, good) == []
    assert replay(problem, replace(good, order=(1, 0)))


@settings(max_examples=60)
@given(draws())
def test_real_accesses_break_at_one_byte_less_than_the_distance(draw: Draw) -> None:
    """Two buffers of one convolution, at the distance and one byte closer, by the kernel's own trace."""
    case = network(draw, most_steps=1)
    step = case.problem.steps[0]
    assume(len(step.inputs) == 1 and len(case.problem.inputs) == 1 and not case.problem.resident)
    x, y = step.inputs[0], step.outputs[0]
    assume(step.outputs == case.problem.outputs == (y,))
    problem = replace(case.problem, align=1, steps=(replace(step, scratch_bytes=0),))
    overlap = step.overlaps[x, y]
    assert overlap.forward is not None and overlap.backward is not None
    room = problem.sizes[x] + problem.sizes[y]
    for gap, backward in ((-overlap.forward, False), (overlap.backward, True)):
        closer = 1 if not backward else -1
        for extra, sound in ((0, True), (closer, False)):
            offsets = {x: room, y: room + gap + extra}
            plan = Plan((0,), offsets, {}, frozenset({0} if backward else ()), 3 * room, 0, "")
            trace = case.traces[0]
            faults = replay(problem, plan, {0: list(trace)[::-1] if backward else trace})
            clamped = gap in (problem.sizes[x], -problem.sizes[y])
            assert (faults == []) == (sound or clamped)
            assert (replay(problem, plan) == []) == (sound or clamped and not faults)
