"""Firmware projects as files: whole or absent, deterministic, and saying what the board file says."""

from __future__ import annotations

import json
import subprocess
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinynas.boards import Step, list_boards, load_board
from tinynas.codegen.board_files import c_step
from tinynas.codegen.boot2 import LENGTH, RP2040_CODE, boot_image, crc32_mpeg2
from tinynas.codegen.firmware import write_firmware
from tinynas.errors import BoardError, BudgetError, UsageError
from tinynas.resources import resource_dir


@pytest.fixture
def app(tmp_path: Path) -> Path:
    path = tmp_path / "app.c"
    path.write_text("int main(void) { return 0; }\n")
    return path


def _tree(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.mark.parametrize("name", list_boards())
def test_the_same_inputs_give_the_same_bytes(name: str, app: Path, tmp_path: Path) -> None:
    board = load_board(name)
    for variant in ("board", "qemu"):
        one = write_firmware(board, variant, tmp_path / f"{variant}-1", [app])
        two = write_firmware(board, variant, tmp_path / f"{variant}-2", [app])
        tree = _tree(one.directory)
        assert tree == _tree(two.directory)
        assert set(one.sources) == {n for n in tree if n.endswith(".c")}
        for content in tree.values():
            assert str(tmp_path).encode() not in content


def test_the_generated_steps_are_the_boards(app: Path, tmp_path: Path) -> None:
    board = load_board("stm32f746g-disco")
    project = write_firmware(board, "board", tmp_path / "fw", [app])
    text = (project.directory / "board/board.c").read_text()
    rows = [line for line in text.splitlines() if line.lstrip().startswith("{TN_STEP")]
    assert board.clock and board.uart and board.marker
    steps = [*board.clock.setup, *board.clock.fallback, *board.uart.setup, *board.marker.setup]
    assert len(rows) == len(steps)
    for row, step in zip(rows, steps, strict=True):
        fields = c_step(step)
        values = ", ".join(fields[k] for k in ("kind", "address", "mask", "value"))
        assert row.strip().startswith("{" + values + "}") and step.why in row
    assert "{TN_STEP_MODIFY, 0x40023804u, 0x0F437FFFu, 0x09406C19u}" in text
    emulated = write_firmware(board, "qemu", tmp_path / "em", [app])
    assert "TN_STEP_MODIFY" not in (emulated.directory / "board/board.c").read_text()


def test_clearing_bits_is_modifying_them_to_zero() -> None:
    assert c_step(Step("clear", 0x10, 6, 6, "x"))["value"] == "0x00000000u"
    assert c_step(Step("clear", 0x10, 6, 6, "x"))["mask"] == "0x00000006u"
    assert c_step(Step("delay", 0, 120, 0, "x"))["value"] == "120u"


def test_semihosting_only_under_an_emulator(app: Path, tmp_path: Path) -> None:
    for name in list_boards():
        for variant, flag in (("board", 0), ("qemu", 1)):
            project = write_firmware(load_board(name), variant, tmp_path / f"{name}-{variant}", [app])
            header = (project.directory / "board/board.h").read_text()
            assert f"#define TN_SEMIHOSTING {flag} " in header
            assert f"#define TN_TRAP_UNALIGNED {int(name == 'raspberry-pi-pico' and flag == 1)}\n" in header


def test_where_the_arena_goes(app: Path, tmp_path: Path) -> None:
    board = load_board("stm32f746g-disco")

    def region(arena_bytes: int) -> str:
        return write_firmware(board, "board", tmp_path / "fw", [app], arena_bytes=arena_bytes).arena_region

    assert region(30_000) == "dtcm", "the fastest that holds it beside stack and harness"
    assert region(60_000) == "sram"
    with pytest.raises(BudgetError, match="an arena of 300000 bytes .* 262144 bytes"):
        region(300_000)


def test_an_older_project_is_replaced_and_nothing_else_is(app: Path, tmp_path: Path) -> None:
    board = load_board("mps2-an500")
    folder = tmp_path / "fw"
    write_firmware(board, "qemu", folder, [app])
    (folder / "stale.txt").write_text("x")
    write_firmware(board, "qemu", folder, [app])
    assert not (folder / "stale.txt").exists()
    other = tmp_path / "mine"
    other.mkdir()
    (other / "thesis.txt").write_text("x")
    with pytest.raises(UsageError, match="not a firmware project"):
        write_firmware(board, "qemu", other, [app])
    assert _tree(other) == {"thesis.txt": b"x"}


def test_nothing_is_left_when_it_fails(app: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    before = sorted(p.name for p in tmp_path.iterdir())
    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space"):
        write_firmware(load_board("mps2-an500"), "qemu", tmp_path / "fw", [app])
    monkeypatch.undo()
    assert sorted(p.name for p in tmp_path.iterdir()) == before


def test_two_sources_of_one_name_are_refused(app: Path, tmp_path: Path) -> None:
    other = tmp_path / "other" / "app.c"
    other.parent.mkdir()
    other.write_text("int x;\n")
    with pytest.raises(UsageError, match="two different sources are named app.c"):
        write_firmware(load_board("mps2-an500"), "qemu", tmp_path / "fw", [app, other])


def test_a_baud_rate_the_port_cannot_make(app: Path, tmp_path: Path) -> None:
    with pytest.raises(BoardError, match="cannot be made"):
        write_firmware(load_board("mps2-an500"), "board", tmp_path / "fw", [app], baud=8_000_000)


def test_manifest_and_defines(app: Path, tmp_path: Path) -> None:
    project = write_firmware(load_board("mps3-an547"), "qemu", tmp_path / "fw", [app],
                             defines={"B": "", "A": "3"})
    manifest = json.loads((project.directory / "firmware.json").read_text())
    assert manifest["flags"][-2:] == ["-DA=3", "-DB"]
    assert {"-O2", "-ffunction-sections", "-Wall", "-Wextra", "-Werror"} <= set(manifest["flags"])
    assert "-Wl,--gc-sections" in manifest["link_flags"]


@pytest.mark.emulator
def test_a_user_can_build_it_with_make(app: Path, tmp_path: Path) -> None:
    project = write_firmware(load_board("raspberry-pi-pico"), "board", tmp_path / "fw", [app])
    subprocess.run(["make", "-C", str(project.directory)], check=True, capture_output=True)
    image = (project.directory / "build/firmware.bin").read_bytes()
    assert image[:LENGTH] == boot_image()
    stack, reset = int.from_bytes(image[256:260], "little"), int.from_bytes(image[260:264], "little")
    assert 0x20000000 < stack <= 0x20040000 and 0x10000100 < reset < 0x10200000 and reset & 1


@pytest.mark.emulator
def test_the_first_stage_loader_is_its_source_assembled(tmp_path: Path) -> None:
    source = resource_dir("firmware") / "runtime" / "boot2_rp2040.S"
    subprocess.run(["arm-none-eabi-gcc", "-c", str(source), "-o", str(tmp_path / "b.o")], check=True)
    subprocess.run(["arm-none-eabi-objcopy", "-O", "binary", "-j", ".text", str(tmp_path / "b.o"),
                    str(tmp_path / "b.bin")], check=True)
    assert (tmp_path / "b.bin").read_bytes() == RP2040_CODE


def test_checksum_of_the_first_stage_loader() -> None:
    assert crc32_mpeg2(b"123456789") == 0x0376E6E7  # the catalogue's check value
    image = boot_image()
    assert len(image) == LENGTH and int.from_bytes(image[-4:], "little") == crc32_mpeg2(image[:-4])
    with pytest.raises(BoardError, match="at most 252"):
        boot_image(bytes(253))


@given(st.binary(max_size=300))
def test_mpeg2_is_zlibs_polynomial_mirrored(data: bytes) -> None:
    def mirrored(value: int, bits: int) -> int:
        return int(f"{value:0{bits}b}"[::-1], 2)

    turned = bytes(mirrored(b, 8) for b in data)
    assert crc32_mpeg2(data) == mirrored(zlib.crc32(turned) ^ 0xFFFFFFFF, 32)
