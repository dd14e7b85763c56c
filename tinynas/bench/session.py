"""One firmware on one running device: who it is, and single inferences with everything measured about them.

A session raises MeasureError as soon as a figure could no longer be trusted: another image than the one
built, another model, guard bytes overwritten, a stack or arena overrun, a counter that stands still.
"""

from __future__ import annotations

from dataclasses import dataclass

from tinynas.bench.client import Client
from tinynas.compile import Program
from tinynas.errors import MeasureError
from tinynas.protocol.messages import Identity, Place, Ran, RunFlag, Stats, TextId

PAINTS = (0xA5, 0x5A)  # a byte the model happens to leave equal to one is not equal to the other


@dataclass(frozen=True)
class About:
    """What the device says it is."""

    identity: Identity
    texts: dict[str, str]  # by the lower-case name of the TextId
    image_crc: int


@dataclass(frozen=True)
class Inference:
    """One run (or `repeats` runs of the same input). Ticks are the device's, overhead not taken off."""

    outputs: tuple[bytes, ...]
    ticks: tuple[int, ...]
    overhead_ticks: int
    mark_ticks: int
    marks: tuple[int, ...]  # counter at the start of each layer and at the end; () without marks
    stack_bytes: int
    high_water_bytes: int  # of the arena; 0: not painted


class Session:
    """`sizes`: of each input and output in bytes, as in the program."""

    def __init__(self, client: Client, program: Program, model_hash: str, image_crc: int,
                 needs_counter: bool = True) -> None:
        """Connects and checks who answers. `image_crc`: of the ELF that was built. `needs_counter`: the device's
        own counter gives the figures, so it must not stand still."""
        self._needs_counter = needs_counter
        self.client = client
        self.program = program
        graph = program.graph
        self._input_sizes = [graph.tensors[t].size_bytes for t in graph.inputs]
        self._output_sizes = [graph.tensors[t].size_bytes for t in graph.outputs]
        self._built_crc = image_crc
        identity = client.connect()
        texts = {t.name.lower(): client.text(t) for t in TextId}
        self.about = About(identity, texts, client.image_crc())
        self._check_identity(model_hash)

    def _check_identity(self, model_hash: str) -> None:
        found, board = self.about, self.program.board.name
        if found.texts["board"] != board:
            raise MeasureError(f"the firmware is for board {found.texts['board']}, not {board}")
        if found.texts["model_hash"] != model_hash:
            raise MeasureError(f"the device runs model {found.texts['model_hash']}, not {model_hash}: "
                               "flash it again")
        self._check_image(found.image_crc)
        sizes = (found.identity.input_bytes, found.identity.output_bytes)
        if sizes != (sum(self._input_sizes), sum(self._output_sizes)):
            raise MeasureError(f"the device takes {sizes[0]} bytes and gives {sizes[1]}: not this model")

    def _check_image(self, crc: int) -> None:
        if crc != self._built_crc:
            raise MeasureError(f"the image on the device (CRC {crc:08x}) is not the one that was built "
                               f"({self._built_crc:08x}): flash it again")

    def finish(self) -> None:
        """After the last run: is the image still the one that was built? (On some machines flash can be
        written.)"""
        crc = self.client.image_crc()
        if crc != self._built_crc:
            raise MeasureError(f"the firmware overwrote its own image (CRC {crc:08x}, was "
                               f"{self._built_crc:08x})")

    def infer(self, inputs: bytes, *, at: int | None = None, paint: int | None = None, repeats: int = 1,
              warmup: int = 0) -> Inference:
        """Run on `inputs` (all of them, one after another). `at`: they lie at this offset in the device's
        test area already, from where the device restores them before every run; None: they are sent for
        every run."""
        if at is None:
            runs = [self._run_sent(inputs, paint) for _ in range(warmup + repeats)][warmup:]
            ran, ticks = runs[-1][0], tuple(t for _, t in runs)
        else:
            ran = self.client.invoke(Place.AREA, at, paint, warmup, repeats)
            ticks = tuple(self.client.ticks(repeats))
        stats = self.client.stats()
        self._check_run(ran, stats)
        return Inference(
            outputs=self._outputs(), ticks=ticks,
            overhead_ticks=ran.overhead_ticks, mark_ticks=ran.mark_ticks,
            marks=tuple(self.client.marks()) if ran.layers else (), stack_bytes=stats.stack_bytes,
            high_water_bytes=stats.arena_high_water_bytes,
        )

    def _run_sent(self, inputs: bytes, paint: int | None) -> tuple[Ran, int]:
        start = 0
        for size in self._input_sizes:
            self.client.write(Place.INPUT, start, inputs[start:start + size])
            start += size
        ran = self.client.invoke(Place.INPUT, paint=paint)
        return ran, self.client.ticks(1)[0]

    def _outputs(self) -> tuple[bytes, ...]:
        outputs, start = [], 0
        for size in self._output_sizes:
            outputs.append(self.client.read(Place.OUTPUT, start, size))
            start += size
        return tuple(outputs)

    def _check_run(self, ran: Ran, stats: Stats) -> None:
        flags = ran.flags | stats.flags
        if ran.status != 0:
            raise MeasureError(f"the model's invoke function returned {ran.status}")
        if flags & RunFlag.GUARDS_BROKEN:
            raise MeasureError("the model wrote outside its arena: guard bytes beside it are overwritten")
        if flags & RunFlag.STACK_OVERFLOWED:
            raise MeasureError("the stack ran over its end during the inference")
        if flags & RunFlag.COUNTER_STALLED and self._needs_counter:
            raise MeasureError(f"the counter '{self.about.texts['counter']}' stands still")
        arena_bytes = self.program.plan.arena_bytes
        if stats.arena_high_water_bytes > arena_bytes:
            raise MeasureError("the model wrote outside its arena: it uses "
                               f"{stats.arena_high_water_bytes} bytes, the plan has {arena_bytes}")
