"""What a linked firmware really holds: every allocated section accounted for, no estimate.

The linker script gives the model's parts sections of their own; the rest is harness (start-up,
protocol, profiling). A section this module does not know is refused, so that no byte can hide.
Helper functions of the compiler's library and memcpy and its kin lie in the harness's `.text`, but
those the model's code reaches (followed through the relocations kept in the ELF) count as model
code: a product would need them too.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from elftools.common.exceptions import ELFError
from elftools.elf.elffile import ELFFile
from elftools.elf.relocation import RelocationSection
from elftools.elf.sections import SymbolTableSection

from tinynas.compile.program import Flash, Sram
from tinynas.errors import MeasureError

_ALLOC, _WRITE, _NOBITS = 0x2, 0x1, "SHT_NOBITS"
_CODE, _WEIGHTS, _TABLES = ".tinynas_code", ".tinynas_weights", ".tinynas_tables"
_FLASH_HARNESS = (".tinynas_boot", ".tinynas_vectors", ".text", ".rodata", ".ARM.exidx")
_ARENA, _STATE, _STATIC, _STACK = ".tinynas_arena", ".tinynas_state", ".tinynas_static", ".tinynas_stack"
_RAM_HARNESS = (".data", ".bss", ".tinynas_copy")
_FLASH = (_CODE, _WEIGHTS, _TABLES, *_FLASH_HARNESS)
_RAM = (_ARENA, _STATE, _STATIC, _STACK, *_RAM_HARNESS)


@dataclass(frozen=True)
class Section:
    name: str
    address: int
    size: int
    writable: bool


@dataclass(frozen=True)
class Symbol:
    name: str
    address: int  # without the Thumb bit
    size: int
    function: bool


@contextmanager
def _opened(path: Path) -> Iterator[ELFFile]:
    try:
        with Path(path).open("rb") as file:
            yield ELFFile(file)
    except OSError as error:
        raise MeasureError(f"{path}: cannot be read: {error.strerror or error}") from error
    except (ELFError, struct.error) as error:
        raise MeasureError(f"{path}: not a readable ELF file: {error}") from error


def allocated(path: Path) -> tuple[Section, ...]:
    """Every section that takes memory on the device, in address order."""
    with _opened(path) as elf:
        found = [Section(s.name, s["sh_addr"], s["sh_size"], bool(s["sh_flags"] & _WRITE))
                 for s in elf.iter_sections() if s["sh_flags"] & _ALLOC and s["sh_size"]]
    return tuple(sorted(found, key=lambda s: s.address))


def symbols(path: Path) -> Mapping[str, Symbol]:
    """Defined symbols by name; of two static ones with one name, the last."""
    with _opened(path) as elf:
        return {s.name: s for s in _symbols(elf)}


def functions(path: Path) -> tuple[Symbol, ...]:
    """Every function that has a size, static ones of the same name too, in address order."""
    with _opened(path) as elf:
        found = {s.address: s for s in _symbols(elf) if s.function and s.size}
    return tuple(found[address] for address in sorted(found))


def _symbols(elf: ELFFile) -> Iterator[Symbol]:
    table = elf.get_section_by_name(".symtab")
    if not isinstance(table, SymbolTableSection):
        raise MeasureError("the ELF has no symbols")
    for s in table.iter_symbols():
        if s.name and s["st_shndx"] != "SHN_UNDEF":
            function = s["st_info"]["type"] == "STT_FUNC"
            yield Symbol(s.name, s["st_value"] & ~1 if function else s["st_value"], s["st_size"], function)


def footprint(path: Path) -> tuple[Flash, Sram]:
    """Bytes the image takes, in the terms of the compiler's prediction.

    `Flash.total_bytes` is the whole image, alignment gaps included (as harness).
    `Sram.stack_bytes` is 0 here: it is measured, not linked; the memory reserved for the stack is
    not counted. Raises MeasureError on a section that is not known, or overlapping ones."""
    sections = allocated(path)
    _check(sections)
    size = {s.name: s.size for s in sections}
    found = symbols(path)
    library = library_bytes(path)
    code = size.get(_CODE, 0) + library
    image = _value(found, "__tn_image_end") - _value(found, "__tn_image_start")
    weights, tables = size.get(_WEIGHTS, 0), size.get(_TABLES, 0)
    harness = image - code - weights - tables
    if harness < 0:
        raise MeasureError(f"{path}: the image is smaller than its sections")
    arena = _value(found, "__tn_arena_end") - _value(found, "__tn_arena_start")
    guards = size.get(_ARENA, 0) - arena
    ram_harness = sum(size.get(name, 0) for name in _RAM_HARNESS) + guards
    return (Flash(code, weights, tables, harness),
            Sram(arena, size.get(_STATE, 0), 0, size.get(_STATIC, 0), ram_harness))


def _check(sections: tuple[Section, ...]) -> None:
    for section in sections:
        known = _RAM if section.writable else _FLASH
        if section.name not in known:
            kind = "writable" if section.writable else "read-only"
            raise MeasureError(f"section {section.name} ({section.size} bytes, {kind}) belongs to nobody: "
                               "the footprint would be wrong")
    for left, right in zip(sections, sections[1:], strict=False):
        if right.address < left.address + left.size:
            raise MeasureError(f"sections {left.name} and {right.name} overlap")


def _value(found: Mapping[str, Symbol], name: str) -> int:
    if name not in found:
        raise MeasureError(f"the ELF lacks symbol {name}: it was not linked with tinynas's linker script")
    return found[name].address


def reserved_stack_bytes(path: Path) -> int:
    """Memory set aside for the stack."""
    return sum(s.size for s in allocated(path) if s.name == _STACK)


def library_bytes(path: Path) -> int:
    """Bytes of harness functions the model's code calls, directly or through each other."""
    with _opened(path) as elf:
        functions = {s.address: s for s in _symbols(elf) if s.function and s.size}
        section = elf.get_section_by_name(_CODE)
        if section is None:
            return 0
        first, last = section["sh_addr"], section["sh_addr"] + section["sh_size"]
        edges = _references(elf, functions) + _branches(elf, functions)
    reached: set[int] = set()
    todo = [target for caller, target in edges if first <= caller < last]
    while todo:
        at = todo.pop()
        if at in reached or first <= at < last or at not in functions or functions[at].name.startswith("tn_"):
            continue
        reached.add(at)
        end = at + functions[at].size
        todo += [target for caller, target in edges if at <= caller < end]
    return sum(functions[at].size for at in reached)


def _references(elf: ELFFile, functions: Mapping[int, Symbol]) -> list[tuple[int, int]]:
    """(address of a reference, address of the function it refers to), from the kept relocations."""
    edges = []
    for name in (f".rel{_CODE}", ".rel.text"):
        relocations = elf.get_section_by_name(name)
        if not isinstance(relocations, RelocationSection):
            continue
        table = elf.get_section(relocations["sh_link"])
        for entry in relocations.iter_relocations():
            target = table.get_symbol(entry["r_info_sym"])["st_value"] & ~1
            if target in functions:
                edges.append((entry["r_offset"], target))
    return edges


def _branches(elf: ELFFile, functions: Mapping[int, Symbol]) -> list[tuple[int, int]]:
    """The same for calls inside one object of the library, which the assembler resolved: Thumb
    branches whose target is exactly a function's start. A constant that looks like one is unlikely,
    and would only count a function too many."""
    section = elf.get_section_by_name(".text")
    if section is None:
        return []
    base, data = section["sh_addr"], section.data()
    edges = []
    for at in range(0, len(data) - 3, 2):
        offset = _branch_offset(*struct.unpack_from("<HH", data, at))
        if offset is not None and base + at + 4 + offset in functions:
            edges.append((base + at, base + at + 4 + offset))
    return edges


def _branch_offset(high: int, low: int) -> int | None:
    """Distance of the branch B, B.W or BL at the start of these halfwords (ARMv7-M ARM, A7.7), or None."""
    if high >> 11 == 0b11100:
        return ((high & 0x7FF) ^ 0x400) - 0x400 << 1
    if high >> 11 != 0b11110 or low >> 14 not in (0b10, 0b11) or not low >> 12 & 1:
        return None
    sign = high >> 10 & 1
    i1, i2 = ~(low >> 13 ^ sign) & 1, ~(low >> 11 ^ sign) & 1
    return (-sign << 24) | i1 << 23 | i2 << 22 | (high & 0x3FF) << 12 | (low & 0x7FF) << 1


def image_bytes(path: Path) -> bytes:
    """What flash holds from the image's start to its end, gaps as zeros (as a flasher leaves or an
    emulator loads them)."""
    found = symbols(path)
    start, end = _value(found, "__tn_image_start"), _value(found, "__tn_image_end")
    image = bytearray(end - start)
    with _opened(path) as elf:
        for segment in elf.iter_segments("PT_LOAD"):
            at, data = segment["p_paddr"] - start, segment.data()
            if data and 0 <= at and at + len(data) <= len(image):
                image[at:at + len(data)] = data
    return bytes(image)


def image_crc(path: Path) -> int:
    """CRC-32 the firmware's tn_image_crc() must report."""
    return zlib.crc32(image_bytes(path))


def code_at(path: Path) -> Callable[[int, int], bytes]:
    """A reader of the image's bytes: (address, length) -> up to so many bytes from there."""
    with _opened(path) as elf:
        segments = [(s["p_vaddr"], s.data()) for s in elf.iter_segments("PT_LOAD") if s["p_filesz"]]

    def read(address: int, length: int) -> bytes:
        for start, data in segments:
            if start <= address < start + len(data):
                return bytes(data[address - start:address - start + length])
        raise MeasureError(f"{path}: no code at {address:#x}")
    return read
