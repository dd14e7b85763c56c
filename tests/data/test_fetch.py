"""Downloads, against a server on this machine that can stall, cut off, change its file, or ignore Range."""

from __future__ import annotations

import hashlib
import io
import tarfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tinynas.data import fetch as fetch_module
from tinynas.data.fetch import Offer, extract_tar, fetch, offer
from tinynas.errors import DataError


def make_archive(entries: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, data in entries.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


ARCHIVE = make_archive({"./yes/a_nohash_0.wav": bytes(range(256)) * 4_000, "./LICENSE": b"free"})


class Server(ThreadingHTTPServer):
    daemon_threads = True
    body = ARCHIVE
    cut_after: int | None = None  # bytes per reply, then the connection is closed
    ranges = True
    etag = '"one"'
    status = 200
    requests: list[dict[str, str]]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/set.tar.gz"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        server = self.server
        server.requests.append(dict(self.headers))
        if server.status != 200:
            self.send_error(server.status)
            return
        start = 0
        wanted = self.headers.get("Range")
        same = self.headers.get("If-Range") in (None, server.etag)
        if wanted and server.ranges and same:
            start = int(wanted.removeprefix("bytes=").removesuffix("-"))
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{len(server.body) - 1}/{len(server.body)}")
        else:
            self.send_response(200)
        body = server.body[start:]
        self.send_header("Content-Length", str(len(body)))
        self.send_header("ETag", server.etag)
        self.end_headers()
        self.wfile.write(body if server.cut_after is None else body[: server.cut_after])

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(("127.0.0.1", 0), Handler) as httpd:
        httpd.requests = []
        threading.Thread(target=httpd.serve_forever, daemon=True).start()
        yield httpd
        httpd.shutdown()


def recipe(folder: Path, server: Server, **changes: object) -> Path:
    fields = {
        "name": "mine",
        "title": "Mine",
        "url": server.url,
        "sha256": hashlib.sha256(ARCHIVE).hexdigest(),
        "size_bytes": len(ARCHIVE),
        "licence": "CC BY 4.0",
        **changes,
    }
    path = folder / "mine.toml"
    path.write_text(
        "\n".join(
            f"{k} = {v if isinstance(v, int) else chr(34) + str(v) + chr(34)}"
            for k, v in fields.items()
            if v is not None
        )
    )
    return path


def no_leftovers(folder: Path) -> bool:
    return sorted(p.name for p in folder.iterdir()) == ["out"]


def test_fetch_shows_then_verifies_and_unpacks(tmp_path: Path, server: Server) -> None:
    shown: list[Offer] = []
    seen: list[tuple[int, int]] = []
    base = tmp_path / "cache"

    def confirm(wanted: Offer) -> bool:
        assert not server.requests, "nothing is asked for before the user agrees"
        shown.append(wanted)
        return True

    toml = recipe(tmp_path, server)
    folder = fetch(toml, base / "out", confirm, lambda done, total: seen.append((done, total)))
    assert (folder / "yes" / "a_nohash_0.wav").stat().st_size == 1_024_000
    assert any("CC BY 4.0" in line for line in shown[0].lines()) and any(
        "MB" in line for line in shown[0].lines()
    )
    assert seen[-1] == (len(ARCHIVE), len(ARCHIVE))
    assert no_leftovers(base)
    count = len(server.requests)
    assert fetch(toml, base / "out") == folder and len(server.requests) == count, (
        "the second time costs nothing"
    )


def test_declined(tmp_path: Path, server: Server) -> None:
    with pytest.raises(DataError, match="declined"):
        fetch(recipe(tmp_path, server), tmp_path / "c" / "out", lambda wanted: False)
    assert not server.requests and not (tmp_path / "c").exists()


def test_cut_connections_are_continued(tmp_path: Path, server: Server) -> None:
    server.cut_after = len(ARCHIVE) // 5
    folder = fetch(recipe(tmp_path, server), tmp_path / "c" / "out")
    assert (folder / "LICENSE").read_bytes() == b"free"
    starts = [r.get("Range") for r in server.requests]
    assert starts[0] is None and starts[1] == f"bytes={len(ARCHIVE) // 5}-" and len(starts) == 6
    assert no_leftovers(tmp_path / "c")


def test_a_later_command_continues(tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """As after kill -9: a part file and its tag are there, nothing else."""
    toml = recipe(tmp_path, server)
    wanted = offer(toml, tmp_path / "c" / "out")
    (tmp_path / "c").mkdir()
    part = tmp_path / "c" / f"out-{wanted.sha256[:12]}.part"
    part.write_bytes(ARCHIVE[:700])
    part.with_suffix(".etag").write_text('"one"')
    fetch(toml, tmp_path / "c" / "out")
    assert [r.get("Range") for r in server.requests] == ["bytes=700-"]
    assert no_leftovers(tmp_path / "c")


def test_changed_file_on_the_server_starts_over(tmp_path: Path, server: Server) -> None:
    toml = recipe(tmp_path, server)
    wanted = offer(toml, tmp_path / "c" / "out")
    (tmp_path / "c").mkdir()
    part = tmp_path / "c" / f"out-{wanted.sha256[:12]}.part"
    part.write_bytes(b"x" * 700)
    part.with_suffix(".etag").write_text('"older"')
    assert (fetch(toml, tmp_path / "c" / "out") / "LICENSE").exists()


def test_server_without_ranges(tmp_path: Path, server: Server) -> None:
    server.ranges = False
    toml = recipe(tmp_path, server)
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / f"out-{offer(toml).sha256[:12]}.part").write_bytes(b"y" * 100)
    assert (fetch(toml, tmp_path / "c" / "out") / "LICENSE").exists()


def test_endless_cutting_gives_up_and_keeps_the_part(tmp_path: Path, server: Server) -> None:
    server.ranges = False
    server.cut_after = 1000
    with pytest.raises(DataError, match="stopped at 1,000 of .* run the same command again"):
        fetch(recipe(tmp_path, server), tmp_path / "c" / "out")
    assert not (tmp_path / "c" / "out").exists()


def test_wrong_hash_is_refused_and_removed(tmp_path: Path, server: Server) -> None:
    server.body = ARCHIVE[:-1] + bytes([ARCHIVE[-1] ^ 1])
    with pytest.raises(DataError, match="SHA-256"):
        fetch(recipe(tmp_path, server), tmp_path / "c" / "out")
    assert not list((tmp_path / "c").iterdir())


def test_larger_than_promised(tmp_path: Path, server: Server) -> None:
    server.body = ARCHIVE + b"more" * 200_000
    with pytest.raises(DataError, match="larger than"):
        fetch(recipe(tmp_path, server), tmp_path / "c" / "out")
    assert not list((tmp_path / "c").glob("*.part"))


def test_server_error_and_no_server(tmp_path: Path, server: Server) -> None:
    server.status = 404
    with pytest.raises(DataError, match="404"):
        fetch(recipe(tmp_path, server), tmp_path / "c" / "out")
    with pytest.raises(DataError, match="refused"):
        fetch(recipe(tmp_path, server, url="http://127.0.0.1:9/x"), tmp_path / "d" / "out")


def test_no_room(tmp_path: Path, server: Server) -> None:
    with pytest.raises(DataError, match="MB are free"):
        fetch(recipe(tmp_path, server, size_bytes=10**16), tmp_path / "c" / "out")
    assert not server.requests


def test_a_strangers_folder_is_not_touched(tmp_path: Path, server: Server) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("keep")
    with pytest.raises(DataError, match="not fetched completely"):
        fetch(recipe(tmp_path, server), tmp_path / "out")
    assert (tmp_path / "out" / "mine.txt").read_text() == "keep"


@pytest.mark.parametrize("field", ["url", "sha256", "size_bytes", "licence"])
def test_incomplete_recipes_are_refused(tmp_path: Path, server: Server, field: str) -> None:
    with pytest.raises(DataError, match=f"has no {field}"):
        offer(recipe(tmp_path, server, **{field: None}))


def test_odd_recipes_are_refused(tmp_path: Path, server: Server) -> None:
    with pytest.raises(DataError, match="neither https"):
        offer(recipe(tmp_path, server, url="file:///etc/passwd"))
    with pytest.raises(DataError, match="64 hexadecimal"):
        offer(recipe(tmp_path, server, sha256="abc"))
    with pytest.raises(DataError, match="made on this machine"):
        offer("builtin")
    with pytest.raises(DataError, match="unknown data set 'nope'; known: builtin, speech_commands"):
        offer("nope")
    (tmp_path / "bad.toml").write_text("a = = b")
    with pytest.raises(DataError, match="no valid TOML"):
        offer(tmp_path / "bad.toml")


def test_the_official_recipe() -> None:
    wanted = offer("speech_commands")
    assert wanted.size_bytes == 2_428_923_189 and wanted.url.startswith("https://")
    assert wanted.destination == fetch_module.fetched_dir("speech_commands")


@pytest.mark.parametrize("name", ["../out.txt", "/etc/x", "a/../../b", "c\\..\\d", "c:evil"])
def test_paths_that_lead_outside(tmp_path: Path, name: str) -> None:
    archive = tmp_path / "a.tar.gz"
    archive.write_bytes(make_archive({name: b"x"}))
    (tmp_path / "deep" / "out").mkdir(parents=True)
    with pytest.raises(DataError, match="leads outside"):
        extract_tar(archive, tmp_path / "deep" / "out")
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == [archive]


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE])
def test_links_and_devices(tmp_path: Path, kind: bytes) -> None:
    archive = tmp_path / "a.tar"
    with tarfile.open(archive, "w") as tar:
        info = tarfile.TarInfo("entry")
        info.type, info.linkname = kind, "/etc/passwd"
        tar.addfile(info)
    with pytest.raises(DataError, match="neither file nor folder"):
        extract_tar(archive, tmp_path)


def test_doubled_and_damaged_archives(tmp_path: Path) -> None:
    twice = tmp_path / "twice.tar"
    with tarfile.open(twice, "w") as tar:
        for _ in range(2):
            tar.addfile(tarfile.TarInfo("same"), io.BytesIO())
    (tmp_path / "o").mkdir()
    with pytest.raises(DataError, match="damaged"):
        extract_tar(twice, tmp_path / "o")
    (tmp_path / "cut.tar.gz").write_bytes(ARCHIVE[: len(ARCHIVE) // 2])
    (tmp_path / "p").mkdir()
    with pytest.raises(DataError, match="damaged"):
        extract_tar(tmp_path / "cut.tar.gz", tmp_path / "p")
