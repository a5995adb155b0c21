"""What the rules on rhythm mean, in plain Python: from the words of core.segments.rhythm, person by person."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import pairwise

from core.segments import Between, Earlier, Last, Moment, Regularly, Resumed, Span, Stopped

Rhythm = Moment | Regularly | Stopped | Resumed
_SIZES = {
    "minutes": timedelta(minutes=1), "hours": timedelta(hours=1), "days": timedelta(days=1), "weeks": timedelta(weeks=1)
}  # fmt: skip


def holds(rule: Rhythm, times: list[datetime], as_of: datetime) -> bool:
    """Whether the rule holds for a person whose events (of its kind, passing its filters) have these times."""
    seen = sorted(t for t in times if t < as_of)
    match rule:
        case Moment(which, _, window, _):
            return bool(seen) and _inside(seen[0] if which == "first" else seen[-1], window, as_of)
        case Regularly(_, of_them, n, unit, _):
            ends = [earlier(as_of, k, unit) for k in range(n + 1)]
            return sum(any(a <= t < b for t in seen) for b, a in pairwise(ends)) >= of_them
        case Stopped(_, quiet, before, least, _):
            border = as_of - _length(quiet)
            start = datetime.min if before is None else border - _length(before)
            return seen == [t for t in seen if t < border] and len([t for t in seen if t >= start]) >= least
        case Resumed(_, pause, within, _):
            return any(b >= as_of - _length(within) and b - a >= _length(pause) for a, b in pairwise(seen))


def rhythmic(rule: Rhythm, times_of: Callable[[str], list[datetime]], users: set[str], as_of: datetime) -> set[str]:
    """The users for whom it holds; `times_of` gives the dated events of one of them."""
    return {user for user in users if holds(rule, times_of(user), as_of)}


def earlier(as_of: datetime, n: int, unit: str) -> datetime:
    """So many periods before: month by month for months, the day clipped to the month that is reached."""
    if unit != "months":
        return as_of - n * _SIZES[unit]
    year, month = as_of.year, as_of.month
    for _ in range(n):
        year, month = (year - 1, 12) if month == 1 else (year, month - 1)
    return as_of.replace(year=year, month=month, day=min(as_of.day, monthrange(year, month)[1]))


def _inside(at: datetime, window: object, as_of: datetime) -> bool:
    match window:
        case Last(n, unit):
            return at >= earlier(as_of, n, unit)
        case Earlier(n, unit):
            return at < earlier(as_of, n, unit)
        case Between(start, until):
            return (start is None or at.date() >= start) and (until is None or at.date() < until)
        case _:
            return True


def _length(span: Span) -> timedelta:
    return span.n * _SIZES[span.unit]
