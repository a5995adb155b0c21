"""What a person is told when the disk or the memory is full."""

from __future__ import annotations

import errno
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from core.errors import Refusal
from core.store.memory import memory_limit

SPILL = "limelight_spill_"
"""How the names of folders begin into which DuckDB writes what does not fit into memory."""

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
        if SPILL in text or "max_temp_directory_size" in text:
            return Refusal(
                "disk_full",
                "There is no room left on the disk of temporary files. Nothing was changed.",
                f"Free some space in {tempfile.gettempdir()} (a load takes up to three times the size of the file), or "
                "name another folder in TMPDIR, and try again.",
            )
        return Refusal(
            "disk_full",
            f"There is no room left on the disk of {path.name}. Nothing was changed.",
            f"Free some space in {path.parent} (loading takes about the size of the file), and try again.",
        )
    if isinstance(error, duckdb.OutOfMemoryException):
        return Refusal(
            "out_of_memory",
            f"A workspace may take {memory_limit() / 1e9:.1f} GB of memory, which is not enough for this. Nothing was "
            "changed.",
            "Load the file in parts, or allow more if the computer has it: set LIMELIGHT_MEMORY, for instance to 6GB.",
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
