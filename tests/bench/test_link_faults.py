"""Everything that can happen to a line or a device in the middle of a conversation: each ends in the right figures
or in one clear error, never in wrong ones."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest

from tests.bench.lines import ProcessLink, spoiler
from tests.firmware.device import build_device
from tinynas.bench.client import Client
from tinynas.errors import LinkError, MeasureError, TinynasError
from tinynas.protocol.messages import Place

INPUT = bytes(range(24))
ANSWER_S = 0.04


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_device(tmp_path_factory.mktemp("device"))


def outcome(client: Client, k: int, place: Place = Place.AREA) -> str:
    """One measurement: "right" or the error's type. Wrong figures fail the test."""
    data = bytes((v * 7 + k) % 256 for v in INPUT)
    try:
        client.write(place, 0, data[:16])
        client.write(place, 16, data[16:])
        ran = client.invoke(place, 0, repeats=2 if place == Place.AREA else 1, answer_s=ANSWER_S)
        ticks = client.ticks(2 if place == Place.AREA else 1)
        out = client.read(Place.OUTPUT, 0, 4) + client.read(Place.OUTPUT, 4, 8)
    except TinynasError as error:
        assert "\n" not in str(error)
        return type(error).__name__
    assert ran.status == 0 and ran.overhead_ticks == 10
    assert set(ticks) == {120}
    assert out == bytes([sum(data[:16]) % 256] * 4) + bytes((v + 1) % 256 for v in data[16:])
    return "right"


class OneFault:
    """Spoils the byte at one position of a stream, once."""

    def __init__(self) -> None:
        self.at = -1
        self.kind = ""

    def arm(self, at: int, kind: str) -> None:
        self.at, self.kind = at, kind

    def __call__(self, data: bytes) -> bytes:
        at, self.at = self.at, self.at - len(data)
        if not 0 <= at < len(data):
            return data
        middle = {"lost": b"", "doubled": data[at:at + 1] * 2, "garbled": bytes([data[at] ^ 0x41]),
                  "invented": data[at:at + 1] + b"\xa7\xd3\x01"}[self.kind]
        return data[:at] + middle + data[at + 1:]


@pytest.mark.parametrize("direction", ["to the device", "to the host"])
def test_any_single_fault_is_repaired(program, direction):
    """One byte of a conversation lost, doubled, garbled or joined by others: asking again puts it right."""
    fault, kinds = OneFault(), ("lost", "doubled", "garbled", "invented")
    with ProcessLink(program) as link:
        client = Client(link, answer_s=ANSWER_S, attempts=6)
        client.connect()
        before = client.repeats_sent
        write, read = link.write, link.read
        if direction == "to the device":
            link.write = lambda data: write(fault(data))
        else:
            link.read = lambda timeout_s: fault(read(timeout_s))
        for k, position in enumerate(range(0, 170, 2)):
            fault.arm(position, kinds[k % 4])
            assert outcome(client, k, (Place.AREA, Place.INPUT)[k // 4 % 2]) == "right", (position, kinds[k % 4])
        assert client.repeats_sent - before > 40


@pytest.mark.parametrize("seed", range(2))
def test_two_thousand_commands_on_a_bad_line(program, seed):
    with ProcessLink(program, spoiler(seed, 1 / 3000)) as link:
        client = Client(link, answer_s=ANSWER_S, attempts=8)
        client.connect(boot_s=5)
        ends = [outcome(client, k) for k in range(350)]  # six commands each
        assert client.repeats_sent > 10
    assert set(ends) <= {"right", "LinkError"} and ends.count("right") >= 340


class LateLink(ProcessLink):
    """Holds every answer back, some for longer than the host waits."""

    def __init__(self, program: Path, longest_s: float, seed: int) -> None:
        super().__init__(program)
        self._late = random.Random(seed)
        self._longest_s = longest_s
        self._held: list[tuple[float, bytes]] = []

    def read(self, timeout_s: float) -> bytes:
        end = time.monotonic() + timeout_s
        while True:
            data = super().read(0.0)
            if data:
                self._held.append((time.monotonic() + self._late.uniform(0, self._longest_s), data))
            now = time.monotonic()
            if self._held and self._held[0][0] <= now:
                return self._held.pop(0)[1]
            if now >= end:
                return b""
            time.sleep(0.002)


@pytest.mark.parametrize("seed", range(2))
def test_answers_that_come_after_the_question_was_repeated(program, seed):
    with LateLink(program, 2.5 * ANSWER_S, seed) as link:
        client = Client(link, answer_s=ANSWER_S, attempts=6)
        client.connect(boot_s=5)
        ends = [outcome(client, k, Place.INPUT) for k in range(12)]
        assert client.repeats_sent > 5
    assert set(ends) <= {"right", "LinkError"} and ends.count("right") >= 10


@pytest.mark.parametrize("after", range(1, 8))
def test_a_device_that_falls_silent(program, after):
    """At any point of the conversation: an error in bounded time."""
    with ProcessLink(program) as link:
        client = Client(link, answer_s=ANSWER_S, attempts=3)
        client.connect()
        write, sent = link.write, [0]

        def some(data: bytes) -> None:
            sent[0] += 1
            if sent[0] < after:
                write(data)

        link.write = some
        start = time.monotonic()
        assert outcome(client, 1) == ("LinkError" if after < 7 else "right")
        assert time.monotonic() - start < 2


class ResettingLink(ProcessLink):
    """The device is started anew in the middle of the `after`th message; it may lose its first words."""

    def __init__(self, program: Path, unheard: bool) -> None:
        super().__init__(program)
        self._program, self._unheard = program, unheard
        self.after = -1

    def write(self, data: bytes) -> None:
        self.after -= 1
        if self.after != 0:
            super().write(data)
            return
        super().write(data[:len(data) // 2])
        self.close()
        ProcessLink.__init__(self, self._program, self._spoil)
        if self._unheard:
            time.sleep(0.1)  # until it has said Ready
            super().read(1.0)
        super().write(data[len(data) // 2:])


@pytest.mark.parametrize("unheard", [False, True], ids=["Ready heard", "Ready lost"])
@pytest.mark.parametrize("after", range(1, 7))
def test_a_device_that_restarts_in_the_middle_is_not_believed(program, after, unheard):
    with ResettingLink(program, unheard) as link:
        client = Client(link, answer_s=ANSWER_S, attempts=4)
        client.connect()
        assert outcome(client, 0) == "right"
        link.after = after
        assert outcome(client, 1) == ("LinkError" if unheard else "MeasureError")
        client.connect()
        assert outcome(client, 2) == "right"


def test_what_the_errors_say(program):
    with ResettingLink(program, True) as link:
        client = Client(link, answer_s=ANSWER_S, attempts=4)
        client.connect()
        link.after = 1
        with pytest.raises(LinkError, match="refused Write: the device has restarted"):
            client.write(Place.AREA, 0, b"x")
    with ResettingLink(program, False) as link:
        client = Client(link, answer_s=ANSWER_S, attempts=4)
        client.connect()
        link.after = 1
        with pytest.raises(MeasureError, match="restarted during Write"):
            client.write(Place.AREA, 0, b"x")


def test_a_line_that_is_cut(program):
    with ProcessLink(program) as link:
        client = Client(link, answer_s=ANSWER_S)
        client.connect()
        link._process.kill()
        link._process.wait()
        with pytest.raises(LinkError, match="lost the link to process"):
            client.stats()


