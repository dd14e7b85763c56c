"""Measuring in Renode: the board's own firmware, its own protocol, in one run without ports.

Requests come from a rehearsal (tinynas.bench.scripted) and are fed to the UART at fixed virtual times, each
followed by as much virtual time as its answer may need. Instructions are counted by hooks at the entry of the
invoke function, at the labels between layers and at its return; the firmware's own counter is not used."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tinynas.bench.client import Client
from tinynas.bench.scripted import Playback, Request, client_of, rehearse
from tinynas.bench.session import PAINTS, About, Inference, Session
from tinynas.boards import Board
from tinynas.codegen import model_hash
from tinynas.compile import Program
from tinynas.errors import LinkError, MeasureError
from tinynas.protocol.messages import AskImage, Invoke
from tinynas.target.elf import image_bytes, image_crc
from tinynas.target.emulate.renode import Renode, Shot, marks_of
from tinynas.target.emulate.renode_output import Counted, inferences
from tinynas.target.emulate.renode_text import MHZ, Feed, mips

# Instructions an answer may take, generously: too much costs host time, too little an answer.
ANSWER = 400_000
PER_IMAGE_BYTE = 60
PER_ARENA_BYTE = 60
PER_MAC = 80
INVOKE = 4_000_000
BOOT_S = 0.05
PATIENCE = (1, 4, 16)  # times all of that, when an answer is missing
EMULATED_PER_S = 20 * MHZ  # instructions a second of host time, a tenth of what is usual


@dataclass(frozen=True)
class Scripted:
    """`counted`: one per timed run, in the order of `runs` and their ticks."""

    about: About
    emulator: str
    runs: tuple[Inference, ...]
    counted: tuple[Counted, ...]


def run_scripted(
    program: Program, board: Board, elf: Path, inputs: Sequence[bytes], folder: Path, *, warmup: int = 0,
    repeats: int = 1,
) -> Scripted:
    """All inputs in one run of Renode. ToolError without Renode or when it fails, BoardError for a board it has
    no models for, MeasureError and LinkError as any session."""
    renode = Renode(board)
    crc, hashed = image_crc(elf), model_hash(program)

    def hold(client: Client) -> tuple[About, tuple[Inference, ...]]:
        session = Session(client, program, hashed, crc, needs_counter=False)
        runs = [session.infer(data, paint=PAINTS[k % 2], repeats=repeats, warmup=warmup)
                for k, data in enumerate(inputs)]
        session.finish()
        return session.about, tuple(runs)

    requests = rehearse(program, hashed, crc, hold)
    marks = marks_of(elf)
    for patience in PATIENCE:
        feeds = script(program, board, len(image_bytes(elf)), requests, patience)
        limit_s = host_limit_s(feeds, board)
        shot = renode.run(elf, feeds, marks, folder=folder, boot_s=BOOT_S * patience, limit_s=limit_s)
        try:
            about, runs = hold(client_of(Playback(requests, shot.said)))
            break
        except LinkError:
            if patience == PATIENCE[-1]:
                raise
    return Scripted(about, renode.name, runs, timed(shot, len(program.steps), len(inputs), warmup, repeats))


def script(
    program: Program, board: Board, image_bytes: int, requests: Sequence[Request], patience: int
) -> list[Feed]:
    """Each request and the virtual seconds its answer may take."""
    per_second = mips(board) * MHZ
    feeds = []
    for request in requests:
        instructions = ANSWER
        if isinstance(request.message, AskImage):
            instructions += PER_IMAGE_BYTE * image_bytes
        elif isinstance(request.message, Invoke):
            model = max(round(4 * program.instructions), PER_MAC * program.graph.macs)
            instructions += INVOKE + PER_ARENA_BYTE * program.plan.arena_bytes + model
        feeds.append(Feed(request.raw, patience * instructions / per_second))
    return feeds


def host_limit_s(feeds: Sequence[Feed], board: Board) -> float:
    """When the host gives up: start, every byte a command, every instruction emulated slowly."""
    virtual_s = BOOT_S + sum(feed.seconds for feed in feeds)
    return 120.0 + virtual_s * mips(board) * MHZ / EMULATED_PER_S + sum(len(f.data) for f in feeds) / 1000


def timed(shot: Shot, layers: int, inputs: int, warmup: int, repeats: int) -> tuple[Counted, ...]:
    """The counts of the timed runs; warm-up runs left out. MeasureError when runs are missing."""
    counted = inferences(shot.marks, layers)
    each = warmup + repeats
    if len(counted) != inputs * each:
        raise MeasureError(f"Renode counted {len(counted)} inferences, {inputs * each} were asked for")
    return tuple(c for k, c in enumerate(counted) if k % each >= warmup)
