"""The story told about a plan: lifetimes, needs and shared bytes agree with the plan and its bound."""

from __future__ import annotations

from hypothesis import given

from tests.memory.problems import Draw, draws, wild
from tinynas.kernels.path import Overlap
from tinynas.memory import Problem, Step, plan_memory
from tinynas.memory.need import arena_bound
from tinynas.memory.occupancy import BACKWARD, FORWARD, IN_PLACE, occupancy


def chain(overlap: Overlap | None, sizes: dict[int, int], scratch: int = 0) -> Problem:
    overlaps = {} if overlap is None else {(0, 1): overlap}
    return Problem((Step("only", (0,), (1,), scratch, overlaps),), sizes, (0,), (1,))


def test_lifetimes_and_needs_of_a_chain_with_a_shortcut() -> None:
    steps = (Step("a", (0,), (1,)), Step("b", (1,), (2,)), Step("add", (1, 2), (3,)))
    problem = Problem(steps, {0: 100, 1: 40, 2: 80, 3: 80}, (0,), (3,))
    told = occupancy(problem, plan_memory(problem))
    assert {(r.buffer, r.first, r.last) for r in told.residents} == {(0, 0, 0), (1, 0, 2), (2, 1, 2), (3, 2, 2)}
    assert [m.need_bytes for m in told.moments] == [140, 120, 200]
    assert told.bottlenecks == (2,)
    assert told.moments[1].dying == () and set(told.moments[2].dying) == {1, 2}


def test_directions_of_sharing() -> None:
    sizes = {0: 64, 1: 64}
    for overlap, direction, distance in (
        (Overlap(in_place=True), IN_PLACE, None), (Overlap(forward=8), FORWARD, 8),
        (Overlap(backward=12), BACKWARD, 12),
    ):
        problem = chain(overlap, sizes)
        [told] = occupancy(problem, plan_memory(problem)).moments[0].sharing
        assert (told.direction, told.distance_bytes) == (direction, distance)
        assert told.shared_bytes == 64 - (distance or 0)


def test_nothing_is_shared_where_nothing_is_gained() -> None:
    problem = chain(Overlap(forward=64), {0: 64, 1: 64}, scratch=20)
    moment = occupancy(problem, plan_memory(problem)).moments[0]
    assert [(s.shared_bytes, s.direction) for s in moment.sharing] == [(0, "")]
    assert moment.need_bytes == moment.apart_bytes == 148


def test_an_input_larger_than_every_step_is_no_steps_fault() -> None:
    problem = Problem((Step("s", (0,), (2,)),), {0: 4, 1: 400, 2: 4}, (0, 1), (2,))
    told = occupancy(problem, plan_memory(problem))
    assert told.ends_need_bytes == 404 and told.bottlenecks == ()


@given(draws())
def test_every_story_fits_its_plan(draw: Draw) -> None:
    problem = wild(draw)
    plan = plan_memory(problem, solver=False)
    told = occupancy(problem, plan)
    assert max(told.most_needed_bytes, told.ends_need_bytes) == arena_bound(problem, plan.order)
    inside = {r.buffer: r for r in told.residents}
    for k, moment in enumerate(told.moments):
        assert moment.need_bytes <= moment.used_bytes <= plan.arena_bytes
        shared = {(s.input, s.output) for s in moment.sharing if s.shared_bytes}
        for a in moment.live:
            assert inside[a].first <= k <= inside[a].last
            for b in moment.live:
                if a < b and (a, b) not in shared and (b, a) not in shared:
                    apart = inside[a].end_bytes <= inside[b].offset_bytes
                    assert apart or inside[b].end_bytes <= inside[a].offset_bytes or not (
                        inside[a].size_bytes and inside[b].size_bytes)
