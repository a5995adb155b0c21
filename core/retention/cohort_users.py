"""The users behind a cell of the cohort table or a point of a curve: a query and, where one says the same, a rule."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from core.behaviour import EVERYTHING, Window, covered, next_period, period_start
from core.retention.cohorts import ALL, settled
from core.retention.question import Bracket, Retain
from core.retention.starts import (
    DAY_US,
    OWN_DAYS,
    did,
    part_condition,
    period_sql,
    read_starts,
    start_query,
)
from core.retention.ways import part_query
from core.segments import ANY_EVENT, All, Between, Did, Moment, Not, Rule
from core.store import Query, Store


def retention_users(  # a cell has so many coordinates
    store: Store,
    question: Retain,
    slot: int,
    cohort: date | None = None,
    part: str = ALL,
    window: Window = EVERYTHING,
    *,
    came: bool = True,
) -> Query:
    """The users (`user_no`) counted in a cell who came back in the slot; with `came=False` those who did not.

    `cohort`: the first day of its period; None = all cohorts that are complete at the slot, as in `Retention.mean`.
    """
    question, window = settled(store, question, window)
    bracket = question.slots[slot]
    among = _among(store, question, bracket, cohort, part, window)
    back = (
        Query("SELECT DISTINCT c.user_no FROM (")
        + among
        + ") c JOIN events e ON e.user_no = c.user_no WHERE e.at_utc >= c.first AND "
        + did(store, question.back, window.end)
        + " AND "
        + _after(question, bracket)
    )
    return back if came else Query("SELECT user_no FROM (") + among + ") EXCEPT (" + back + ")"


def _after(question: Retain, bracket: Bracket) -> str:
    """The condition on events `e` of users `c` that they lie in the slot."""
    if question.clock == "own":
        n = f"((epoch_us(e.at_utc) - epoch_us(c.first)) // {OWN_DAYS[question.unit] * DAY_US})"
    else:
        n = f"({period_sql('e.at_utc', question.unit)} - {period_sql('c.first', question.unit)})"
    low, high = bracket
    return f"{n} >= {low}" if question.kind == "unbounded" else f"{n} BETWEEN {low} AND {high}"


def _among(store: Store, question: Retain, bracket: Bracket, cohort: date | None, part: str, window: Window) -> Query:
    """`user_no`, `first` of those whom the cell's share is of."""
    span = covered(store, window)
    until = span[1] if span else datetime.min
    starts = start_query(store, question.start, window)
    made = Query("SELECT s.user_no, s.first FROM (") + starts + ") s"
    if part != ALL and question.by is not None:
        names = read_starts(store, question.start, question.by, window).parts
        parts = part_query(store, question.by, starts, did(store, question.start, window.end), window.end)
        made += Query(" LEFT JOIN (") + parts + ") p USING (user_no) WHERE " + part_condition(names, part, question.by)
    else:
        made += Query(" WHERE TRUE")
    if cohort is None and question.clock == "own":
        latest = f" QUALIFY max(s.first) OVER (PARTITION BY {period_sql('s.first', question.unit)}) <= ?"
        return made + Query(latest, (_seen_since(question, bracket, until),))
    if cohort is None:
        return made + Query(" AND s.first < ?", (_complete_before(question, bracket[1], until),))
    start = datetime.combine(cohort, time.min)
    end = datetime.combine(next_period(cohort, question.unit), time.min)
    made += Query(" AND s.first >= ? AND s.first < ?", (start, end))
    if question.clock == "own":
        made += Query(" AND s.first <= ?", (_seen_since(question, bracket, until),))
    return made


def _seen_since(question: Retain, bracket: Bracket, until: datetime) -> datetime:
    """The latest start whose slot is over by its own clock."""
    return until - timedelta(days=OWN_DAYS[question.unit] * (bracket[1] + 1))


def _complete_before(question: Retain, last: int, until: datetime) -> datetime:
    """The moment before which a start lies in a cohort for which the calendar's period `last` is over."""
    start = period_start(until.date(), question.unit)
    for _ in range(last):
        start = period_start(start - timedelta(days=1), question.unit)
    return datetime.combine(start, time.min)


def retention_rule(
    store: Store, question: Retain, slot: int, cohort: date | None, window: Window = EVERYTHING, *, came: bool = True
) -> Rule | None:
    """The rule that chooses the same users as `retention_users` (of the part ALL); None where no rule does."""
    question, window = settled(store, question, window)
    low, high = question.slots[slot]
    itself = question.back == question.start or (question.back == ANY_EVENT and question.start != "impression")
    if cohort is None or question.clock == "own" or (low == 0 and not itself):
        return None
    end = next_period(cohort, question.unit)
    first, last = _shifted(cohort, low, question), _shifted(cohort, high + 1, question)
    open_end = window.end == store.as_of()
    inside = window.start is None or window.start <= datetime.combine(cohort, time.min)
    latest = end if question.kind == "unbounded" else max(end, last)
    known = open_end or (window.end is not None and datetime.combine(latest, time.min) <= window.end)
    if not inside or not known or (question.kind == "unbounded" and not open_end):
        return None
    when = Between(first, None if question.kind == "unbounded" else last)
    again: Rule = Did(question.back, "events", window=when)
    return All((Moment("first", question.start, Between(cohort, end)), again if came else Not(again)))


def _shifted(start: date, periods: int, question: Retain) -> date:
    for _ in range(periods):
        start = next_period(start, question.unit)
    return start
