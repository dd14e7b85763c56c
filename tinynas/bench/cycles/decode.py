"""Thumb instructions as a pipeline sees them: what they need, what they give, and what kind they are.

Capstone decodes; nothing here knows a core's timing."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

import capstone
from capstone import arm

from tinynas.errors import MeasureError


class Kind(Enum):
    """Classes that the timing rules tell apart."""

    ALU = auto()
    MAC = auto()
    DSP = auto()  # the DSP extension's arithmetic: saturation, packing, SIMD sums
    DIVIDE = auto()
    LOAD = auto()
    STORE = auto()
    LOAD_PAIR = auto()
    STORE_PAIR = auto()
    LOAD_MANY = auto()
    STORE_MANY = auto()
    BRANCH = auto()
    IT = auto()
    FLOAT = auto()
    FLOAT_MAC = auto()
    FLOAT_DIVIDE = auto()
    FLOAT_LOAD = auto()
    FLOAT_STORE = auto()
    VECTOR = auto()  # Helium arithmetic
    VECTOR_MAC = auto()
    VECTOR_LOAD = auto()
    VECTOR_STORE = auto()
    OTHER = auto()


@dataclass(frozen=True)
class Instruction:
    """`reads`, `writes`: register names ("flags" among them). `address`: registers that form an address.
    `accumulates`: the register a MAC adds to. `base`: written back by the addressing mode. `count`: registers
    moved. `shifted`: has a shifted or extended operand. `call_or_jump`: changes the flow for certain or maybe."""

    text: str
    kind: Kind
    reads: frozenset[str]
    writes: frozenset[str]
    address: frozenset[str]
    accumulates: str | None
    base: str | None
    count: int
    shifted: bool
    flow: bool


_MULTIPLY = ("mul", "mla", "mls", "smul", "smla", "smmul", "smmla", "smmls", "smuad", "smusd", "smlad", "smlsd",
             "umul", "umla", "umaal", "smlal", "smull", "umull")
_DSP = ("sxtab", "uxtab", "sxtb16", "uxtb16", "ssat", "usat", "qadd", "qsub", "qdadd", "qdsub", "sadd", "ssub",
        "uadd", "usub", "shadd", "uhadd", "pkh", "sel", "usad")
_FLOAT_MACS = ("vmla", "vmls", "vfma", "vfms", "vfnma", "vfnms", "vnmla", "vnmls", "vmul", "vnmul")


class Decoder:
    """Decodes code of one image; results are kept, blocks repeat."""

    def __init__(self) -> None:
        self._engine = capstone.Cs(capstone.CS_ARCH_ARM, capstone.CS_MODE_THUMB | capstone.CS_MODE_MCLASS)
        self._engine.detail = True

    def block(self, code: bytes, address: int, instructions: int) -> list[Instruction]:
        """The first `instructions` of `code`, which lies at `address`. MeasureError for bytes that are none."""
        found: list[Instruction] = []
        at = 0
        while len(found) < instructions:
            decoded = next(self._engine.disasm(code[at:at + 4], address + at, 1), None)
            if decoded is None:
                size = 4 if at + 1 < len(code) and code[at + 1] >> 3 in (0x1D, 0x1E, 0x1F) else 2
                found.append(_unknown(code[at:at + size]))
                at += size
            else:
                found.append(_instruction(decoded))
                at += decoded.size
            if at > len(code):
                raise MeasureError(f"the block at {address:#x} is longer than its code")
        return found


def _unknown(code: bytes) -> Instruction:
    """What the decoder does not know (parts of Helium): a vector operation by its leading bits, else other."""
    kind = Kind.VECTOR if len(code) == 4 and code[1] >> 2 in (0x3B, 0x3F) else Kind.OTHER
    none: frozenset[str] = frozenset()
    return Instruction(code.hex(), kind, none, none, none, None, None, 1, False, False)


def _instruction(insn: capstone.CsInsn) -> Instruction:
    name = insn.mnemonic.split(".")[0]
    read, written = insn.regs_access()
    names = insn.reg_name
    reads = {_register(names(r)) for r in read}
    writes = {_register(names(r)) for r in written}
    if insn.update_flags:
        writes.add("flags")
    if insn.cc not in (arm.ARM_CC_AL, arm.ARM_CC_INVALID):
        reads.add("flags")
    memory = [o for o in insn.operands if o.type == arm.ARM_OP_MEM]
    address = {_register(names(r)) for o in memory for r in (o.mem.base, o.mem.index) if r}
    registers = [_register(names(o.reg)) for o in insn.operands if o.type == arm.ARM_OP_REG]
    kind = _kind(name, insn)
    base = None
    if insn.writeback and kind not in (Kind.BRANCH,):
        base = next(iter(address), None) or (registers[0] if registers else "sp")
    if kind in (Kind.LOAD_MANY, Kind.STORE_MANY):
        base, address = _many(name, registers)
    return Instruction(
        text=f"{insn.mnemonic} {insn.op_str}".strip(), kind=kind,
        reads=frozenset(reads), writes=frozenset(writes), address=frozenset(address),
        accumulates=_accumulator(name, registers), base=base, count=_count(name, kind, registers),
        shifted=any(o.shift.type != arm.ARM_SFT_INVALID for o in insn.operands)
        or name.startswith(("sxt", "uxt")),
        flow=kind is Kind.BRANCH or "pc" in writes,
    )


def _register(name: str) -> str:
    aliases = {"sb": "r9", "sl": "r10", "fp": "r11", "ip": "r12", "cpsr": "flags", "apsr": "flags",
               "apsr_nzcv": "flags", "fpscr_nzcv": "fpflags"}
    return aliases.get(name, name)


def _kind(name: str, insn: capstone.CsInsn) -> Kind:
    if name.startswith("v"):
        return _vector_kind(name, insn)
    if name.startswith("it") and set(name[2:]) <= {"t", "e"}:
        return Kind.IT
    if name in ("push",) or name.startswith("stm"):
        return Kind.STORE_MANY
    if name in ("pop",) or name.startswith("ldm"):
        return Kind.LOAD_MANY
    if name in ("tbb", "tbh") or insn.group(arm.ARM_GRP_JUMP) or insn.group(arm.ARM_GRP_CALL) \
            or name in ("b", "bl", "bx", "blx", "cbz", "cbnz", "le", "letp", "wls", "wlstp", "bxns", "blxns"):
        return Kind.BRANCH
    if name.startswith("ldrd"):
        return Kind.LOAD_PAIR
    if name.startswith("strd"):
        return Kind.STORE_PAIR
    if name.startswith("ldr"):
        return Kind.LOAD
    if name.startswith("str"):
        return Kind.STORE
    if name.startswith(("sdiv", "udiv")):
        return Kind.DIVIDE
    if name.startswith(_MULTIPLY):
        return Kind.MAC
    return Kind.DSP if name.startswith(_DSP) else Kind.ALU


def _vector_kind(name: str, insn: capstone.CsInsn) -> Kind:
    """Floating point by its registers (s, d), Helium by q registers."""
    vector = any(o.type == arm.ARM_OP_REG and (insn.reg_name(o.reg) or "").startswith("q") for o in insn.operands)
    if name.startswith("vldr") or name.startswith(("vld2", "vld4")):
        return Kind.VECTOR_LOAD if vector else Kind.FLOAT_LOAD
    if name.startswith("vstr") or name.startswith(("vst2", "vst4")):
        return Kind.VECTOR_STORE if vector else Kind.FLOAT_STORE
    if name.startswith(("vldm", "vpop")):
        return Kind.LOAD_MANY
    if name.startswith(("vstm", "vpush")):
        return Kind.STORE_MANY
    if vector or name.startswith(("vmlad", "vmlav", "vaddv", "vmladav", "vctp", "vpst", "vpt")):
        return Kind.VECTOR_MAC if name.startswith(("vml", "vmul", "vq", "vrmulh")) else Kind.VECTOR
    if name.startswith(("vdiv", "vsqrt")):
        return Kind.FLOAT_DIVIDE
    return Kind.FLOAT_MAC if name.startswith(_FLOAT_MACS) else Kind.FLOAT


def _accumulator(name: str, registers: list[str]) -> str | None:
    """The addend of mla, smlad, smlabb, smmla (the last operand)."""
    adds = name.startswith(("mla", "mls", "smlad", "smlab", "smlat", "smlsd", "smmla", "smmls", "smlaw", "smlatb"))
    return registers[-1] if adds and len(registers) == 4 else None


def _many(name: str, registers: list[str]) -> tuple[str | None, set[str]]:
    base = "sp" if name in ("push", "pop", "vpush", "vpop") else registers[0]
    return base, {base}


def _count(name: str, kind: Kind, registers: list[str]) -> int:
    if kind in (Kind.LOAD_MANY, Kind.STORE_MANY):
        listed = len(registers) - (0 if name in ("push", "pop", "vpush", "vpop") else 1)
        doubles = sum(r.startswith("d") for r in registers)
        return listed + doubles
    return 2 if kind in (Kind.LOAD_PAIR, Kind.STORE_PAIR) else 1
