"""Lines that are absent, dead or closed are one clear error, in bounded time."""

from __future__ import annotations

import os
import pty
import socket
import threading
import time

import pytest

from tinynas.bench.client import Client
from tinynas.bench.link import Link
from tinynas.errors import LinkError


@pytest.fixture
def server():
    """(url, accepted socket by call)."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"socket://127.0.0.1:{listener.getsockname()[1]}", lambda: listener.accept()[0]


def test_absent_ports_are_named():
    with pytest.raises(LinkError, match=r"^cannot open /dev/ttyNONE7: no such file or directory"):
        Link("/dev/ttyNONE7")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(LinkError, match=f"^cannot open socket://127.0.0.1:{port}: ") as error:
        Link(f"socket://127.0.0.1:{port}")
    assert "\n" not in str(error.value)


def test_a_url_nobody_knows():
    with pytest.raises(LinkError, match="cannot open nonsense://x"):
        Link("nonsense://x")


def test_opening_waits_for_a_listener_that_comes_late():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    def listen_late():
        time.sleep(0.3)
        with socket.create_server(("127.0.0.1", port)) as late, late.accept()[0] as other:
            other.sendall(b"x")
            heard.wait(20)

    heard = threading.Event()
    thread = threading.Thread(target=listen_late)
    thread.start()
    with Link(f"socket://127.0.0.1:{port}", open_timeout_s=10) as link:
        assert link.read(5) == b"x"
        heard.set()
    thread.join()


def test_read_returns_what_is_there_or_nothing_in_time(server):
    url, accept = server
    with Link(url) as link, accept() as other:
        start = time.monotonic()
        assert link.read(0.2) == b""
        assert 0.15 < time.monotonic() - start < 2
        other.sendall(b"abc")
        assert link.read(5) == b"abc"
        link.write(b"def")
        assert other.recv(10) == b"def"


def test_a_closed_line_is_an_error_not_silence(server):
    url, accept = server
    with Link(url) as link:
        accept().close()
        with pytest.raises(LinkError, match=f"^lost the link to {url}"):
            for _ in range(10):
                link.read(0.2)


def test_a_serial_port_that_never_answers():
    master, slave = pty.openpty()
    try:
        with Link(os.ttyname(slave)) as link:
            client = Client(link, answer_s=0.1, attempts=2)
            start = time.monotonic()
            with pytest.raises(LinkError, match="no answer to Hello"):
                client.connect(boot_s=0.5)
            assert time.monotonic() - start < 10
    finally:
        os.close(master)
        os.close(slave)
