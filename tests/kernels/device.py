"""Kernel calls as a bare program for QEMU: inputs and expected outputs as constants, the verdict by
semihosting. For what the host cannot run: inline assembly, 32-bit pointers, trapped alignment."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tests.kernels.host import KERNELS, struct_fields
from tinynas.codegen.text import C_TYPES, c_number
from tinynas.graph import Graph, Op
from tinynas.kernels import PATHS, KernelPath

LINKER_SCRIPT = """
ENTRY(reset)
SECTIONS {
  .text %s : { KEEP(*(.vectors)) *(.text*) *(.rodata*) }
  .bss %s (NOLOAD) : { *(.bss*) *(COMMON) }
}
"""

PLACES = {"cortex-m33": ("0x10000000", "0x38000000")}  # of code and data, where not the usual

FRAME = """
#include <stdint.h>
#include <string.h>
#include "tinynas_kernels.h"

static void say(uint32_t what, uint32_t value)
{
    register uint32_t r0 __asm__("r0") = what;
    register uint32_t r1 __asm__("r1") = value;
    __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
}

static void stop(int bad)
{
    static uint32_t block[2] __attribute__((section(".bss.block")));
    block[0] = 0x20026u;
    block[1] = (uint32_t)bad;
    say(0x20, (uint32_t)block);
    for (;;) {
    }
}

static int8_t memory[65536] __attribute__((aligned(16)));

%s

void reset(void);
void fault(void);
void fault(void) { stop(200); }
void reset(void)
{
#ifdef __ARM_ARCH_6M__
    *(volatile uint32_t *)0xE000ED14u |= 8u; /* this core stands in for one that traps unaligned words */
#endif
%s
    stop(0);
}

extern void (*const vectors[])(void);
__attribute__((section(".vectors"), used)) void (*const vectors[16])(void) = {
    (void (*)(void))(memory + sizeof memory + 16384), reset, fault, fault, fault, fault, fault};
"""

TEST = """    memset(memory, 0xA5, sizeof memory);
%s
%s
    if (memcmp(memory + %d, %s, %d) != 0 || memory[%d] != (int8_t)0xA5) {
        stop(%d);
    }
"""


@dataclass(frozen=True)
class Case:
    """One operator through one path; buffers one after another in `memory`."""

    path: KernelPath
    op: Op
    graph: Graph
    values: dict[int, np.ndarray]
    expected: np.ndarray
    backward: bool = False


def _array(name: str, data: np.ndarray) -> str:
    numbers = ", ".join(c_number(v) for v in data.reshape(-1).tolist())
    return (
        f"static const {C_TYPES[data.dtype.name]} {name}[{data.size}] __attribute__((aligned(4))) = "
        f"{{{numbers}}};\n"
    )


def _render(index: int, case: Case) -> tuple[str, str]:
    """(declarations, statements)."""
    code = case.path.code(case.op, case.graph, case.backward)
    names = {a.name: f"c{index}_{a.name}" for a in code.arrays}
    declared = "".join(_array(names[a.name], np.ascontiguousarray(a.data)) for a in code.arrays)
    at, places, copies = 0, {}, ""
    for t in dict.fromkeys((*(t for c in code.calls for t in c.inputs), *case.op.outputs)):
        places[t] = at
        if t not in case.op.outputs:
            declared += _array(f"c{index}_in{t}", case.values[t])
            copies += f"    memcpy(memory + {at}, c{index}_in{t}, {case.values[t].nbytes});\n"
        at = -(-(at + case.graph.tensors[t].size_bytes + 8) // 4) * 4
    calls = ""
    for n, call in enumerate(code.calls):
        kinds = dict(struct_fields()[f"{call.function}_params"])
        values = ", ".join(
            names[v] if isinstance(v, str) else ("0" if kinds[k] == "pointer" else c_number(v))
            for k, v in call.params.items()
        )
        declared += f"static const {call.function}_params c{index}_{n} = {{{values}}};\n"
        buffers = ", ".join(f"(void *)(memory + {places[t]})" for t in (*call.inputs, *call.outputs))
        calls += (
            f"    {call.function}(&c{index}_{n}, {buffers}{f', memory + {at}' if call.scratch else ''});\n"
        )
    (output,) = case.op.outputs
    declared += _array(f"c{index}_out", case.expected)
    size = case.expected.nbytes
    return declared, TEST % (
        copies,
        calls,
        places[output],
        f"c{index}_out",
        size,
        places[output] + size,
        1 + index % 100,
    )


def run_on_device(cases: Sequence[Case], core: str, machine: str, folder: Path) -> int:
    """QEMU's exit status: 0, or 1 + the index (modulo 100) of the first case that differs; 200: a fault."""
    rendered = [_render(k, case) for k, case in enumerate(cases)]
    program = FRAME % ("".join(d for d, _ in rendered), "".join(s for _, s in rendered))
    (folder / "cases.c").write_text(program)
    (folder / "cases.ld").write_text(LINKER_SCRIPT % PLACES.get(core, ("0x0", "0x20000000")))
    sources = sorted({s for p in PATHS for s in p.sources})
    subprocess.run(
        [
            "arm-none-eabi-gcc",
            f"-mcpu={core}",
            "-mthumb",
            "-O2",
            *(["-DTINYNAS_DUAL_ISSUE=1"] if core == "cortex-m7" else []),
            "-std=gnu11",
            "-nostartfiles",
            f"-I{KERNELS}",
            "-T",
            "cases.ld",
            "cases.c",
            *(str(KERNELS / s) for s in sources),
            "-o",
            "cases.elf",
            "-Wl,--no-warn-rwx-segments",
        ],
        cwd=folder,
        check=True,
    )
    return subprocess.run(
        [
            "qemu-system-arm",
            "-M",
            machine,
            "-nographic",
            "-monitor",
            "none",
            "-serial",
            "none",
            "-semihosting-config",
            "enable=on,target=native",
            "-kernel",
            "cases.elf",
        ],
        cwd=folder,
        check=False,
        timeout=120,
        stdin=subprocess.DEVNULL,
    ).returncode
