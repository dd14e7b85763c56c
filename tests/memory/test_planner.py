"""The planner's promises, on 300 random graphs a run and on cases worked out by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.memory.problems import Case, Draw, chain, draws, network, seeded, wild
from tinynas.kernels.path import Overlap
from tinynas.memory import Plan, Problem, Step, plan_memory
from tinynas.memory.exact import prove
from tinynas.memory.greedy import fit
from tinynas.memory.model import prepare
from tinynas.memory.order import Ordering, best_order
from tinynas.memory.place import extent, place
from tinynas.memory.replay import replay
from tinynas.memory.timeline import timeline

RUN = 300


def traces_of(case: Case, plan: Plan) -> dict[int, list]:  # type: ignore[type-arg]
    return {k: list(t)[::-1] if k in plan.backward else list(t) for k, t in case.traces.items()}


@settings(max_examples=RUN)
@given(draws())
def test_plans_of_networks_run_byte_for_byte(draw: Draw) -> None:
    case = network(draw)
    plan = plan_memory(case.problem)
    assert replay(case.problem, plan, traces_of(case, plan)) == []
    assert replay(case.problem, plan) == []
    assert plan.bound_bytes <= plan.arena_bytes
    assert plan.proof in ("bound met", "cp-sat", "")
    assert (plan.proof == "bound met") == (plan.arena_bytes == plan.bound_bytes)


@settings(max_examples=RUN // 3)
@given(draws())
def test_plans_of_wild_problems_replay(draw: Draw) -> None:
    problem = wild(draw)
    plan = plan_memory(problem)
    assert replay(problem, plan) == []
    assert plan.bound_bytes <= plan.arena_bytes


def test_nearly_all_plans_are_proved_optimal() -> None:
    plans = [plan_memory(network(seeded(seed)).problem) for seed in range(RUN)]
    plans += [plan_memory(wild(seeded(seed))) for seed in range(RUN // 3)]
    assert sum(plan.optimal for plan in plans) >= 0.99 * len(plans)


def test_solver_alone_agrees_when_the_order_is_free() -> None:
    """CP-SAT knowing neither order nor bound finds the same arena (small graphs, so that it ends)."""
    pytest.importorskip("ortools")
    for seed in range(40):
        agree(network(seeded(seed), most_steps=5).problem, free=True)
        agree(wild(seeded(seed), most_steps=4), free=True)


def test_solver_alone_agrees_on_the_planners_order() -> None:
    """Under 30 operators: CP-SAT knowing no bound finds nothing smaller on the order chosen."""
    pytest.importorskip("ortools")
    agreed = [agree(network(seeded(seed), most_steps=29).problem, free=False) for seed in range(30)]
    assert sum(agreed) >= 25  # the solver came to an end


def agree(problem: Problem, free: bool) -> bool:
    """Assert that the solver, starting from everything side by side, ends where the planner did;
    False when it could not finish."""
    plan = plan_memory(problem)
    model = prepare(problem)
    line = timeline(model, plan.order)
    worst = fit(line, sum(model.sizes) + sum(s + problem.align for s in model.scratch), checks=1)
    assert worst is not None
    line, best, proved = prove(line, worst, Ordering(plan.order, 0, 0, not free), free, effort=3.0)
    if proved:
        assert extent(line, best) == plan.arena_bytes
    return proved


@settings(max_examples=60)
@given(draws())
def test_nothing_is_placed_below_the_bound(draw: Draw) -> None:
    model = prepare(wild(draw, most_steps=10))
    ordering = best_order(model)
    if model.steps and ordering.need_bytes:
        line = timeline(model, ordering.order)
        assert place(line, ordering.need_bytes - 1) is None
        assert fit(line, ordering.need_bytes - 1, checks=2_000) is None


@settings(max_examples=60)
@given(draws(), st.integers(0, 2**31))
def test_replay_agrees_with_the_rules_when_a_buffer_is_moved(draw: Draw, choice: int) -> None:
    """Move one buffer of a good plan: replay complains exactly when a rule of `Overlap` is broken."""
    problem = replace(wild(draw, most_steps=8), align=1)
    plan = plan_memory(problem)
    names = sorted(plan.offsets)
    b = names[choice % len(names)]
    at = plan.offsets[b] + (-1 if choice // len(names) % 2 else 1)
    moved = replace(plan, offsets={**plan.offsets, b: at}, arena_bytes=plan.arena_bytes + 1)
    assert (replay(problem, moved) == []) == (at >= 0 and keeps_rules(problem, moved))


def keeps_rules(problem: Problem, plan: Plan) -> bool:
    """The text of `Overlap` and `Problem`, word for word, moment by moment."""
    def apart(a: int, a_size: int, b: int, b_size: int) -> bool:
        return a + a_size <= b or b + b_size <= a or not a_size or not b_size

    steps = [problem.steps[k] for k in plan.order]
    last = {b: t for t, step in enumerate(steps) for b in (*step.inputs, *step.outputs)}
    kept = {*problem.outputs, *problem.resident}
    sizes, offsets = problem.sizes, plan.offsets
    start = {*problem.inputs, *problem.resident}
    if any(not apart(offsets[a], sizes[a], offsets[b], sizes[b]) for a in start for b in start if a < b):
        return False
    live = {b for b in start if b in kept or b in last}
    for t, k in enumerate(plan.order):
        step = problem.steps[k]
        new = set(step.outputs)
        for a in live | new:
            if step.scratch_bytes and not apart(offsets[a], sizes[a], plan.scratch[k], step.scratch_bytes):
                return False
            for y in new - {a}:
                if apart(offsets[a], sizes[a], offsets[y], sizes[y]):
                    continue
                overlap = step.overlaps.get((a, y)) if a in step.inputs else None
                if overlap is None or a in kept or last[a] != t:
                    return False
                if overlap.in_place and offsets[a] == offsets[y]:
                    continue
                if k in plan.backward:
                    if overlap.backward is None or offsets[y] < offsets[a] + overlap.backward:
                        return False
                elif overlap.forward is None or offsets[y] > offsets[a] - overlap.forward:
                    return False
        live = {b for b in live | new if b in kept or last[b] > t}
    return True


def test_forward_overlap_needs_its_distance_and_no_byte_more() -> None:
    plan = plan_memory(chain((100, 90, 0, Overlap(forward=30))))
    assert plan.arena_bytes == 130 and plan.proof == "bound met" and not plan.backward
    assert plan.offsets[0] - plan.offsets[1] >= 30


def test_backward_overlap_is_chosen_when_it_is_shorter() -> None:
    plan = plan_memory(chain((50, 100, 0, Overlap(forward=90, backward=10))))
    assert plan.arena_bytes == 110 and plan.backward == {0}
    assert plan.offsets[1] - plan.offsets[0] == 10


def test_negative_distance_lets_the_output_start_above_the_input() -> None:
    plan = plan_memory(chain((492, 8000, 512, Overlap(forward=7489, backward=-196))))
    assert plan.arena_bytes == 8512 and plan.optimal


def test_in_place_only_is_exactly_in_place() -> None:
    first = (40, 30, 0, Overlap(in_place=True))
    plan = plan_memory(chain(first, (30, 30, 4, Overlap(backward=10))))
    assert plan.arena_bytes == 44 and plan.optimal
    assert plan.offsets[0] == plan.offsets[1]
    # forward only, the second output must lie 10 bytes below both: the bound of 44 is out of reach
    plan = plan_memory(chain(first, (30, 30, 4, Overlap(forward=10))))
    assert (plan.arena_bytes, plan.bound_bytes, plan.proof) == (50, 44, "cp-sat")


def test_scratch_is_apart_from_all_that_lives() -> None:
    plan = plan_memory(chain((10, 10, 7, Overlap(0, 0)), (10, 20, 5, None)))
    assert plan.arena_bytes == 35
    assert 0 in plan.scratch and 1 in plan.scratch


def test_addition_in_place_of_either_input() -> None:
    both = {(0, 2): Overlap(0, 0), (1, 2): Overlap(0, 0)}
    add = Step("add", (0, 1), (2,), 0, both)
    assert plan_memory(Problem((add,), {0: 8, 1: 8, 2: 8}, (0, 1), (2,))).arena_bytes == 16


def test_same_buffer_twice_as_input() -> None:
    square = Step("mul", (0, 0), (1,), 0, {(0, 1): Overlap(0, 0)})
    assert plan_memory(Problem((square,), {0: 8, 1: 8}, (0,), (1,))).arena_bytes == 8


def test_concatenation_over_both_dying_inputs() -> None:
    """Copies of 100 and 60 bytes: the second write starts 100 bytes into the output."""
    overlaps = {(0, 2): Overlap(forward=0), (1, 2): Overlap(forward=100)}
    concat = Step("concat", (0, 1), (2,), 0, overlaps)
    plan = plan_memory(Problem((concat,), {0: 100, 1: 60, 2: 160}, (0, 1), (2,)))
    assert plan.arena_bytes == 160 and plan.optimal


def test_split_within_its_dying_input() -> None:
    overlaps = {(0, 1): Overlap(forward=0), (0, 2): Overlap(forward=-100)}
    split = Step("split", (0,), (1, 2), 0, overlaps)
    plan = plan_memory(Problem((split,), {0: 160, 1: 100, 2: 60}, (0,), (1, 2)))
    assert plan.arena_bytes == 160 and plan.optimal


def test_resident_and_returned_inputs_are_never_overwritten() -> None:
    copy = Step("copy", (0,), (1,), 0, {(0, 1): Overlap(0, 0)})
    sizes = {0: 8, 1: 8}
    assert plan_memory(Problem((copy,), sizes, (0,), (1,))).arena_bytes == 8
    assert plan_memory(Problem((copy,), sizes, (0,), (1,), resident=(0,))).arena_bytes == 16
    assert plan_memory(Problem((copy,), sizes, (0,), (1, 0))).arena_bytes == 16


def test_input_needed_later_is_not_overwritten() -> None:
    in_place = {(0, 1): Overlap(0, 0)}
    steps = (Step("relu", (0,), (1,), 0, in_place), Step("add", (0, 1), (2,), 0, {(0, 2): Overlap(0, 0)}))
    assert plan_memory(Problem(steps, {0: 8, 1: 8, 2: 8}, (0,), (2,))).arena_bytes == 16


def test_unused_output_takes_room_only_while_its_step_runs() -> None:
    steps = (Step("split", (0,), (1, 2)), Step("next", (1,), (3,)))
    plan = plan_memory(Problem(steps, {0: 8, 1: 8, 2: 100, 3: 40}, (0,), (3,)))
    assert plan.arena_bytes == 116 and plan.optimal


def test_state_written_in_place_keeps_its_readers_before_it() -> None:
    """Buffer 9 is state: read by `old`, then written by `update`; the order must not turn."""
    steps = (Step("old", (9, 0), (1,)), Step("update", (0,), (9,)), Step("out", (1,), (2,)))
    plan = plan_memory(Problem(steps, {0: 64, 1: 4, 2: 4, 9: 16}, (0,), (2,), resident=(9,)))
    assert plan.order.index(0) < plan.order.index(1)
    assert replay(Problem(steps, {0: 64, 1: 4, 2: 4, 9: 16}, (0,), (2,), resident=(9,)), plan) == []


def test_order_is_changed_when_that_saves_memory() -> None:
    """Two branches from a small input: each swells and shrinks, one after the other."""
    steps = (
        Step("swell a", (0,), (1,)), Step("swell b", (0,), (2,)),
        Step("shrink a", (1,), (3,)), Step("shrink b", (2,), (4,)), Step("join", (3, 4), (5,)),
    )
    plan = plan_memory(Problem(steps, {0: 4, 1: 100, 2: 100, 3: 4, 4: 4, 5: 4}, (0,), (5,)))
    assert plan.arena_bytes == 108 and plan.optimal


def test_too_many_orders_fall_back_to_the_given_one_with_a_true_bound() -> None:
    width = 10
    steps = tuple(Step(f"branch{k}", (0,), (k + 1,)) for k in range(width))
    join = Step("join", tuple(range(1, width + 1)), (width + 1,))
    problem = Problem((*steps, join), {0: 64, **{k: 8 for k in range(1, width + 2)}}, (0,), (width + 1,))
    full, cut = best_order(prepare(problem)), best_order(prepare(problem), state_limit=10)
    assert cut.order == tuple(range(width + 1))
    assert cut.bound_bytes <= full.bound_bytes <= cut.need_bytes


def test_arena_ends_at_the_last_byte_in_use() -> None:
    """Alignment pads between buffers but not above the topmost."""
    problem = Problem((Step("s", (0,), (1,)),), {0: 490, 1: 249}, (0,), (1,), align=4)
    plan = plan_memory(problem)
    assert plan.arena_bytes == plan.bound_bytes == 492 + 249
    assert plan.offsets == {0: 0, 1: 492}


def test_planning_is_deterministic() -> None:
    for seed in range(20):
        problem = wild(seeded(seed))
        assert plan_memory(problem) == plan_memory(problem)


def test_works_without_the_solver() -> None:
    problem = wild(seeded(3))
    plan = plan_memory(problem, solver=False)
    assert replay(problem, plan) == []


@pytest.mark.parametrize("problem, word", [
    (Problem((Step("s", (7,), (1,)),), {1: 4, 7: 4}, (), (1,)), "before anything wrote it"),
    (Problem((Step("s", (0,), (1,)),), {0: 4}, (0,), (1,)), "no size"),
    (Problem((), {0: -1}, (0,), (0,)), "negative"),
    (Problem((), {0: 1}, (0,), (0,), align=0), "alignment"),
])
def test_contradictions_are_refused(problem: Problem, word: str) -> None:
    with pytest.raises(ValueError, match=word):
        plan_memory(problem)
