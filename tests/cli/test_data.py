"""`tinynas data` through the real command; downloads come from a server on this machine."""

from __future__ import annotations

import hashlib
import http.server
import io
import json
import tarfile
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest


def archive() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        content = b"spoken"
        member = tarfile.TarInfo("yes/a_nohash_0.wav")
        member.size = len(content)
        tar.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


@pytest.fixture
def recipe(tmp_path: Path) -> Iterator[Path]:
    """A data set file whose archive is served by a local server."""
    served = tmp_path / "served"
    served.mkdir()
    data = archive()
    (served / "set.tar.gz").write_bytes(data)
    handler = partial(http.server.SimpleHTTPRequestHandler, directory=str(served))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    file = tmp_path / "mine.toml"
    file.write_text(
        f'name = "mine"\ntitle = "My words"\nlicence = "CC BY 4.0"\nsize_bytes = {len(data)}\n'
        f'url = "http://127.0.0.1:{server.server_address[1]}/set.tar.gz"\n'
        f'sha256 = "{hashlib.sha256(data).hexdigest()}"\n'
    )
    yield file
    server.shutdown()


def test_fetch_shows_licence_first_and_prints_the_folder(run_cli, recipe: Path, tmp_path: Path) -> None:
    result = run_cli("data", "fetch", recipe, "--to", tmp_path / "here")
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip() == str(tmp_path / "here")
    assert (tmp_path / "here" / "yes" / "a_nohash_0.wav").read_bytes() == b"spoken"
    assert result.stderr.index("CC BY 4.0") < result.stderr.index("downloaded")


def test_a_wrong_checksum_leaves_nothing(run_cli, recipe: Path, tmp_path: Path) -> None:
    digest = recipe.read_text().split('sha256 = "')[1][:64]
    recipe.write_text(recipe.read_text().replace(digest, "0" * 64))
    result = run_cli("data", "fetch", recipe, "--to", tmp_path / "here")
    assert result.returncode == 2
    assert result.stderr.strip().splitlines()[-1].startswith("error: ")
    assert "SHA-256" in result.stderr
    assert {p.name for p in tmp_path.iterdir()} == {"served", "mine.toml"}


def test_list_names_what_is_not_here(run_cli, tmp_path: Path) -> None:
    result = run_cli("data", "list", "--json", env={"TINYNAS_CACHE": str(tmp_path)})
    assert result.returncode == 0, result.stderr
    sets = {s["name"]: s for s in json.loads(result.stdout)}
    assert sets["speech_commands"]["state"] == "not fetched"
    assert sets["builtin"]["synthetic"] is True


def test_unknown_set_and_place(run_cli) -> None:
    for arguments, word in (
        (("data", "fetch", "nothing"), "speech_commands"),
        (("data", "show", "/nowhere"), "/nowhere"),
    ):
        result = run_cli(*arguments)
        assert result.returncode == 2
        (line,) = result.stderr.strip().splitlines()
        assert line.startswith("error: ") and word in line


@pytest.mark.slow
def test_show_counts_the_shared_clips(run_cli, shared_datasets: Path) -> None:
    result = run_cli("data", "show", shared_datasets, "--json")
    assert result.returncode == 0, result.stderr
    found = json.loads(result.stdout)
    assert found["synthetic"] is False
    assert {side: sum(c.values()) for side, c in found["counts"].items()}["test"] == 1022
