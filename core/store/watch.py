"""Running a statement that a person may cancel, or that has a time limit."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

from core.errors import Refusal
from core.progress import Cancelled, Step, no_step

_EVERY = 0.05  # seconds between looks at the step
_LOST = "CSV Parser state machine reached an invalid state"


@contextmanager
def watched(
    cursor: duckdb.DuckDBPyConnection, step: Step, seconds: float | None, note: str | None = None
) -> Iterator[None]:
    """While inside, `cursor` is interrupted when `step` is cancelled or `seconds` have passed.

    With a `note`, DuckDB's own estimate of how far the statement is goes to the step, under that note.

    Raises Cancelled, or Refusal `too_slow`, in place of DuckDB's InterruptException.
    """
    try:
        with _watched(cursor, step, seconds, note):
            yield
    except duckdb.InvalidInputException as error:
        if _LOST not in str(error):
            raise
        raise Refusal(
            "unreadable_csv",
            "DuckDB's reader of CSV files loses its way in this file: seen where a quoted line break stands in a file "
            "whose lines end otherwise.",
            "Save it again as CSV (a spreadsheet does), with one kind of line break throughout.",
        ) from None


@contextmanager
def _watched(cursor: duckdb.DuckDBPyConnection, step: Step, seconds: float | None, note: str | None) -> Iterator[None]:
    if step is no_step and seconds is None:
        yield
        return
    step.check()
    done = threading.Event()
    deadline = None if seconds is None else time.monotonic() + seconds

    def watch() -> None:
        share = 0.0
        while not done.wait(_EVERY):
            late = deadline is not None and time.monotonic() > deadline
            if late or step.cancelled():
                cursor.interrupt()
            elif note is not None:
                share = _tell(cursor, step, note, share)

    if note is not None:
        cursor.execute("SET enable_progress_bar = true")
        cursor.execute("SET enable_progress_bar_print = false")
    watcher = threading.Thread(target=watch, name="limelight-watch", daemon=True)
    watcher.start()
    try:
        yield
    except duckdb.InterruptException:
        step.check()
        raise Refusal(
            "too_slow",
            f"The query was stopped after {seconds:g} seconds.",
            "Ask for less: a shorter period, fewer columns.",
        ) from None
    finally:
        done.set()
        watcher.join()


def _tell(cursor: duckdb.DuckDBPyConnection, step: Step, note: str, told: float) -> float:
    """Tell the step how far the statement is, if that is further than `told`; what it has been told now."""
    try:
        share = cursor.query_progress() / 100
        if share > told:
            step.report(share, note)
            return share
    except (Cancelled, duckdb.Error):
        pass  # the next look at the step interrupts the statement; a closed cursor has nothing to tell
    return told
