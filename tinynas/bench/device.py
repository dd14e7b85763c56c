"""Bringing a firmware to life: in QEMU, or on a board that already holds it. Either way the rest sees a
`Running`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tinynas.bench.client import Client
from tinynas.bench.link import Link
from tinynas.boards import Board
from tinynas.errors import LinkError
from tinynas.target.emulate.qemu import Machine, Qemu


@dataclass(frozen=True)
class Running:
    """A device that can be talked to. `preloaded`: the given data lies at the start of its test area."""

    client: Client
    emulator: str | None
    preloaded: bool


@contextmanager
def on_qemu(
    board: Board, elf: Path, data: bytes, folder: Path, extra: Sequence[str] = (),
) -> Iterator[Running]:
    """The firmware in QEMU with `data` in its test area (the serial line would be slow); ended on the way
    out.

    `folder`: where the data may be written for QEMU to load. `extra`: more arguments (a plugin). Errors of the
    link are told as QEMU's own when it has died."""
    qemu = Qemu(board)
    file = folder / "testdata.bin"
    file.write_bytes(data)
    with qemu.start(elf, [(file, qemu.emulation.testdata_origin)] if data else [],
                    extra=extra) as machine:
        try:
            with Link(machine.url, open_timeout_s=10) as link:
                running = Running(Client(link), qemu.name, preloaded=True)
                yield running
                running.client.exit()
        except LinkError as error:
            raise _cause(machine, error) from None


@contextmanager
def on_board(port: str, baud: int, open_timeout_s: float = 0.0) -> Iterator[Running]:
    """A board that runs its firmware already; its port may take `open_timeout_s` to come back."""
    with Link(port, baud, open_timeout_s) as link:
        yield Running(Client(link), None, preloaded=False)


def _cause(machine: Machine, error: LinkError) -> Exception:
    """A lost link is often only how the emulator's own failure shows."""
    if machine.running():
        return error
    try:
        status = machine.wait(1)
    except Exception as cause:  # already one clear line
        return cause
    return LinkError(f"{error}; the firmware ended with status {status} {machine.messages()}".strip())
