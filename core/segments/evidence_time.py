"""What shows whether conditions on when users act hold: dates, and how many periods of those asked."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise

from core.segments.conditions import Setting, back, event_condition, filters, marks, window_condition
from core.segments.evidence_words import say_moment
from core.segments.parts import Ever, Filter, Span, joined_path
from core.segments.rule import Moment, Regularly, Resumed, Stopped
from core.segments.words import _noun, _span, _units
from core.store import Query, Store

_SECONDS = {"minutes": 60, "hours": 3600, "days": 86400, "weeks": 604800}


def moment_shown(store: Store, rule: Moment, at: Setting, path: str, users: tuple[int, ...]) -> dict[int, str]:
    """The date of the first, or last, such event before as_of."""
    which = "min" if rule.which == "first" else "max"
    select = f"SELECT user_no, {which}(at_utc) AS at FROM ("
    rows = store.rows(Query(select) + _times(rule.event, rule.where, at, path, users) + ") GROUP BY user_no")
    found = {int(row["user_no"]): row["at"] for row in rows}
    noun = _noun(rule.event, 1)
    return {n: f"{rule.which} {noun} on {say_moment(found[n])}" if n in found else f"no {noun}" for n in users}


def regularly_shown(store: Store, rule: Regularly, at: Setting, path: str, users: tuple[int, ...]) -> dict[int, str]:
    """In how many of the last n periods."""
    end = at.end(path, "how regularly")
    ends = [end, *(back(end, k, rule.unit) for k in range(1, rule.n + 1))]
    # a period of before year 1 has no events, and would be the same as the one before it
    bounds = [(start, until) for until, start in pairwise(ends) if start < until]
    values = ", ".join("(?::TIMESTAMP, ?::TIMESTAMP)" for _ in bounds)
    query = (
        Query("SELECT user_no, count(DISTINCT p.start) AS n FROM (")
        + _times(rule.event, rule.where, at, path, users)
        + Query(
            f") e JOIN (VALUES {values}) p(start, until) ON e.at_utc >= p.start AND e.at_utc < p.until "
            "GROUP BY user_no",
            tuple(moment for pair in bounds for moment in pair),
        )
    )
    found = {int(row["user_no"]): int(row["n"]) for row in store.rows(query)}
    last = f"the last {_units(rule.n, rule.unit)}"
    return {n: f"{_noun(rule.event, 2)} in {found.get(n, 0):,} of {last}" for n in users}


def stopped_shown(store: Store, rule: Stopped, at: Setting, path: str, users: tuple[int, ...]) -> dict[int, str]:
    """How many before the quiet, and when the last was."""
    end = at.end(path, "that they stopped")
    quiet = _before(end, rule.quiet)
    start = _before(quiet, rule.before) if rule.before else datetime.min
    query = (
        Query(
            "SELECT user_no, count(*) FILTER (at_utc >= ? AND at_utc < ?) AS before, "
            "count(*) FILTER (at_utc >= ?) AS since, max(at_utc) AS last FROM (",
            (start, quiet, quiet),
        )
        + _times(rule.event, rule.where, at, path, users)
        + ") GROUP BY user_no"
    )
    found = {int(row["user_no"]): row for row in store.rows(query)}
    stretch = f"in the {_span(rule.before)} before" if rule.before else "before"
    told = {}
    for n in users:
        row = found.get(n)
        if row is None:
            told[n] = f"no {_noun(rule.event, 1)}"
            continue
        since = f"{row['since']:,}" if row["since"] else "none"
        told[n] = (
            f"{since} in the last {_span(rule.quiet)}, {row['before']:,} {stretch}; "
            f"the last {_noun(rule.event, 1)} on {say_moment(row['last'])}"
        )
    return told


def resumed_shown(store: Store, rule: Resumed, at: Setting, path: str, users: tuple[int, ...]) -> dict[int, str]:
    """The two dates around the pause, or the last date."""
    end = at.end(path, "that they came back")
    query = (
        Query(
            "SELECT user_no, max(at_utc) AS last, arg_max(before, at_utc) FILTER (back) AS before, "
            "max(at_utc) FILTER (back) AS again FROM (SELECT *, coalesce(at_utc >= ? AND "
            "at_utc - before >= to_seconds(?), false) AS back FROM (SELECT user_no, at_utc, "
            "lag(at_utc) OVER (PARTITION BY user_no ORDER BY at_utc) AS before FROM (",
            (_before(end, rule.within), _SECONDS[rule.pause.unit] * rule.pause.n),
        )
        + _times(rule.event, rule.where, at, path, users)
        + "))) GROUP BY user_no"
    )
    found = {int(row["user_no"]): row for row in store.rows(query)}
    noun, told = _noun(rule.event, 1), {}
    for n in users:
        row = found.get(n)
        if row is None:
            told[n] = f"no {noun}"
        elif row["again"]:
            told[n] = f"{noun} on {say_moment(row['again'])}, the one before on {say_moment(row['before'])}"
        else:
            told[n] = f"the last {noun} on {say_moment(row['last'])}, not after such a pause"
    return told


def _times(event: str, where: tuple[Filter, ...], at: Setting, path: str, users: tuple[int, ...]) -> Query:
    """user_no, at_utc of the timed events that count, before as_of."""
    return (
        Query("SELECT e.user_no, e.at_utc FROM events e WHERE e.at_utc IS NOT NULL AND ")
        + event_condition(event, at, joined_path(path, "event"))
        + window_condition(Ever(), at, path)
        + filters(where, at, path)
        + Query(f" AND e.user_no IN ({marks(users)})", users)
    )


def _before(end: datetime, span: Span) -> datetime:
    try:
        return end - timedelta(seconds=_SECONDS[span.unit] * span.n)
    except OverflowError:
        return datetime.min
