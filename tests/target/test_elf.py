"""The footprint: every byte of a linked image belongs to somebody."""

from __future__ import annotations

import subprocess
import zlib
from pathlib import Path

import pytest

from tests.target.conftest import BuildHello
from tinynas.boards import list_boards, load_board, variant_of
from tinynas.codegen.firmware import write_firmware
from tinynas.errors import BudgetError, MeasureError, ToolError
from tinynas.target.elf import (
    allocated,
    footprint,
    image_bytes,
    image_crc,
    library_bytes,
    reserved_stack_bytes,
    symbols,
)
from tinynas.target.toolchain import build

pytestmark = pytest.mark.emulator


@pytest.mark.parametrize("variant", ["board", "qemu"])
@pytest.mark.parametrize("board", list_boards())
def test_every_board_links_within_its_limits(build_hello: BuildHello, board: str, variant: str) -> None:
    """Also: nothing undefined, no orphan section, no warning (the build has -Werror)."""
    elf = build_hello(board, variant)
    target = variant_of(load_board(board), variant)
    flash, sram = footprint(elf)
    assert (flash.weights_bytes, flash.tables_bytes) == (40, 20)
    assert flash.total_bytes == len(image_bytes(elf))
    assert (sram.arena_bytes, sram.state_bytes, sram.stack_bytes) == (100, 12, 0)
    assert 0 < flash.code_bytes - library_bytes(elf) < 200
    regions = [target.code_region, target.data_region, *target.regions_for("arena")]
    for section in allocated(elf):
        assert any(r.origin <= section.address and section.address + section.size <= r.end for r in regions)
    assert reserved_stack_bytes(elf) == 8192
    vectors = next(s for s in allocated(elf) if s.name == ".tinynas_vectors")
    assert vectors.address % target.vectors_align == 0
    if target.boot:
        assert vectors.address == target.code_region.origin + target.boot.length


def test_the_library_functions_a_model_needs_are_its_code(build_hello: BuildHello) -> None:
    for board in ("mps2-an386", "raspberry-pi-pico"):
        elf = build_hello(board)
        named = symbols(elf)
        needed = {"memcpy", "memset"}
        if board == "raspberry-pi-pico":  # its remainders are calls
            needed |= {"__aeabi_uidivmod", "__udivsi3", "__aeabi_idiv0"}
        assert library_bytes(elf) == sum(named[n].size for n in needed)


def test_the_sums_are_those_of_the_size_tool(build_hello: BuildHello) -> None:
    elf = build_hello("stm32f746g-disco", "board")
    rows = subprocess.run(["arm-none-eabi-size", "-A", str(elf)], capture_output=True, text=True,
                          check=True).stdout.splitlines()
    size = {r.split()[0]: int(r.split()[1]) for r in rows if r.startswith(".")}
    flash, sram = footprint(elf)
    in_flash = sum(size[n] for n in size if n in (".tinynas_vectors", ".tinynas_code", ".tinynas_weights",
                                                  ".tinynas_tables", ".text", ".rodata", ".data"))
    assert 0 <= flash.total_bytes - in_flash < 64, "only gaps between sections"
    in_ram = sum(size.get(n, 0) for n in (".data", ".bss", ".tinynas_arena", ".tinynas_state",
                                          ".tinynas_static"))
    assert sram.total_bytes == in_ram


def test_checksum_of_the_image(build_hello: BuildHello, tmp_path: Path) -> None:
    elf = build_hello("nucleo-f446re", "board")
    binary = tmp_path / "firmware.bin"
    subprocess.run(["arm-none-eabi-objcopy", "-O", "binary", str(elf), str(binary)], check=True)
    assert image_crc(elf) == zlib.crc32(binary.read_bytes())


def _linked(tmp_path: Path, source: str, board: str = "mps2-an500") -> Path:
    app = tmp_path / "app.c"
    app.write_text(source)
    project = write_firmware(load_board(board), "qemu", tmp_path / "project", [app])
    return build(project.directory)


def test_a_section_that_belongs_to_nobody_does_not_link(tmp_path: Path) -> None:
    source = ('static int hidden __attribute__((section(".secret"), used)) = 1;\n'
              "int main(void) { return hidden; }\n")
    with pytest.raises(ToolError, match=r"\.secret"):
        _linked(tmp_path, source)


def test_a_foreign_elf_is_refused(tmp_path: Path) -> None:
    source, elf = tmp_path / "a.c", tmp_path / "a.elf"
    source.write_text("int x = 1; void _start(void) { x++; }\n")
    subprocess.run(["arm-none-eabi-gcc", "-mcpu=cortex-m3", "-mthumb", "-nostdlib", "-O2",
                    "-fno-asynchronous-unwind-tables", str(source), "-o", str(elf)], check=True)
    with pytest.raises(MeasureError, match="lacks symbol __tn_image_end"):
        footprint(elf)
    subprocess.run(["arm-none-eabi-objcopy", "--rename-section", ".data=.mydata", str(elf)], check=True)
    with pytest.raises(MeasureError, match=r"section \.mydata .* belongs to nobody"):
        footprint(elf)


@pytest.mark.parametrize("content", [b"", b"not an elf", b"\x7fELF\x01\x01\x01" + bytes(9)])
def test_a_damaged_elf_is_one_clear_error(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.elf"
    path.write_bytes(content)
    with pytest.raises(MeasureError, match="not a readable ELF|no symbols"):
        footprint(path)
    with pytest.raises(MeasureError, match="cannot be read"):
        footprint(tmp_path / "none.elf")


def test_an_image_too_large_is_refused_with_the_numbers(tmp_path: Path) -> None:
    source = ('#define W __attribute__((section(".rodata.tinynas.weights")))\n'
              "const unsigned char big[600000] W = {1};\n"
              "int main(void) { return *(const volatile unsigned char *)big; }\n")
    with pytest.raises(BudgetError, match="exceeds memory 'flash' by 7[0-9]{4} bytes"):
        _linked(tmp_path, source, "nucleo-f446re")


def test_too_much_data_is_refused_even_where_the_machine_has_more(tmp_path: Path) -> None:
    source = "volatile char big[200000];\nint main(void) { big[1] = 2; return big[0]; }\n"
    with pytest.raises(BudgetError, match="exceeds memory 'sram' by"):
        _linked(tmp_path, source, "nucleo-f446re")
