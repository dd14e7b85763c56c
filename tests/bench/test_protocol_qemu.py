"""The protocol on a real UART driver: reset, exit and noise, in QEMU."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from tests.bench.programs import small_program
from tinynas import protocol
from tinynas.bench.client import Client
from tinynas.bench.link import Link
from tinynas.boards import load_board
from tinynas.codegen.project import generate_firmware
from tinynas.protocol.messages import Identity, Place, TextId
from tinynas.target.elf import image_crc
from tinynas.target.emulate.qemu import Machine, Qemu
from tinynas.target.toolchain import build

pytestmark = pytest.mark.emulator
BOARD = "mps2-an386"


@pytest.fixture(scope="module")
def elf(tmp_path_factory):
    folder = tmp_path_factory.mktemp("firmware") / "firmware"
    return build(generate_firmware(small_program(BOARD), load_board(BOARD), folder, "qemu").directory)


@pytest.fixture
def running(elf) -> Iterator[tuple[Machine, Link, Client]]:
    with Qemu(load_board(BOARD)).start(elf) as machine, Link(machine.url, open_timeout_s=10) as link:
        yield machine, link, Client(link)


def test_it_says_who_it_is(running, elf):
    _, _, client = running
    identity = client.connect()
    assert (identity.input_bytes, identity.output_bytes, identity.layers) == (120, 4, 4)
    texts = {which: client.text(which) for which in TextId}
    assert texts[TextId.BOARD] == BOARD and texts[TextId.VARIANT] == "qemu"
    assert texts[TextId.CORE] == "cortex-m4" and texts[TextId.COUNTER] == "cmsdk"
    assert client.image_crc() == image_crc(elf)


def test_exit_ends_the_emulator_with_the_status(running):
    machine, _, client = running
    client.connect()
    client.exit(42)
    assert machine.wait(10) == 42


def test_reset_starts_anew(running):
    machine, _, client = running
    before = client.connect()
    client.write(Place.AREA, 0, b"something")
    client.reset()
    assert client.connect() == before
    assert machine.running()


def test_noise_then_a_request(running):
    _, link, client = running
    client.connect()
    rng = random.Random(5)
    for _ in range(4):
        noise = b"".join(rng.choice([protocol.SYNC, rng.randbytes(6)]) for _ in range(200))
        link.write(noise + protocol.FLUSH)
        assert isinstance(client._try(protocol.messages.Hello(), Identity, 10), Identity)
    assert client.stats().rx_lost == 0
