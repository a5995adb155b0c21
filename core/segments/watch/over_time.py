"""Size over time: a rule asked as of one moment after the other."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import get_args

from core.errors import Refusal
from core.progress import Step, no_step
from core.segments.compile import condition
from core.segments.conditions import Setting, back
from core.segments.rule import All, Any, InGroup, InSegment, Not, Prop, Rule, Sample, Segment
from core.segments.schema import Schema
from core.segments.watch.asked import opened
from core.segments.watch.types import SizePoint, Unit
from core.store import Query, Store

MOST = 400
"""Moments that can be asked at once."""


def sizes(
    store: Store,
    of: Segment | Rule,
    unit: Unit,
    n: int,
    as_of: datetime | None = None,
    *,
    step: Step = no_step,
) -> tuple[SizePoint, ...]:
    """A segment's size as of `n` moments, oldest first: the last `n` - 1 ends of days, weeks or months, and `as_of`.

    Days end at midnight, weeks on Sunday and months on their last day at midnight (UTC). The last moment is `as_of`
    itself (by default a pinned segment's own moment, else just after the last event), so that the last size is the
    segment's size. The rule is asked anew at each: what is known of users apart from events (a country, a kept
    group) has no history and counts as it is today; where a rule looks at nothing else, `is_constant` says so.
    Raises BadRule, also where no event has a time; Refusal `bad_period`; Cancelled.
    """
    if unit not in get_args(Unit) or type(n) is not int or not 1 <= n <= MOST:
        raise Refusal("bad_period", f"{n!r} {unit} cannot be shown.", f"Ask for 1 to {MOST} days, weeks or months.")
    rule, pinned = (of.rule, of.as_of) if isinstance(of, Segment) else (of, None)
    schema, last = opened(store, as_of or pinned)
    end = Setting(schema, last).end("", "size over time")
    points = []
    with store.scratch() as scratch, scratch.keep("first_seen", _FIRST, step=step):
        for place, moment in enumerate(moments(end, unit, n)):
            step.report(place / n, f"as of {moment:%Y-%m-%d}")
            (row,) = scratch.rows(_size(rule, schema, moment), step=step)
            points.append(SizePoint(moment, int(row["users"]), int(row["known"]), int(row["seen"])))
    step.report(1.0)
    return tuple(points)


def moments(end: datetime, unit: Unit, n: int) -> tuple[datetime, ...]:
    """`end` and the `n` - 1 ends of whole periods before it, oldest first; none before the first that dates can say.

    >>> [str(moment.date()) for moment in moments(datetime(2024, 3, 5, 12), "months", 3)]
    ['2024-02-01', '2024-03-01', '2024-03-05']
    """
    border = end.replace(hour=0, minute=0, second=0, microsecond=0)
    if unit == "weeks":
        border -= timedelta(days=border.weekday())
    elif unit == "months":
        border = border.replace(day=1)
    first = 0 if border < end else 1
    found = {back(border, k, unit) for k in range(first, first + n - 1)} - {datetime.min}
    return (*sorted(found), end)


def is_constant(rule: Rule, schema: Schema) -> bool:
    """Whether the rule has the same members as of every moment: it looks at nothing that events or time change.

    So of groups (also frozen members), random shares, attributes, and pinned segments. Raises BadRule.
    """
    match rule:
        case All(rules) | Any(rules):
            return all(is_constant(inner, schema) for inner in rules)
        case Not(inner):
            return is_constant(inner, schema)
        case Prop(test=test):
            return test.op not in ("last_days", "next_days", "anniversary_within")
        case InGroup() | Sample():
            return True
        case InSegment(name):
            found = schema.segment(name, "segment")
            return found.as_of is not None or is_constant(found.rule, schema)
        case _:
            return False


_FIRST = Query(
    "SELECT e.user_no, min(coalesce(e.at_utc, '-infinity'::TIMESTAMP)) AS first "
    "FROM events e WHERE e.user_no IS NOT NULL GROUP BY e.user_no"
)


def _size(rule: Rule, schema: Schema, moment: datetime) -> Query:
    return (
        Query(
            "SELECT count(*) FILTER (holds) AS users, count(*) FILTER (first < ?) AS known, "
            "count(*) FILTER (holds AND first < ?) AS seen "
            "FROM (SELECT u.user_no, ",
            (moment, moment),
        )
        + condition(rule, Setting(schema, moment), "")
        + " AS holds FROM users u) LEFT JOIN first_seen USING (user_no)"
    )
