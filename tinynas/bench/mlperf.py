"""The host's side of the MLPerf Tiny text protocol: what its official runner asks of a device, in small.

Commands end in `%`, replies in the line `m-ready`. The protocol has neither checksums nor numbers, so the little
that can be checked is checked: the input is read back, the numbers of runs must come back as asked, a device that
restarts or faults is not believed. For figures that must be right on a bad line there is `tinynas.bench.client`.
"""

from __future__ import annotations

import re
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass

from tinynas.bench.link import Link
from tinynas.errors import LinkError, MeasureError
from tinynas.protocol import FLUSH
from tinynas.target.emulate.qemu import Machine, fault_in, fault_message

READY = b"m-ready\r\n"
ANSWER_S = 2.0
INFER_S = 60.0
QUIET_S = 0.2  # after so long without a byte a late reply is over
ATTEMPTS = 4
CHUNK = 31  # bytes a `db` command, as the official runner sends them
_PRINTED = 256  # bytes read back at once
_BYTES = re.compile(r"m-buffer-((?:[0-9a-f]{2}-)*[0-9a-f]{2})")


@dataclass(frozen=True)
class Inferences:
    """`runs` inferences of one input. `lap_us`: the device's time before and after, its own copying left out;
    in an emulator this is virtual time. `results`: the output's real values."""

    runs: int
    lap_us: tuple[int, int]
    results: tuple[float, ...]

    @property
    def us_each(self) -> float:
        return (self.lap_us[1] - self.lap_us[0]) / self.runs


@dataclass(frozen=True)
class Performance:
    """`us_each`: microseconds an inference in every loop. `median_us`: the figure that is reported."""

    us_each: tuple[float, ...]
    results: tuple[float, ...]

    @property
    def median_us(self) -> float:
        return statistics.median(self.us_each)


class MlperfClient:
    """Text commands to one device. All raise LinkError for a device that is silent, refuses or makes no sense,
    and MeasureError for one that faulted or restarted."""

    def __init__(self, link: Link, answer_s: float = ANSWER_S) -> None:
        self.link = link
        self.answer_s = answer_s

    def connect(self, boot_s: float = 10.0) -> str:
        """Ends whatever was begun, waits for the device to be ready; its name."""
        deadline = time.monotonic() + boot_s
        while True:
            self._drain()
            self.link.write(FLUSH + b"%")
            try:
                self._reply("%", min(self.answer_s, boot_s), booting=True)
                break
            except LinkError:
                if time.monotonic() >= deadline:
                    raise
        self._drain()
        return self.name()

    def name(self) -> str:
        return self._one("name", r"m-name-dut-\[([^]]+)\]")

    def profile(self) -> tuple[str, str]:
        """(what command set this is, which model)."""
        lines = self.command("profile")
        return _only(lines, r"m-profile-\[([^]]+)\]", "profile"), _only(lines, r"m-model-\[([^]]+)\]", "profile")

    def timestamp_us(self) -> int:
        return int(self._one("timestamp", r"m-lap-us-(\d+)"))

    def load(self, data: bytes, verify: bool = True) -> None:
        """Send one input and, with `verify`, read it back; all over again when something was lost."""
        for attempt in range(ATTEMPTS):
            try:
                self._load(data)
                if not verify or self.stored(len(data)) == data:
                    return
            except LinkError:
                if attempt == ATTEMPTS - 1:
                    raise
                self._drain()
        raise LinkError(f"the device holds another input than the one that was sent, {ATTEMPTS} times")

    def _load(self, data: bytes) -> None:
        _only(self.command(f"db load {len(data)}"), rf"m-\[Expecting {len(data)} bytes\]", "db load")
        for at in range(0, len(data), CHUNK):
            done = self.command(f"db {data[at:at + CHUNK].hex()}")
            if done != (["m-load-done"] if at + CHUNK >= len(data) else []):
                raise LinkError(f"the device lost count of the input at byte {at}: {done}")

    def stored(self, count: int) -> bytes:
        """The first `count` bytes of the input the device holds."""
        data = b""
        for at in range(0, count, _PRINTED):
            for line in self.command(f"db print {min(_PRINTED, count - at)} {at}"):
                data += bytes.fromhex(_only([line], _BYTES.pattern, "db print").replace("-", ""))
        return data

    def infer(self, runs: int = 1, warmup: int = 0, answer_s: float = INFER_S) -> Inferences:
        """`runs` timed inferences of the loaded input after `warmup` others."""
        lines = self.command(f"infer {runs} {warmup}", answer_s)
        lap = r"m-lap-us-(\d+)"
        pattern = [f"m-warmup-start-{warmup}", "m-warmup-done", f"m-infer-start-{runs}", lap, lap, "m-infer-done"]
        if len(lines) != len(pattern) + 1 or not all(map(re.fullmatch, pattern, lines)):
            raise LinkError(f"the answer to infer {runs} {warmup} makes no sense: {' | '.join(lines)[:200]}")
        start, end = (int(line.rpartition("-")[2]) for line in lines[3:5])
        if end <= start:
            raise MeasureError(f"no time has passed during infer {runs}: {start} to {end} us")
        return Inferences(runs, (start, end), _values(lines[-1]))

    def results(self) -> tuple[float, ...]:
        """The output of the last run."""
        return _values(self._one("results", "(m-results-.*)"))

    def performance(
        self, data: bytes, runs: int, warmup: int = 10, loops: int = 5, verify: bool = True
    ) -> Performance:
        """The benchmark's way: `loops` times the download, then `infer`; the median is reported."""
        done = []
        for _ in range(loops):
            self.load(data, verify)
            done.append(self.infer(runs, warmup, INFER_S + (runs + warmup)))
        if len({d.results for d in done}) != 1:
            raise MeasureError("the same input gave different results")
        return Performance(tuple(d.us_each for d in done), done[-1].results)

    def accuracy(self, inputs: Sequence[bytes], verify: bool = True) -> list[tuple[float, ...]]:
        """The results of each input, one run each."""
        results = []
        for data in inputs:
            self.load(data, verify)
            results.append(self.infer(1, 0).results)
        return results

    def command(self, text: str, answer_s: float | None = None) -> list[str]:
        """The lines of the reply, m-ready left out."""
        self.link.write(text.encode("ascii") + b"%")
        lines = self._reply(text, answer_s or self.answer_s)
        for line in lines:
            if line.startswith("e-["):
                raise LinkError(f"the device refused '{text[:40]}': {line[3:-1]}")
        return lines

    def _one(self, command: str, pattern: str) -> str:
        return _only(self.command(command), pattern, command)

    def _reply(self, text: str, answer_s: float, booting: bool = False) -> list[str]:
        deadline = time.monotonic() + answer_s
        said = bytearray()
        while not said.endswith(READY):
            left = deadline - time.monotonic()
            if left <= 0:
                self._drain()
                raise LinkError(f"no m-ready from {self.link.port} after '{text[:40]}' in {answer_s:g} s")
            said += self.link.read(left)
            _check_fault(said)
        if b"m-init-done" in said and not booting:
            raise MeasureError(f"the device restarted during '{text[:40]}'")
        return [line for line in said.decode("ascii", "replace").split("\r\n")[:-2] if line]

    def _drain(self) -> None:
        while self.link.read(QUIET_S):
            pass


def let_boot(machine: Machine, boot_s: float = 10.0) -> None:
    """Start a machine with a pseudo-terminal and take its first words away, among them the frame Ready: an
    official runner, which opens `machine.url` next, takes every byte for ASCII."""
    with Link(machine.url) as link:
        machine.resume()
        said, deadline = b"", time.monotonic() + boot_s
        while data := link.read(QUIET_S if READY in said else max(deadline - time.monotonic(), 0)):
            said += data
        if READY not in said:
            raise LinkError(f"the firmware did not say m-ready within {boot_s:g} s of its start")


def _check_fault(said: bytearray) -> None:
    if b"TINYNAS-FAULT" in said and said.endswith(b"\n"):
        try:
            fault = fault_in(bytes(said))
        except ValueError:
            fault = None
        raise MeasureError(fault_message(fault) if fault else "the firmware faulted")


def _only(lines: Sequence[str], pattern: str, command: str) -> str:
    """The first group (or all) of the one line that matches."""
    found = [m for line in lines if (m := re.fullmatch(pattern, line))]
    if len(found) != 1:
        raise LinkError(f"the answer to {command} makes no sense: {' | '.join(lines)[:200]}")
    return found[0][found[0].re.groups and 1]


def _values(line: str) -> tuple[float, ...]:
    numbers = _only([line], r"m-results-\[([^]]+)\]", "results").split(",")
    try:
        return tuple(float(n) for n in numbers)
    except ValueError:
        raise LinkError(f"these results are no numbers: {line[:200]}") from None
