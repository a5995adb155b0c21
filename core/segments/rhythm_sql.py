"""When users act, as SQL: the first or last time, regularly, no longer, again after a pause. Only dated events count."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from core.segments.conditions import Setting, back, bounds, event_condition, filters
from core.segments.parts import BadRule, Beside, Filter, Span, joined_path
from core.segments.rule import Moment, Regularly, Resumed, Stopped
from core.store import Query

_SECOND = 1_000_000
_SECONDS = {"minutes": 60, "hours": 3_600, "days": 86_400, "weeks": 604_800}
_MOST_BITS = 62  # of a BIGINT, one for each period


def moment_condition(rule: Moment, setting: Setting, path: str) -> Query:
    """The condition on users `u` that their first (last) such event lies in the window; never NULL.

    Raises BadRule for the window `Beside`, which looks from the user's own events.
    """
    here = joined_path(path, "window")
    if isinstance(rule.window, Beside):
        raise BadRule(
            f"cannot lie beside another event here: it asks about the {rule.which} event of all",
            here,
            'Ask "did ... before / after their first or last ..." instead.',
        )
    end = setting.end(joined_path(path, "moment"), f"the {rule.which} time")
    start, until = bounds(rule.window, end)
    rows = _users(rule.event, rule.where, setting, path, "event")
    if rule.which == "last":
        # whoever did it in the window, and not later: fewer rows than the last event of everyone
        query = rows + Query(" AND e.at_utc >= ? AND e.at_utc < ?", (start, end))
        return _in(query + Query(" GROUP BY e.user_no HAVING max(e.at_utc) < ?", (until,)))
    query = rows + Query(" AND e.at_utc < ?", (until,))
    return _in(query + Query(" GROUP BY e.user_no HAVING min(e.at_utc) >= ?", (start,)))


def regularly_condition(rule: Regularly, setting: Setting, path: str) -> Query:
    """The condition on users `u` that they did it in enough of the last periods; never NULL."""
    end = setting.end(joined_path(path, "regularly"), "counting back periods")
    rows = _events(rule.event, rule.where, setting, path, "regularly") + Query(
        " AND e.at_utc >= ? AND e.at_utc < ?", (back(end, rule.n, rule.unit), end)
    )
    period = _period(rule.unit, end)
    if rule.n <= _MOST_BITS:
        return _in(
            Query("SELECT e.user_no FROM (SELECT e.user_no, ")
            + period
            + " AS period "
            + rows
            + Query(
                ") e GROUP BY e.user_no HAVING bit_count(bit_or(1::BIGINT << e.period::INTEGER)) >= ?", (rule.of_them,)
            )
        )
    return _in(
        Query("SELECT e.user_no FROM (SELECT DISTINCT e.user_no, ")
        + period
        + " AS period "
        + rows
        + Query(") e GROUP BY e.user_no HAVING count(*) >= ?", (rule.of_them,))
    )


def stopped_condition(rule: Stopped, setting: Setting, path: str) -> Query:
    """The condition on users `u` that they did it often enough before, and not since; never NULL."""
    end = setting.end(joined_path(path, "stopped"), "a stretch without")
    quiet = back(end, rule.quiet.n, rule.quiet.unit)
    start = back(quiet, rule.before.n, rule.before.unit) if rule.before else datetime.min
    query = _users(rule.event, rule.where, setting, path, "stopped") + Query(
        " AND e.at_utc >= ? AND e.at_utc < ? GROUP BY e.user_no HAVING max(e.at_utc) < ?", (start, end, quiet)
    )
    return _in(query + (Query(" AND count(*) >= ?", (rule.least,)) if rule.least > 1 else ""))


def resumed_condition(rule: Resumed, setting: Setting, path: str) -> Query:
    """The condition on users `u` that they came back within the last `within`, after a pause; never NULL.

    Of what lies before the first moment that a pause could begin at, the last event is as good as all.
    """
    end = setting.end(joined_path(path, "resumed"), "coming back")
    since = back(end, rule.within.n, rule.within.unit)
    start = back(since, rule.pause.n, rule.pause.unit)
    rows = _events(rule.event, rule.where, setting, path, "resumed")
    came = Query("SELECT e.user_no ") + rows + Query(" AND e.at_utc >= ? AND e.at_utc < ?", (since, end))
    return _in(
        Query("SELECT r.user_no FROM (SELECT p.user_no, p.at_utc, ")
        + "lag(p.at_utc) OVER (PARTITION BY p.user_no ORDER BY p.at_utc) AS earlier FROM ("
        + "SELECT e.user_no, e.at_utc "
        + rows
        + Query(" AND e.at_utc >= ? AND e.at_utc < ? AND e.user_no IN (", (start, end))
        + came
        + ") UNION ALL SELECT e.user_no, max(e.at_utc) "
        + rows
        + Query(" AND e.at_utc < ? AND e.user_no IN (", (start,))
        + came
        + ") GROUP BY e.user_no) p) r WHERE r.at_utc >= "
        + Query("? AND epoch_us(r.at_utc) - epoch_us(r.earlier) >= ?", (since, _micros(rule.pause)))
    )


def _in(query: Query) -> Query:
    return Query("u.user_no IN (") + query + ")"


def _events(event: str, where: Sequence[Filter], setting: Setting, path: str, key: str) -> Query:
    return (
        Query("FROM events e WHERE e.user_no IS NOT NULL AND ")
        + event_condition(event, setting, joined_path(path, key))
        + filters(where, setting, path)
    )


def _users(event: str, where: Sequence[Filter], setting: Setting, path: str, key: str) -> Query:
    return Query("SELECT e.user_no ") + _events(event, where, setting, path, key)


def _period(unit: str, end: datetime) -> Query:
    """Which period before `end` an event lies in, from 0: each has its start in it, and not its end."""
    if unit != "months":
        size = _SECONDS[unit] * _SECOND
        return Query(f"(epoch_us(?) - 1 - epoch_us(e.at_utc)) // {size}", (end,))
    # the bound inside the event's own calendar month: months are clipped where they have no such day, as `back` does
    midnight = end.replace(hour=0, minute=0, second=0, microsecond=0)
    clock = (end - midnight).seconds * _SECOND + end.microsecond
    months = f"({end.year * 12 + end.month} - (year(e.at_utc) * 12 + month(e.at_utc)))"
    bound = (
        f"date_trunc('month', e.at_utc) + to_days(least({end.day}, day(last_day(e.at_utc)))::INTEGER - 1) "
        f"+ to_microseconds({clock})"
    )
    return Query(f"{months} - (e.at_utc >= {bound})::INTEGER")


def _micros(span: Span) -> int:
    return span.n * _SECONDS[span.unit] * _SECOND
