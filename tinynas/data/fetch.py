"""Downloading a data set, only when asked: `tinynas data fetch`.

A data set file (`datasets/*.toml`) gives url, sha256, size and licence. Size and licence are shown before the
first byte is asked for; a download that was cut off goes on where it stopped (HTTP Range, tied to the same
file on the server by If-Range); nothing is used before its SHA-256 is right; the archive is unpacked beside
its final place, each path checked, and renamed. A killed fetch leaves a `.part` file that the next one
continues, and no half data set.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import lzma
import shutil
import tarfile
import tempfile
import urllib.error
import urllib.request
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from tinynas.data.audio_files import one_line
from tinynas.data.find import fetched_dir
from tinynas.data.recipe import load_recipe, recipe_path
from tinynas.errors import DataError

_CHUNK_BYTES = 1 << 18
_TIMEOUT_S = 60.0
_TRIES = 3
_DONE = ".fetched.json"


@dataclass(frozen=True)
class Offer:
    """What would be downloaded: shown to the user before anything is."""

    name: str
    title: str
    url: str
    sha256: str
    size_bytes: int
    licence: str
    destination: Path

    def lines(self) -> tuple[str, ...]:
        """For people."""
        return (
            f"{self.title}",
            f"  from     {self.url}",
            f"  size     {self.size_bytes / 2**20:,.0f} MB to download",
            f"  licence  {self.licence}",
            f"  to       {self.destination}",
        )


Confirm = Callable[[Offer], bool]
Progress = Callable[[int, int], None]


def offer(dataset: str | Path, destination: Path | None = None) -> Offer:
    """What `fetch` would download. Raises DataError when the data set's file lacks something it needs."""
    recipe = load_recipe(dataset)
    name = str(recipe.get("name", recipe_path(dataset).stem))
    for field in ("url", "sha256", "size_bytes", "licence"):
        if not recipe.get(field):
            how = "; it is made on this machine, nothing is fetched" if recipe.get("synthetic") else ""
            raise DataError(f"data set '{name}' has no {field}, so it is not downloaded{how}")
    url, digest = str(recipe["url"]), str(recipe["sha256"]).lower()
    if not url.startswith(("https://", "http://")):
        raise DataError(f"data set '{name}': {url} is neither https nor http")
    if len(digest) != 64 or set(digest) - set("0123456789abcdef"):
        raise DataError(f"data set '{name}': sha256 must be 64 hexadecimal digits")
    return Offer(
        name,
        str(recipe.get("title", name)),
        url,
        digest,
        _size(recipe, name),
        str(recipe["licence"]),
        Path(destination) if destination is not None else fetched_dir(name),
    )


def fetch(
    dataset: str | Path,
    destination: Path | None = None,
    confirm: Confirm | None = None,
    progress: Progress | None = None,
) -> Path:
    """Download, verify and unpack a data set; returns its folder.

    dataset: a known name or the path of a data set file. confirm: is shown the offer first and may decline.
    progress: called with (bytes so far, bytes in all). Does nothing when the folder is there already. Raises
    DataError when it is declined, cut off too often, of the wrong SHA-256, or no safe tar archive.
    """
    wanted = offer(dataset, destination)
    if is_fetched(wanted):
        return wanted.destination
    if wanted.destination.exists() and any(wanted.destination.iterdir()):
        raise DataError(
            f"{wanted.destination} is there but was not fetched completely by tinynas; "
            "move it away or give another folder"
        )
    if confirm is not None and not confirm(wanted):
        raise DataError(f"the download of '{wanted.name}' was declined")
    try:
        wanted.destination.parent.mkdir(parents=True, exist_ok=True)
        archive = wanted.destination.parent / f"{wanted.destination.name}-{wanted.sha256[:12]}.part"
        _check_space(wanted, archive)
        _download(wanted, archive, progress or (lambda done, total: None))
        _verify(wanted, archive)
        _unpack(wanted, archive)
        archive.unlink()
    except OSError as error:
        raise DataError(
            f"'{wanted.name}' cannot be stored in {wanted.destination.parent}: {error}"
        ) from error
    return wanted.destination


def is_fetched(wanted: Offer) -> bool:
    """Whether exactly this archive has been unpacked at the destination."""
    try:
        return bool(json.loads((wanted.destination / _DONE).read_text())["sha256"] == wanted.sha256)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _size(recipe: dict[str, Any], name: str) -> int:
    size = recipe["size_bytes"]
    if not isinstance(size, int) or size <= 0:
        raise DataError(f"data set '{name}': size_bytes must be a positive number")
    return size


def _check_space(wanted: Offer, archive: Path) -> None:
    """Archive and unpacked files must fit (speech unpacks to about 1.6 times its archive)."""
    have = archive.stat().st_size if archive.exists() else 0
    free, needed = shutil.disk_usage(archive.parent).free, int(2.6 * wanted.size_bytes) - have
    if free < needed:
        raise DataError(
            f"'{wanted.name}' needs {needed / 2**20:,.0f} MB in {archive.parent}, "
            f"{free / 2**20:,.0f} MB are free; set TINYNAS_CACHE to a larger disk"
        )


def _download(wanted: Offer, archive: Path, progress: Progress) -> None:
    """Append what is missing; where the connection broke, try again as long as tries bring something."""
    failures = 0
    while True:
        before = archive.stat().st_size if archive.exists() else 0
        if before > wanted.size_bytes:
            archive.unlink()
            before = 0
        if before == wanted.size_bytes:
            return
        try:
            _continue(wanted, archive, before, progress)
            reason = "the server closed the connection"
        except urllib.error.HTTPError as error:
            raise DataError(f"{wanted.url} answers {error.code} {error.reason}; try again later") from error
        except (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError) as error:
            reason = str(getattr(error, "reason", error))
        after = archive.stat().st_size if archive.exists() else 0
        if after == wanted.size_bytes:
            return
        if after > wanted.size_bytes:
            archive.unlink()
            raise DataError(
                f"{wanted.url} is larger than the {wanted.size_bytes:,} bytes promised; "
                "the file on the server has changed"
            )
        failures = failures + 1 if after <= before else 0
        if failures >= _TRIES:
            raise DataError(
                f"download of '{wanted.name}' stopped at {after:,} of {wanted.size_bytes:,} bytes "
                f"({reason}); run the same command again to continue"
            )


def _continue(wanted: Offer, archive: Path, have: int, progress: Progress) -> None:
    """One request for the bytes from `have` on. A server that ignores Range sends all: then start over."""
    tag = archive.with_suffix(".etag")
    headers = {"User-Agent": "tinynas", "Accept-Encoding": "identity"}
    if have:
        headers["Range"] = f"bytes={have}-"
        if tag.exists():
            headers["If-Range"] = tag.read_text()
    request = urllib.request.Request(wanted.url, headers=headers)
    with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as reply:
        resumed = reply.status == 206
        if resumed and not str(reply.headers.get("Content-Range", "")).startswith(f"bytes {have}-"):
            raise DataError(f"{wanted.url} answered another range than asked for; try again later")
        etag = reply.headers.get("ETag")
        if etag and not etag.startswith("W/"):
            tag.write_text(etag)
        done = have if resumed else 0
        with open(archive, "ab" if resumed else "wb") as out:
            while chunk := reply.read(_CHUNK_BYTES):
                out.write(chunk)
                done += len(chunk)
                progress(done, wanted.size_bytes)
                if done > wanted.size_bytes:
                    break
    if archive.stat().st_size >= wanted.size_bytes:
        tag.unlink(missing_ok=True)


def _verify(wanted: Offer, archive: Path) -> None:
    """The archive's SHA-256 is the promised one, else it is removed."""
    digest = hashlib.sha256()
    with open(archive, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    if digest.hexdigest() != wanted.sha256:
        archive.unlink()
        raise DataError(
            f"'{wanted.name}': the download's SHA-256 is {digest.hexdigest()}, expected {wanted.sha256}; "
            "it was removed: the file on the server has changed or was tampered with"
        )


def _unpack(wanted: Offer, archive: Path) -> None:
    """Into a folder beside the destination, then renamed over it."""
    with tempfile.TemporaryDirectory(
        prefix=f".{wanted.destination.name}.", dir=wanted.destination.parent
    ) as part:
        folder = Path(part) / "data"
        folder.mkdir()
        extract_tar(archive, folder)
        (folder / _DONE).write_text(json.dumps({"sha256": wanted.sha256, "url": wanted.url}) + "\n")
        if wanted.destination.exists():
            wanted.destination.rmdir()  # empty: checked before
        folder.rename(wanted.destination)


def extract_tar(archive: Path, folder: Path) -> None:
    """Unpack plain files and folders of a tar archive. Raises DataError for anything else.

    Absolute paths, `..`, links, devices and names that would land outside `folder` are refused, not skipped:
    an archive that holds one is not what it claims to be.
    """
    try:
        with tarfile.open(archive) as tar:
            for member in tar:
                target = folder / _safe(member)
                if member.isdir():
                    target.mkdir(parents=True, exist_ok=True)
                    continue
                source = tar.extractfile(member)
                if source is None:
                    raise DataError(f"'{member.name}' in the archive cannot be read")
                target.parent.mkdir(parents=True, exist_ok=True)
                with open(target, "xb") as out:
                    shutil.copyfileobj(source, out)
    except (tarfile.TarError, EOFError, FileExistsError, ValueError, zlib.error, lzma.LZMAError) as error:
        raise DataError(f"the archive is damaged or not a tar file: {one_line(error)}") from error


def _safe(member: tarfile.TarInfo) -> Path:
    """The member's path below the folder."""
    path = PurePosixPath(member.name)
    if not (member.isreg() or member.isdir()):
        raise DataError(
            f"the archive holds '{member.name}', which is neither file nor folder; it is not unpacked"
        )
    if (
        path.is_absolute()
        or ".." in path.parts
        or "\\" in member.name
        or ":" in member.name
        or "\0" in member.name
    ):
        raise DataError(
            f"the archive holds the path '{member.name}', which leads outside; it is not unpacked"
        )
    return Path(*path.parts)
