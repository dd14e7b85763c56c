"""Golden sessions of text commands: files with `> command` and `< line of the reply`, times as `*` where they vary."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from pathlib import Path

GOLDEN = Path(__file__).parent / "golden"
LAP = re.compile(rb"(m-lap-us-)\d+")


def turns(name: str) -> list[tuple[bytes, bytes]]:
    """(what is sent, the reply to the byte) of each turn."""
    found: list[tuple[bytes, bytes]] = []
    for line in (GOLDEN / name).read_text().splitlines():
        if line.startswith("> "):
            found.append((line[2:].encode(), b""))
        elif line.startswith("<"):
            sent, reply = found[-1]
            found[-1] = (sent, reply + line[2:].encode() + b"\r\n")
    return found


def without_times(reply: bytes) -> bytes:
    return LAP.sub(rb"\g<1>*", reply)


def written(exchanges: list[tuple[bytes, bytes]]) -> str:
    """The text of a golden file."""
    lines = []
    for sent, reply in exchanges:
        lines += [f"> {sent.decode()}", *(f"< {line}".rstrip() for line in reply.decode().split("\r\n")[:-1])]
    return "\n".join(lines) + "\n"


GOOD = (
    b"name", b"profile", b"help", b"timestamp", b"db load 24", b"db 000102030405060708", b"db print", b"db print 4 2",
    b"infer 3 1", b"infer", b"results", b"db load 1000000", b"infer 0", b"db", b"db load", b"", b"   ",
)


def garbled_lines(count: int, seed: int) -> Iterator[bytes]:
    """Commands with bytes lost, doubled, changed, swapped; overlong ones; noise. Some hold a `%` of their own."""
    rng = random.Random(seed)
    for _ in range(count):
        line = bytearray(rng.choice(GOOD))
        for _ in range(rng.randrange(4)):
            at = rng.randrange(len(line) + 1)
            kind = rng.randrange(6)
            if kind == 0:
                del line[at:at + 1]
            elif kind == 1:
                line[at:at] = line[at:at + 1] * 2
            elif kind == 2 and at < len(line):
                line[at] ^= 1 << rng.randrange(8)
            elif kind == 3:
                line[at:at] = rng.choice([b" ", b"%", b"-1", b"99999999999", b"0", b"\xff", b"\0", b"\r\n", b"z"])
            elif kind == 4:
                line[at:at] = rng.randbytes(rng.randrange(1, 9))
            else:
                line += rng.choice([b"00", b" db", b"x"]) * rng.randrange(1, 120)
        yield bytes(line)
