"""Tests of one value, windows and filters as SQL conditions. Values are always parameters."""

from __future__ import annotations

from calendar import isleap, monthrange
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from core.segments.parts import (
    ANY_EVENT,
    BadRule,
    Beside,
    Between,
    Earlier,
    EventStep,
    Ever,
    Filter,
    Last,
    Scalar,
    Span,
    Test,
    Window,
    joined_path,
)
from core.segments.schema import OPS, ColumnKind, Schema
from core.store import Query, ident, joined, pattern_problem

_SYMBOLS = {
    "at_least": ">=", "at_most": "<=", "exactly": "=", "more_than": ">", "less_than": "<",
    "before": "<", "since": ">=",
}  # fmt: skip
_TEXTS = {"contains": "contains", "not_contains": "NOT contains", "starts": "starts_with", "ends": "ends_with"}
_LISTS = {"any_of": "list_has_any", "all_of": "list_has_all", "none_of": "NOT list_has_any"}


@dataclass(frozen=True)
class Setting:
    """What a rule is compiled against: the workspace's schema, the end of the data it sees, segments being opened."""

    schema: Schema
    as_of: datetime | None
    inside: tuple[str, ...] = field(default=())

    def end(self, path: str, what: str) -> datetime:
        """as_of, for conditions that depend on time. Raises BadRule where the data have no times."""
        if self.as_of is None:
            raise BadRule(f"{what} needs event times, and these data have none", path, 'Use the window "ever".')
        return self.as_of


def column_test(of: str, column: str, sql: str, test: Test, setting: Setting, path: str) -> Query:
    """A condition on the value `sql`; true, false, or NULL where the value is missing.

    Raises BadRule where the column does not exist, or holds a kind of value that does not admit the test.
    """
    kind = setting.schema.kind(of, column, joined_path(path, {"user": "prop"}.get(of, of)))  # type: ignore[arg-type]
    here = joined_path(path, f"test.{test.op}")
    if test.op not in OPS[kind]:
        raise BadRule(
            f"column {column!r} holds {_HOLDS[kind]}", here, f"It can be tested with: {', '.join(OPS[kind])}."
        )
    if test.op in {"is", "is_not"}:
        _check_kind(kind, column, test.values, here)
    return _condition(sql, kind, test, setting, here)


def _condition(  # noqa: PLR0911  # one answer a kind of test
    sql: str, kind: ColumnKind, test: Test, setting: Setting, path: str
) -> Query:
    first = test.values[0]
    match test.op:
        case "missing":
            return Query(f"{sql} IS {'' if first else 'NOT '}NULL")
        case "is" | "is_not":
            return Query(f"{sql} {'NOT ' if test.op == 'is_not' else ''}IN ({marks(test.values)})", test.values)
        case "contains" | "not_contains" | "starts" | "ends":
            return Query(f"{_TEXTS[test.op]}(lower({sql}), lower(?))", test.values)
        case "any_of" | "all_of" | "none_of":
            return Query(f"{_LISTS[test.op]}({sql}, [{marks(test.values)}])", test.values)
        case "during":
            return Query(f"({sql} >= ? AND {sql} < ?)", test.values)
        case "last_days":
            end = setting.end(path, "counting back days")
            return Query(f"({sql} >= ? AND {sql} < ?)", (back(end, int(str(first)), "days"), end))
        case "next_days":
            return _next_days(sql, int(str(first)), setting.end(path, "counting days ahead"))
        case "after":  # the day after is made in SQL, where the year may pass 9999
            return Query(f"{sql} >= ?::DATE + 1", test.values)
        case "anniversary_within":
            return _anniversary(sql, int(str(first)), setting.end(path, "an anniversary"))
        case "in_month":
            return Query(f"month({sql}) IN ({marks(test.values)})", test.values)
        case "matches":
            return _matches(sql, str(first), path)
        case _:
            return compared(sql, test.op, test.values)


def _next_days(sql: str, n: int, end: datetime) -> Query:
    try:
        return Query(f"({sql} >= ? AND {sql} < ?)", (end, end + timedelta(days=n)))
    except OverflowError:
        return Query(f"{sql} >= ?", (end,))


def _anniversary(sql: str, n: int, end: datetime) -> Query:
    """The month and day, as a number such as 1231, within those of the first and the last of the `n` days."""
    if n >= 366:
        return Query(f"{sql} IS NOT NULL")
    first = (end - timedelta(microseconds=1) if end > datetime.min else end).date()
    if first.year > 9000:
        first = first.replace(year=first.year - 400)  # the calendar repeats, and Python's ends at 9999
    last = first + timedelta(days=n - 1)
    begin, until = first.month * 100 + first.day, last.month * 100 + last.day
    if until == 228 and not isleap(last.year):
        until = 229  # 29 Feb is kept on that day
    word = "AND" if begin <= until else "OR"  # a stretch over the turn of the year
    day = f"month({sql}) * 100 + day({sql})"
    return Query(f"({day} >= ? {word} {day} <= ?)", (begin, until))


def _matches(sql: str, pattern: str, path: str) -> Query:
    problem = pattern_problem(pattern)
    if problem is not None:
        hint = "Put a backslash before a character that stands for itself."
        raise BadRule(f"is not a regular expression: {problem}", path, hint)
    return Query(f"regexp_matches({sql}, ?)", (pattern,))


_HOLDS: dict[ColumnKind, str] = {
    "text": "texts", "number": "numbers", "date": "dates", "boolean": "true or false", "list": "lists of texts",
}  # fmt: skip


def _check_kind(kind: ColumnKind, column: str, values: Sequence[Scalar], path: str) -> None:
    found: ColumnKind = "text" if isinstance(values[0], str) else "boolean" if isinstance(values[0], bool) else "number"
    if found != kind:
        hint = f'Write "{values[0]}" in quotes.' if kind == "text" else ""
        raise BadRule(f"column {column!r} holds {_HOLDS[kind]}, not {values[0]!r}", path, hint)


def marks(values: Sequence[Scalar]) -> str:
    """As many parameter marks as values.

    >>> marks(("a", "b"))
    '?, ?'
    """
    return ", ".join("?" for _ in values)


def compared(sql: str, op: str, values: Sequence[Scalar | Decimal]) -> Query:
    """A number or date held against one bound, or between two."""
    return Query(f"{sql} BETWEEN ? AND ?" if op == "between" else f"{sql} {_SYMBOLS[op]} ?", tuple(values))


def bounds(window: Window, as_of: datetime) -> tuple[datetime, datetime]:
    """The half-open stretch [start, end) of a window, never past `as_of`; UTC. Beside, each user's own, is refused.

    >>> bounds(Last(1, "months"), datetime(2011, 3, 31, 12))
    (datetime.datetime(2011, 2, 28, 12, 0), datetime.datetime(2011, 3, 31, 12, 0))
    """
    refuse_beside(window, "window")
    match window:
        case Last(n, unit):
            return back(as_of, n, unit), as_of
        case Earlier(n, unit):
            return datetime.min, back(as_of, n, unit)
        case Between(start, until):
            return _midnight(start, datetime.min), min(_midnight(until, as_of), as_of)
        case _:
            return datetime.min, as_of


def refuse_beside(window: Window, path: str) -> None:
    """Refuse a window before or after a user's own event, in conditions that have no use for it."""
    if isinstance(window, Beside):
        raise BadRule(
            f"a window {window.side} an event is not possible here", path, "It is in conditions of 'did' and 'top'."
        )


def window_condition(window: Window, setting: Setting, path: str) -> Query:
    """The condition on events `e`, ` AND ` before it; empty where every event counts.

    `Ever` lets in events without a time; other windows do not, and raise BadRule where no event has one.
    """
    refuse_beside(window, path)
    if isinstance(window, Ever):
        if setting.as_of is None:
            return Query("")
        return Query(" AND (e.at_utc < ? OR e.at_utc IS NULL)", (setting.as_of,))
    start, end = bounds(window, setting.end(path, "a window of time"))
    if start == datetime.min:
        return Query(" AND e.at_utc < ?", (end,))
    return Query(" AND e.at_utc >= ? AND e.at_utc < ?", (start, end))


def filters(where: Sequence[Filter], setting: Setting, path: str, of: str = "") -> Query:
    """The conditions on events `e` that all filters set, ` AND ` before each; empty without filters.

    `of`: only those of the event, or of the item.
    """
    asked = ((n, part) for n, part in enumerate(where) if of in ("", part.of))
    parts = (_filter(part, setting, joined_path(path, f"where[{n}]")) for n, part in asked)
    return joined("", [Query(" AND ") + part for part in parts])


def _filter(part: Filter, setting: Setting, path: str) -> Query:
    sql = f"{'e' if part.of == 'event' else 'i'}.{ident(part.column)}"
    test = column_test(part.of, part.column, sql, part.test, setting, path)
    if part.of == "event":
        return test
    return Query("e.item_no IN (SELECT i.item_no FROM items i WHERE ") + test + ")"


def event_condition(event: str, setting: Setting, path: str, *, net: bool = False) -> Query:
    """The condition on events `e` that they are of one kind; with `net`, purchases together with their returns."""
    setting.schema.check_word(event, path)
    if event == ANY_EVENT:
        return Query("e.event <> 'impression'")
    if net and event == "purchase":
        return Query("e.event IN ('purchase', 'return')")
    return Query("e.event = ?", (event,))


def step_condition(step: EventStep, setting: Setting, path: str) -> Query:
    """The condition on events `e` that they are the step's."""
    return event_condition(step.event, setting, joined_path(path, "event")) + filters(step.where, setting, path)


def back(as_of: datetime, n: int, unit: str) -> datetime:
    """So many units (calendar months clipped to the month's end) before `as_of`."""
    try:
        if unit != "months":
            return as_of - timedelta(**{unit: n})
        year, month = divmod(as_of.year * 12 + as_of.month - 1 - n, 12)
        return as_of.replace(year=year, month=month + 1, day=min(as_of.day, monthrange(year, month + 1)[1]))
    except (OverflowError, ValueError):
        return datetime.min


def seconds(span: Span) -> int:
    """How long it is."""
    return {"minutes": 60, "hours": 3600, "days": 86400, "weeks": 604800}[span.unit] * span.n


def _midnight(day: date | None, otherwise: datetime) -> datetime:
    return otherwise if day is None else datetime.combine(day, time())
