"""Reading a file in chunks, and writing prepared copies of it into the spool."""

from __future__ import annotations

import errno
import gzip
import hashlib
import shutil
import uuid
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from core.errors import Refusal
from core.progress import Amount, Step

CHUNK = 256 << 10  # what is made of a chunk stays in the cache, in memory used again: half the time that 4 MB take
_FIRST_LOOK = 256 << 20
_HIGHEST_RATIO = 250
_KEEP_FREE = 256 << 20


def chunks(path: Path, step: Step, note: str) -> Iterator[bytes]:
    """The bytes of a file, a CHUNK at a time, with progress. Raises Refusal `unreadable_file`."""
    size = max(path.stat().st_size, 1)
    done = 0
    try:
        with path.open("rb", buffering=0) as file:
            while chunk := file.read(CHUNK):
                done += len(chunk)
                step.report(done / size, note, Amount(done, size, "bytes"))
                yield chunk
    except OSError as error:
        raise Refusal("unreadable_file", f"{path.name} cannot be read: {error.strerror}.") from None


def gunzipped(compressed: Iterable[bytes], name: str) -> Iterator[bytes]:
    """The content of a gzip file, of one or more members. Raises Refusal `damaged_gzip`, `too_compressed`."""
    unzip = zlib.decompressobj(wbits=31)
    read = written = 0
    for piece in compressed:
        read += len(piece)
        data = piece
        while data:
            try:
                text = unzip.decompress(data, CHUNK)
            except zlib.error:
                raise _damaged(name) from None
            written += len(text)
            _refuse_bomb(read, written, name)
            if text:
                yield text
            if unzip.eof:
                data = unzip.unused_data.lstrip(b"\0")
                if data or unzip.unused_data:
                    unzip = zlib.decompressobj(wbits=31)
            else:
                data = unzip.unconsumed_tail
    if not unzip.eof and read:
        raise _damaged(name)


@contextmanager
def disk_refusals() -> Iterator[None]:
    """Turns a full disk inside the `with` into Refusal `disk_full`."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise Refusal(
                "disk_full",
                "There is no room on the disk for a prepared copy of the file.",
                "Free some space (about the size of the unpacked file) and try again.",
            ) from None
        raise


def new_file(spool: Path, ending: str) -> Path:
    """A path in the spool that nothing uses yet."""
    return spool / f"prepared-{uuid.uuid4().hex}{ending}"


def write(spool: Path, pieces: Iterable[bytes], ending: str = ".csv") -> Path:
    """A new file of the spool holding `pieces`; nothing is left behind on an error. Raises Refusal `disk_full`."""
    path = new_file(spool, ending)
    try:
        with disk_refusals(), path.open("wb") as file:
            for k, piece in enumerate(pieces):
                if k % 16 == 0 and shutil.disk_usage(spool).free < _KEEP_FREE:
                    raise OSError(errno.ENOSPC, "")
                file.write(piece)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return path


def hashed(pieces: Iterable[bytes], digest: hashlib._Hash) -> Iterator[bytes]:
    """The pieces as they are, each added to `digest` on its way."""
    for piece in pieces:
        digest.update(piece)
        yield piece


def is_gzip(head: bytes) -> bool:
    """The first bytes of a file are those of gzip."""
    return head.startswith(b"\x1f\x8b\x08")


def gunzip_head(path: Path, size: int) -> bytes:
    """Up to `size` bytes from the start of a gzip file's content."""
    try:
        with gzip.open(path, "rb") as file:
            return file.read(size)
    except (OSError, EOFError, zlib.error):
        raise _damaged(path.name) from None


def _refuse_bomb(read: int, written: int, name: str) -> None:
    if written > _FIRST_LOOK and written > _HIGHEST_RATIO * read:
        raise Refusal(
            "too_compressed",
            f"{name} unpacks to more than {_HIGHEST_RATIO} times its size; no table of events does.",
            "Unpack it yourself and load what is inside.",
        )


def _damaged(name: str) -> Refusal:
    return Refusal("damaged_gzip", f"{name} is a gzip file that is damaged or cut off.", "Fetch it again.")
