"""A time of day in a column beside the date's: which column it is, and how its digits are read."""

from __future__ import annotations

import re
from dataclasses import replace

from core.ingest.names import plain
from core.ingest.profile import ColumnFacts, Facts
from core.ingest.roles import Part

_CLOCK = re.compile(r"(?i)\d{1,2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?: ?[ap]\.?m\.?)?|\d{1,2} ?[ap]\.?m\.?")
_NAMED = re.compile(
    r"(?:^|_)(?:time|clock|hour|hours|hhmm|hhmmss|zeit|uhrzeit|uhr|heure|hora|ora|tid|tijd|godzina|时间|時刻|время)(?:_|$)"
)


def clock_format(column: ColumnFacts) -> str | None:
    """How digits alone are read as a time of day: by the largest of them; None for 14:05 and its like.

    >>> clock_format(ColumnFacts("t", 2, 2, ("5", "1405"), numbers=2, whole=2, low=5.0, high=1405.0))
    '%H%M'
    """
    if not column.numeric or column.whole != column.filled or column.low is None or column.low < 0:
        return None
    high = column.high or 0
    return "%H" if high <= 23 else "%H%M" if high <= 2359 else "%H%M%S" if high <= 235959 else None


def with_clock(found: Facts, roles: dict[str, Part]) -> dict[str, Part]:
    """The roles, and the time of day given to a column beside a time that is a date alone.

    By its values (14:05, 2:05 PM), or, for digits (1405), by its name and values together.
    """
    time = next((name for name, part in roles.items() if part.role == "time"), None)
    if time is None or not _date_alone(found.named(time)):
        return roles
    free = [c for c in found.columns if c.filled and (c.name not in roles or roles[c.name].rival)]
    by_value = [c for c in free if c.name not in roles and all(_CLOCK.fullmatch(v.strip()) for v in c.examples)]
    by_name = [c for c in free if c.name not in roles and _NAMED.search(plain(c.name)) and clock_format(c)]
    chosen = next(iter((*by_value, *by_name)), None)
    if chosen is None:
        return roles
    by = "name" if _NAMED.search(plain(chosen.name)) else "values"
    rival = roles[time].rival
    settled = replace(roles[time], rival=None if rival == chosen.name else rival)
    return {**roles, time: settled, chosen.name: Part("clock", by="name" if by == "name" else "values")}


def _date_alone(column: ColumnFacts) -> bool:
    taken = column.time_format or ""
    return not taken.startswith("epoch") and "%H" not in taken and "%I" not in taken and not any(
        ":" in v and not re.search(r"[T ]00:00(?::00(?:\.0+)?)?$", v.strip()) for v in column.examples
    )  # fmt: skip
