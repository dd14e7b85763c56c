"""A line of bytes to a device: a serial port or a `socket://host:port`, with time-outs and clear errors.

Reading never waits longer than asked; a line that is not there, or that goes away, is one LinkError in words.
"""

from __future__ import annotations

import contextlib
import os
import select
import time
from types import TracebackType
from typing import Any

from tinynas.errors import LinkError

BAUD = 115_200
CHUNK = 65_536


class Link:
    """An open line. `port`: a device name, or any URL pyserial knows (`socket://127.0.0.1:4000`)."""

    def __init__(self, port: str, baud: int = BAUD, open_timeout_s: float = 0.0) -> None:
        """Opens; keeps trying for `open_timeout_s` (an emulator needs a moment). LinkError when it cannot."""
        self.port = port
        self._line = _open(port, baud, time.monotonic() + open_timeout_s)

    def read(self, timeout_s: float) -> bytes:
        """Whatever has arrived, at least one byte; b"" when nothing came in time."""
        deadline = time.monotonic() + timeout_s
        while True:
            try:
                data = bytes(self._line.read(CHUNK))
                left = deadline - time.monotonic()
                if data or left <= 0:
                    return data
                self._wait(left)
            except (OSError, ValueError) as e:  # pyserial's errors are OSErrors
                raise LinkError(f"lost the link to {self.port}: {_words(e)}") from None

    def write(self, data: bytes) -> None:
        """All of `data`, or LinkError."""
        try:
            self._line.write(data)
        except (OSError, ValueError) as e:
            raise LinkError(f"lost the link to {self.port}: {_words(e)}") from None

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._line.close()

    def __enter__(self) -> Link:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _wait(self, seconds: float) -> None:
        """Until something can be read, at most `seconds`. Where a port has no file number (Windows): poll."""
        if os.name == "nt":
            time.sleep(min(seconds, 0.001))
        else:
            select.select([self._line.fileno()], [], [], seconds)


def _open(port: str, baud: int, deadline: float) -> Any:
    import serial

    while True:
        try:
            return serial.serial_for_url(port, baudrate=baud, timeout=0, write_timeout=10)
        except (OSError, ValueError) as e:
            if time.monotonic() >= deadline:
                raise LinkError(f"cannot open {port}: {_words(e)}; is the device connected, and is nobody "
                                "else using the port?") from None
            time.sleep(0.02)


def _words(error: Exception) -> str:
    """pyserial repeats the port and the errno's number; the reason itself stands last."""
    if isinstance(error, OSError) and error.errno:
        return os.strerror(error.errno).lower()
    return " ".join(str(error).split()) or type(error).__name__
