"""What a person is told when the disk or the memory is full."""

from __future__ import annotations

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
