"""Lines to a device that is a process, or a script, and what can happen to bytes on them."""

from __future__ import annotations

import random
import select
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from tinynas.errors import LinkError


class ProcessLink:
    """A link whose other end is the device program. `spoil` may change the bytes of either direction."""

    def __init__(self, program: Path, spoil: Callable[[bytes], bytes] = lambda data: data) -> None:
        self.port = "process"
        self._spoil = spoil
        self._process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)

    def read(self, timeout_s: float) -> bytes:
        ready, _, _ = select.select([self._process.stdout], [], [], timeout_s)
        if not ready:
            return b""
        data = self._process.stdout.read(4096)
        if not data:
            raise LinkError("lost the link to process: ended")
        return self._spoil(data)

    def write(self, data: bytes) -> None:
        try:
            self._process.stdin.write(self._spoil(data))
        except BrokenPipeError:
            raise LinkError("lost the link to process: ended") from None

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        self._process.stdin.close()
        self._process.stdout.close()

    def __enter__(self) -> ProcessLink:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class ScriptedLink:
    """Answers from a list, whatever is asked; then silence."""

    def __init__(self, *answers: bytes) -> None:
        self.port = "script"
        self._answers = list(answers)

    def read(self, timeout_s: float) -> bytes:
        if self._answers:
            return self._answers.pop(0)
        time.sleep(timeout_s)
        return b""

    def write(self, data: bytes) -> None:
        pass


def spoiler(seed: int, rate: float) -> Callable[[bytes], bytes]:
    """Loses, changes, doubles and invents bytes, each with probability `rate`."""
    rng = random.Random(seed)

    def spoil(data: bytes) -> bytes:
        out = bytearray()
        for byte in data:
            if rng.random() >= rate:
                out.append(byte)
            else:
                flipped = bytes([byte ^ 1 << rng.randrange(8)])
                out += rng.choice([b"", flipped, bytes([byte]) * 2, rng.randbytes(3)])
        return bytes(out)

    return spoil
