"""The pipeline models give the cycles their rules say, on code assembled by the real assembler."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile

from tinynas.bench.cycles.decode import Decoder, Instruction, Kind
from tinynas.bench.cycles.dual_issue import loop_cycles
from tinynas.bench.cycles.single_issue import M4, block_cycles

pytestmark = pytest.mark.emulator  # needs the cross assembler


def assemble(text: str, folder: Path) -> list[Instruction]:
    """The instructions of one straight block."""
    lines = [line for line in text.replace(";", "\n").splitlines() if line.strip()]
    source, output = folder / "block.s", folder / "block.o"
    source.write_text(".syntax unified\n.thumb\n.text\n1:\n" + "\n".join(lines) + "\n")
    gcc = shutil.which("arm-none-eabi-gcc")
    assert gcc
    subprocess.run([gcc, "-mcpu=cortex-m7", "-mfpu=fpv5-d16", "-mfloat-abi=hard", "-mthumb", "-c", str(source),
                    "-o", str(output)], check=True)
    with output.open("rb") as file:
        code = ELFFile(file).get_section_by_name(".text").data()
    return Decoder().block(code + b"\0\0\0\0", 0, len(lines))


@pytest.mark.parametrize(("text", "cycles"), [
    ("add r0, r1, r2", 1),
    ("smlad r0, r1, r2, r3", 1),
    ("ldr r0, [r1]", 2),
    ("ldr r0, [r1]; ldr r2, [r3]", 3),  # the second is pipelined
    ("ldr r1, [r1]; ldr r2, [r1]", 4),  # not when its address was just loaded
    ("str r0, [r1]", 1),
    ("ldmia r0!, {r1-r4}", 5),
    ("ldrd r0, r1, [r2]", 3),
    ("push {r4-r7, lr}", 6),
    ("sdiv r0, r1, r2", 6),
    ("add r0, r0, r1; it eq; addeq r0, r0, r1", 2),
    ("ldr r0, [r1]; it eq; addeq r2, r2, r3", 4),
])
def test_m4_timings(tmp_path: Path, text: str, cycles: int) -> None:
    assert block_cycles(assemble(text, tmp_path), M4) == cycles


@pytest.mark.parametrize(("text", "cycles"), [
    ("add r0, r1, r2; add r3, r4, r5", 1),  # a pair
    ("add r0, r1, r2; add r3, r0, r5", 2),  # dependent
    ("smlad r0, r1, r2, r0; smlad r3, r4, r5, r3", 2),  # MACs in the older slot only
    ("smlad r0, r1, r2, r0; ldr r6, [r7]", 1),
    ("smlad r0, r1, r2, r0; smlad r0, r4, r5, r0", 2),  # forwarded to the addend
    ("smlad r0, r1, r2, r3; smlad r4, r0, r5, r6", 3),  # not to a factor
    ("str r0, [r1]; str r2, [r3]", 2),
    ("add r0, r1, r2, lsl #2; add r3, r4, r5, lsl #2", 2),
    ("ldr r0, [r1]; add r2, r0, r3", 3),  # load-use
    ("ldmia r0, {r1-r4}; add r5, r6, r7", 3),
])
def test_m7_timings(tmp_path: Path, text: str, cycles: int) -> None:
    first, _ = loop_cycles(assemble(text, tmp_path))
    assert first == cycles


def test_a_loop_reaches_its_steady_state(tmp_path: Path) -> None:
    """Four MACs and two loads a round: the MACs' slot is the limit, loads ride along."""
    code = assemble("smlad r2, r8, r9, r2; ldr r6, [r0], #4; smlad r3, r8, r9, r3; ldr r7, [r1], #4; "
                    "smlad r4, r8, r9, r4; smlad r5, r8, r9, r5", tmp_path)
    _, again = loop_cycles(code)
    assert again == pytest.approx(4, abs=0.5)


@pytest.mark.parametrize(("text", "kind"), [
    ("sxtb16 r0, r1, ror #8", Kind.DSP), ("ssat r0, #8, r1", Kind.DSP), ("smmulr r0, r1, r2", Kind.MAC),
    ("vldr s0, [r0]", Kind.FLOAT_LOAD), ("vfma.f32 s0, s1, s2", Kind.FLOAT_MAC), ("bx lr", Kind.BRANCH),
    ("pop {r4, pc}", Kind.LOAD_MANY), ("tbb [r0, r1]", Kind.BRANCH), ("ldrsb r0, [r1]", Kind.LOAD),
])
def test_kinds(tmp_path: Path, text: str, kind: Kind) -> None:
    assert assemble(text, tmp_path)[0].kind is kind


@pytest.mark.parametrize("text", ["bx lr", "pop {r4, pc}", "b 1b", "bl 1b", "beq 1b", "ldr pc, [r0]"])
def test_what_changes_the_flow_is_known(tmp_path: Path, text: str) -> None:
    assert assemble(text, tmp_path)[0].flow
    assert not assemble("add r0, r1, r2", tmp_path)[0].flow
