"""Why a job failed, in words for people; what only a programmer can use goes to the log."""

from __future__ import annotations

import errno
import logging
import traceback
from pathlib import Path

import duckdb

from core.errors import Refusal

log = logging.getLogger("limelight.jobs")

_NOTHING = (
    " Nothing was kept.",
    " Nothing of it was kept, and the rest of Limelight is unharmed.",
    "; nothing of it was kept",
    "; nothing of this job was kept",
)  # what messages of these modules say of a job that keeps nothing


def explain(error: BaseException, job_id: str) -> Refusal:
    """`error` as a Refusal; one that nobody foresaw is logged as a defect."""
    return foreseen(error) or defect(type(error).__name__, frames(error), job_id)


def foreseen(error: BaseException) -> Refusal | None:
    """`error` as a Refusal if a person can do something about it, else None."""
    if isinstance(error, Refusal):
        return error
    if isinstance(error, MemoryError | duckdb.OutOfMemoryException):
        return out_of_memory()
    if _disk_full(error):
        return Refusal(
            "disk_full",
            "The disk is full, so this could not be finished; nothing of it was kept.",
            "Make room on the disk of the workspace or of temporary files, then start it again.",
        )
    return None


def kept_of(error: Refusal) -> Refusal:
    """The same fault, of a job whose finished part was kept."""
    message = error.message
    for nothing in _NOTHING:
        message = message.replace(nothing, "")
    return Refusal(error.code, f"{message.rstrip(' .')}. What it had finished until then was kept.", error.hint)


def frames(error: BaseException) -> list[str]:
    """Where `error` was raised, outermost first, as "FILE:LINE NAME"."""
    return [f"{f.filename}:{f.lineno} {f.name}" for f in traceback.extract_tb(error.__traceback__)]


def defect(kind: str, where: list[str], job_id: str) -> Refusal:
    """A fault of Limelight itself: an exception of type `kind`, raised at the last of `where`; it is logged.

    An exception's message may hold a customer's id or address, so it is neither logged nor shown.
    """
    log.error("job %s: %s at %s", job_id, kind, " < ".join(reversed(where)) or "no frame")
    at = f" at {Path(where[-1]).name.rsplit(' ', 1)[0]}" if where else ""
    return Refusal(
        "defect",
        f"Limelight made a mistake of its own ({kind}{at}); nothing of this job was kept.",
        f"Please report it with the job's number, {job_id}. Trying again will most likely end the same way.",
    )


def out_of_memory() -> Refusal:
    """The work asked for more memory than it could get."""
    return Refusal(
        "out_of_memory",
        "This needs more memory than the machine could give; nothing of it was kept.",
        "Choose a shorter period or fewer users and items, or a machine with more memory.",
    )


def _disk_full(error: BaseException) -> bool:
    if isinstance(error, OSError):
        return error.errno in (errno.ENOSPC, errno.EDQUOT)
    return isinstance(error, duckdb.Error) and "no space left on device" in str(error).lower()
