"""What a person is told when the disk or the memory is full."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from core.errors import Refusal

_DISK = (
    "no space left on device",
    "file too large",
    "disk quota exceeded",
    "max_temp_directory_size",
    "not enough space",
)
_NUMBERS = (errno.ENOSPC, errno.EFBIG, errno.EDQUOT)


def room_refusal(path: Path, error: duckdb.Error) -> Refusal | None:
    """The refusal `disk_full` or `out_of_memory` that says what DuckDB's error means; None for any other error."""
    text = str(error).lower()
    if any(sign in text for sign in _DISK):
        return Refusal(
            "disk_full",
            f"There is no room left on the disk of {path.name}. Nothing was changed.",
            f"Free some space in {path.parent} (loading takes about the size of the file), and try again.",
        )
    if isinstance(error, duckdb.OutOfMemoryException):
        return Refusal(
            "out_of_memory",
            "The computer's memory does not suffice for this. Nothing was changed.",
            "Close other programs, or load the file in parts.",
        )
    return None


@contextmanager
def room_for(file: Path) -> Iterator[None]:
    """While a file is written: a full disk is Refusal `disk_full`, a folder that cannot be written `cannot_write`.

    The caller sees to it that what was written until then goes.
    """
    try:
        yield
    except duckdb.Error as error:
        refusal = room_refusal(file, error)
        if refusal is None or refusal.code != "disk_full":
            raise (refusal or error) from None
        raise _no_room(file) from None
    except OSError as error:
        if error.errno in _NUMBERS:
            raise _no_room(file) from None
        said = error.strerror or str(error)
        raise Refusal("cannot_write", f"{file} cannot be written: {said}.", "Name another file or folder.") from None


def _no_room(file: Path) -> Refusal:
    return Refusal(
        "disk_full",
        f"There is no room left on the disk for {file.name}. Nothing was written.",
        f"Free some space in {file.parent}, and try again.",
    )
