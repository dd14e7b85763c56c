"""The bench end to end in QEMU: a true model is measured exactly, a wrong one never passes for right."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.bench.programs import small_program
from tests.bench.schema import violations
from tinynas.bench.figures import instructions
from tinynas.bench.measure import Task, run_batch
from tinynas.bench.reference import test_inputs as make_inputs
from tinynas.bench.result import schema
from tinynas.bench.run import bench
from tinynas.boards import load_board
from tinynas.codegen.project import generate_firmware
from tinynas.compile import Program
from tinynas.errors import BudgetError, LinkError, MeasureError
from tinynas.runs.files import user_cache
from tinynas.target.toolchain import build

pytestmark = pytest.mark.emulator


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bench") / "out"
    return bench(small_program(), "mps2-an500", inputs=5, directory=folder)


@pytest.mark.tflm
def test_a_small_model_is_measured_and_every_output_is_right(result):
    assert (result.outputs_compared, result.outputs_different, result.first_difference) == (5, 0, None)
    assert result.reference.startswith("tflite-micro ")
    assert result.elf.is_file() and result.elf.read_bytes()[:4] == b"\x7fELF"


def test_the_result_fits_its_schema(result):
    plain = json.loads(json.dumps(result.to_json(), allow_nan=False))
    assert violations(plain, schema()) == []
    broken = {**plain, "instructions": "many"}
    del broken["sram"]
    assert len(violations(broken, schema())) == 2


def test_layers_add_up_to_the_inference(result):
    kinds = ["CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "SOFTMAX"]
    assert [layer.op for layer in result.layers] == kinds
    assert all(layer.instructions > 0 for layer in result.layers)
    assert 0 < result.instructions_outside_layers < 60  # entry and exit of one function
    assert sum(layer.macs for layer in result.layers) == result.macs


def test_the_arena_is_used_to_its_last_byte_and_not_beyond(result):
    assert result.sram.arena_bytes == result.predicted.sram.arena_bytes
    assert 0 <= result.sram.arena_bytes - result.arena_high_water_bytes < 4  # whole words are linked
    assert 0 < result.sram.stack_bytes < 2000


def test_predicted_constants_are_the_linked_ones(result):
    for mine, linked in ((result.predicted.flash.weights_bytes, result.flash.weights_bytes),
                         (result.predicted.flash.tables_bytes, result.flash.tables_bytes)):
        assert 0 <= linked - mine < 4 * len(result.layers)  # alignment


def test_counts_are_the_same_in_every_run(result, tmp_path):
    again = bench(small_program(), "mps2-an500", inputs=5, directory=tmp_path / "again")
    assert replace(again, elf=result.elf) == result


BOARDS = ["mps2-an386", "mps2-an505", "mps3-an547", "stm32f746g-disco", "raspberry-pi-pico"]


@pytest.mark.parametrize("board", BOARDS)
def test_other_cores_and_the_stand_ins_of_real_boards(board, tmp_path):
    result = bench(small_program(board), board, inputs=3, repeats=2, warmup=1, directory=tmp_path / "out")
    assert result.correct and result.instructions > result.macs / 2
    assert 0 <= result.sram.arena_bytes - result.arena_high_water_bytes < 4
    assert 0 < result.instructions_outside_layers < 60


# ---- wrong programs ----------------------------------------------------------------------------


@pytest.mark.parametrize("missing", [1, 4, 40])
def test_a_plan_that_is_short_is_caught(missing, tmp_path):
    """By one byte, which hides in the last word; by a word; by enough to miss the guards."""
    program = small_program()
    arena_bytes = program.plan.arena_bytes - missing
    short = replace(program, plan=replace(program.plan, arena_bytes=arena_bytes),
                    sram=replace(program.sram, arena_bytes=-(-arena_bytes // 4) * 4))
    with pytest.raises(MeasureError, match="outside its arena"):
        bench(short, "mps2-an500", inputs=2, directory=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_tensor_below_the_arena_is_caught(tmp_path):
    program = small_program()
    lowest = min(program.offsets, key=lambda t: program.offsets[t])
    moved = {**program.offsets, lowest: -8}
    with pytest.raises(MeasureError, match="outside its arena"):
        bench(replace(program, offsets=moved), "mps2-an500", inputs=2, directory=tmp_path / "out")


def test_buffers_that_overlap_while_both_are_needed_show_in_the_outputs(tmp_path):
    """The depthwise layer's output is laid on its own input, shifted by half a row of the window."""
    program = small_program()
    conv = program.graph.ops[0].outputs[0]
    depthwise = program.graph.ops[1].outputs[0]
    wrong = {**program.offsets}
    shared = program.offsets[conv] + 12
    room = program.plan.arena_bytes - program.graph.tensors[depthwise].size_bytes
    for tensor, offset in program.offsets.items():
        if offset == program.offsets[depthwise] and tensor != conv:
            wrong[tensor] = min(shared, room)
    assert wrong != dict(program.offsets)
    found = bench(replace(program, offsets=wrong), "mps2-an500", inputs=4, directory=tmp_path / "out")
    assert found.outputs_different > 0 and not found.correct
    assert re.match(r"input \d+, output 0, value \d+: -?\d+, should be -?\d+$", found.first_difference)


def test_a_model_that_does_not_fit_is_refused_before_it_is_built(tmp_path):
    program = small_program()
    with pytest.raises(BudgetError, match="SRAM"):
        bench(replace(program, sram=replace(program.sram, arena_bytes=1 << 24)), "mps2-an500", inputs=1,
              directory=tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


# ---- firmware that misbehaves ------------------------------------------------------------------

Change = Callable[[Path], None]


def in_file(name: str, old: str, new: str) -> Change:
    def change(project: Path) -> None:
        path = project / name
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new, 1))

    return change


def run_changed(folder: Path, *changes: Change, elf_change: Callable[[Path], Path] = lambda elf: elf):
    """The small model's firmware, its sources changed before it is built, run on three inputs."""
    folder.mkdir(exist_ok=True)
    program = small_program()
    board = load_board("mps2-an500")
    project = generate_firmware(program, board, folder / "firmware", "qemu").directory
    for change in changes:
        change(project)
    elf = build(project, cache=user_cache("objects"))
    inputs = [b"".join(v.tobytes() for v in values) for values in make_inputs(program.graph, 3, 0)]
    task = Task(program, board, "qemu", None, inputs)
    return run_batch(task, elf, inputs, folder, running_elf=elf_change(elf))


INVOKE = "uint8_t *const arena = state->arena;"


def test_unchanged_it_runs(tmp_path):
    _, _, runs = run_changed(tmp_path)
    assert len(runs) == 3


def test_a_thousand_more_instructions_are_counted_as_a_thousand(tmp_path):
    """The yardstick itself: known code is counted as what it is."""
    board = load_board("mps2-an500")
    counts = []
    for nops in (0, 1, 1000):
        code = f' __asm volatile(".rept {nops}\\n\\tnop\\n\\t.endr");'
        _, _, runs = run_changed(tmp_path / str(nops), in_file("src/tinynas_model.c", INVOKE, INVOKE + code))
        counts.append([instructions(board, run) for run in runs])
    plain, one, thousand = np.array(counts)
    assert (one - plain == 1).all() and (thousand - plain == 1000).all()


def test_a_fault_is_reported_with_its_registers(tmp_path):
    change = in_file("src/tinynas_model.c", INVOKE, INVOKE + ' __asm volatile("udf #0");')
    registers = r"the firmware faulted: (HardFault|UsageFault) .*cfsr=0x00010000.*pc=0x"
    with pytest.raises(MeasureError, match=registers):
        run_changed(tmp_path, change)


def test_a_firmware_that_overwrites_its_image_is_caught(tmp_path):
    spoil = " *(volatile uint8_t *)(uintptr_t)op1_weights ^= 1;"
    change = in_file("src/tinynas_model.c", INVOKE, INVOKE + spoil)
    with pytest.raises(MeasureError, match="overwrote its own image"):
        run_changed(tmp_path, change)


def test_another_image_than_the_one_built_is_refused(tmp_path):
    def altered(elf: Path) -> Path:
        from elftools.elf.elffile import ELFFile

        with elf.open("rb") as file:
            at = ELFFile(file).get_section_by_name(".tinynas_weights")["sh_offset"]
        raw = bytearray(elf.read_bytes())
        raw[at + 5] ^= 1
        other = elf.with_name("altered.elf")
        other.write_bytes(raw)
        return other

    with pytest.raises(MeasureError, match="the image on the device .* is not the one that was built"):
        run_changed(tmp_path, elf_change=altered)


def test_another_model_is_refused(tmp_path):
    define = '#define TINYNAS_MODEL_HASH "'
    change = in_file("src/tinynas_model.h", define, define + "f00")
    with pytest.raises(MeasureError, match="the device runs model f00.*flash it again"):
        run_changed(tmp_path, change)


def test_a_counter_that_stands_still_is_refused(tmp_path):
    change = in_file("runtime/timer_cmsdk.c", "uint32_t now = TN_REG(VALUE);", "uint32_t now = last;")
    with pytest.raises(MeasureError, match="stands still"):
        run_changed(tmp_path, change)


def test_a_stack_that_runs_over_is_refused(tmp_path):
    deep = " volatile uint8_t deep[8100]; for (int k = 8100; k-- > 0;) { deep[k] = 1; } (void)deep[0];"
    change = in_file("src/tinynas_model.c", INVOKE, INVOKE + deep)
    with pytest.raises(MeasureError, match="stack ran over|faulted"):
        run_changed(tmp_path, change)


def test_an_endless_inference_ends_in_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr("tinynas.bench.client.INVOKE_S", 0.5)
    change = in_file("src/tinynas_model.c", INVOKE, INVOKE + " for (;;) { }")
    with pytest.raises(LinkError, match="no answer to Invoke"):
        run_changed(tmp_path, change)


def test_an_emulator_that_dies_is_named(tmp_path):
    change = in_file("src/tinynas_model.c", INVOKE, INVOKE + " extern void tn_exit(int); tn_exit(7);")
    with pytest.raises(LinkError, match="the firmware ended with status 7"):
        run_changed(tmp_path, change)


def test_inputs_of_the_reference_are_the_same_for_a_seed():
    graph = small_program().graph
    first, again, other = (make_inputs(graph, 6, seed) for seed in (1, 1, 2))
    assert all(np.array_equal(a[0], b[0]) for a, b in zip(first, again, strict=True))
    assert not np.array_equal(first[5][0], other[5][0])
    assert {int(v) for k in range(1, 4) for v in np.unique(first[k][0])} == {-128, 127, -3}


def test_programs_of_another_board_are_refused():
    program: Program = small_program("mps2-an386")
    with pytest.raises(Exception, match="compiled for mps2-an386, not for mps2-an500"):
        bench(program, "mps2-an500")
