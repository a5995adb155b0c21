"""A file of responses, as shops and campaign tools give it: who responded, when, and for how much."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from core.errors import Refusal
from core.experiments.tables import USER, bad_line, read_moment, read_number, read_rows
from core.progress import Step, no_step

_COLUMNS = {
    "user_id": USER,
    "value": ("value", "net_value", "revenue", "net_revenue", "amount", "sales", "total", "order_value"),
    "time": (
        *("time", "event_time", "at_utc", "timestamp", "responded_at", "purchased_at", "order_date", "order_time"),
        *("converted_at", "clicked_at", "opened_at", "datetime", "date", "created_at"),
    ),
    "responded": ("responded", "response", "converted", "conversion", "bought", "purchased", "clicked", "success"),
}
_YES, _NO = frozenset({"yes", "y", "true", "t"}), frozenset({"", "no", "n", "false", "f"})


@dataclass
class Given:
    """What a file says of the users in it.

    Attributes:
        rows: id -> [responded, net value] within the window; every id of the file is here.
        has_value, has_time: the file has such a column.
        outside: rows whose time lies outside the window.
    """

    rows: dict[str, tuple[bool, float]]
    has_value: bool
    has_time: bool
    outside: int


def read_responses(path: Path, window: tuple[datetime, datetime], *, step: Step = no_step) -> Given:
    """Read a CSV (TSV, ...) with user_id and optionally value, time, responded; or a bare list of ids, one a line.

    A user has responded by standing in the file, with these exceptions: where there is a column `responded`, it
    decides (yes or no, a count, empty = no); else where there is a `value`, the net of the user's rows must be above
    0, so that neither who is listed with nothing nor who sent all of it back counts. Where there is a `time`, rows
    outside the window (half-open, UTC) do not count. Rows that say "no" need no time.

    Raises Refusal `bad_line`, `empty_file` and those of `tables.read_rows`.
    """
    rows: dict[str, tuple[bool, float]] = {}
    has_value = has_time = has_word = False
    outside, any_row = 0, False
    for line, cells in read_rows(path, _COLUMNS, needs=("user_id",), alone=True):
        if line % 10_000 == 0:
            step.check()
        any_row = True
        has_value, has_time, has_word = (has or name in cells for has, name in zip(
            (has_value, has_time, has_word), ("value", "time", "responded"), strict=True))  # fmt: skip
        said = _responded(path, line, cells["responded"]) if "responded" in cells else True
        before = rows.setdefault(cells["user_id"], (False, 0.0))
        if has_time and not _within(path, line, cells["time"], window, said):
            outside += bool(cells["time"])
            continue
        value = read_number(path, line, cells["value"]) if cells.get("value") else 0.0
        rows[cells["user_id"]] = (before[0] or said, before[1] + value)
    if not any_row:
        raise Refusal("empty_file", f"{path.name} has no rows.", "Give one row a response, with user_id.")
    if has_value and not has_word:
        rows = {user_id: (said and round(value, 6) > 0, value) for user_id, (said, value) in rows.items()}
    return Given(rows, has_value, has_time, outside)


def find_members(given: Given, members: list[str], others: frozenset[str]) -> tuple[list[tuple[bool, float]], int, int]:
    """The file's word on each member, how many of its ids are no member, and how many were found by mending them.

    Ids are compared as they stand. An id that nobody has is then tried as a spreadsheet may have spoilt it: without
    leading zeros, with `.0` behind it, or with an apostrophe before it; only where that points to one member alone.

    Args:
        others: ids of the file that users outside the list have.
    """
    spoilt: dict[str, str | None] = {}
    for member in members:
        key = _spoilt(member)
        spoilt[key] = None if key in spoilt else member
    told = {member: given.rows[member] for member in members if member in given.rows}
    exact = set(told)
    unknown = mended = 0
    for user_id, row in given.rows.items():
        if user_id in exact:
            continue
        meant = None if user_id in others else spoilt.get(_spoilt(user_id))
        if meant is None or meant in exact:
            unknown += 1
            continue
        mended += 1
        before = told.get(meant, (False, 0.0))
        told[meant] = (before[0] or row[0], before[1] + row[1])
    return [told.get(member, (False, 0.0)) for member in members], unknown, mended


def _responded(path: Path, line: int, text: str) -> bool:
    word = text.lower()
    if word in _YES or word in _NO:
        return word in _YES
    if word.isascii() and word.isdigit():
        return int(word) > 0
    raise bad_line(path, line, f"has responded {text[:40]!r}; write yes or no")


def _within(path: Path, line: int, text: str, window: tuple[datetime, datetime], said: bool) -> bool:
    if text:
        return window[0] <= read_moment(path, line, text) < window[1]
    if said:
        raise bad_line(path, line, "has no time: leave out who did not respond, or say yes or no in a column responded")
    return False


def _spoilt(user_id: str) -> str:
    """What is left of an id after a spreadsheet has read it as a number."""
    text = user_id.removeprefix("'").strip()
    whole = text.removesuffix(".0")
    return (whole.lstrip("0") or "0") if whole.isascii() and whole.isdigit() else text
