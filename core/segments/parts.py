"""What conditions are made of: comparisons, tests of a value, windows of time, filters on events."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, get_args

from core.errors import Refusal

Scalar = str | int | float | bool | date
CompareOp = Literal["at_least", "at_most", "exactly", "more_than", "less_than", "between"]
TestOp = Literal[
    "is", "is_not", "contains", "not_contains", "starts", "ends", "matches",
    "at_least", "at_most", "more_than", "less_than", "between",
    "before", "since", "after", "during", "last_days", "next_days", "anniversary_within", "in_month",
    "any_of", "all_of", "none_of",
    "missing",
]  # fmt: skip
Unit = Literal["hours", "days", "weeks", "months"]
Gap = Literal["minutes", "hours", "days", "weeks"]
Side = Literal["before", "after"]
Which = Literal["first", "last"]
ANY_EVENT = "*"
"""In place of an event word: every event but impressions, which are done to a user, not by one."""

_MOST_VALUES = 10_000
_MOST_UNITS = 100_000
_WHOLE = {"last_days": _MOST_UNITS, "next_days": _MOST_UNITS, "anniversary_within": 366, "in_month": 12}


class BadRule(Refusal):
    """A rule that cannot be asked; `path` says where in the rule ("all[1].window.days"), "" for the whole of it."""

    def __init__(self, problem: str, path: str = "", hint: str = "") -> None:
        super().__init__("bad_rule", f"{path or 'The rule'}: {problem}.", hint)
        self.problem, self.path = problem, path

    def under(self, path: str) -> BadRule:
        """The same refusal, seen from a larger rule in which this part stands at `path`."""
        return BadRule(self.problem, joined_path(path, self.path), self.hint)


def joined_path(path: str, more: str) -> str:
    """Two parts of a path as one.

    >>> joined_path("all", "[1]"), joined_path("all[1]", "window.days"), joined_path("", "not")
    ('all[1]', 'all[1].window.days', 'not')
    """
    return path + more if not path or not more or more.startswith("[") else f"{path}.{more}"


@dataclass(frozen=True)
class Compare:
    """A number held against one bound, or two (`between` takes in both ends).

    >>> Compare("between", 2, 5).holds(5), Compare("more_than", 2).holds(2)
    (True, False)
    """

    op: CompareOp
    value: float
    upper: float | None = None

    def __post_init__(self) -> None:
        one_of(self.op, get_args(CompareOp), "comparison")
        number(self.value, self.op)
        if (self.op == "between") != (self.upper is not None):
            raise BadRule("'between' takes two numbers, other comparisons one", self.op)
        if self.upper is not None and number(self.upper, self.op) < self.value:
            raise BadRule("the first number must not be above the second", self.op)

    def holds(self, x: float) -> bool:
        """Whether `x` satisfies the comparison."""
        match self.op:
            case "at_least":
                return x >= self.value
            case "at_most":
                return x <= self.value
            case "exactly":
                return x == self.value
            case "more_than":
                return x > self.value
            case "less_than":
                return x < self.value
            case _:
                return self.upper is not None and self.value <= x <= self.upper


@dataclass(frozen=True)
class Test:
    """A question about one value of a user, item or event. False where the value is missing, but for `missing`.

    Which ops a column admits depends on what it holds (core.segments.schema.OPS). Values by op: `is`, `is_not`:
    one or more, equal to any of them, letter for letter; `contains`, `not_contains`, `starts`, `ends`: one text,
    upper and lower case alike; `matches`: a regular expression (RE2) found anywhere in the text, letter for letter;
    comparisons: one number, `between` two, both included; `before`, `since` (that day or later), `after` (a later
    day): a date; `during`: two dates, the second not included; `last_days`, `next_days`: whole days before, after
    as_of; `anniversary_within`: the day of the year comes round in the N days that begin with the last day of the
    data (as_of minus an instant; 29 Feb is kept on 28 Feb in other years); `in_month`: one or more of 1 to 12;
    `any_of`, `all_of`, `none_of`: texts in a list; `missing`: true or false.
    """

    __test__ = False  # pytest would collect it by its name
    op: TestOp
    values: tuple[Scalar, ...]

    def __post_init__(self) -> None:
        one_of(self.op, get_args(TestOp), "test")
        if not 1 <= len(self.values) <= _MOST_VALUES:
            raise BadRule(f"needs from 1 to {_MOST_VALUES:,} values", self.op)
        _check_values(self.op, self.values)


@dataclass(frozen=True)
class Ever:
    """Everything before as_of, events without a time included."""


@dataclass(frozen=True)
class Last:
    """The `n` hours, days, weeks or calendar months that end at as_of."""

    n: int
    unit: Unit = "days"

    def __post_init__(self) -> None:
        one_of(self.unit, get_args(Unit), "unit")
        whole(self.n, self.unit)


@dataclass(frozen=True)
class Earlier:
    """Everything before the last `n` units: more than that long ago."""

    n: int
    unit: Unit = "days"

    def __post_init__(self) -> None:
        one_of(self.unit, get_args(Unit), "unit")
        whole(self.n, self.unit)


@dataclass(frozen=True)
class Between:
    """From the start of day `start` until the start of day `until` (not included), UTC; None = open, never both."""

    start: date | None = None
    until: date | None = None

    def __post_init__(self) -> None:
        if self.start is None and self.until is None:
            raise BadRule("needs 'from', 'until' or both")
        for key, day in (("from", self.start), ("until", self.until)):
            if day is not None:
                plain_date(day, key)
        if self.start and self.until and self.start >= self.until:
            raise BadRule("must be later than 'from'", "until", "'until' is the first day that no longer counts.")


@dataclass(frozen=True)
class Span:
    """A length of time between two events."""

    n: int
    unit: Gap = "days"

    def __post_init__(self) -> None:
        one_of(self.unit, get_args(Gap), "unit")
        whole(self.n, self.unit)


@dataclass(frozen=True)
class Filter:
    """Which events count: those whose own column, or whose item's column, passes the test."""

    of: Literal["event", "item"]
    column: str
    test: Test

    def __post_init__(self) -> None:
        one_of(self.of, ("event", "item"), "kind of column")
        text(self.column, self.of)


@dataclass(frozen=True)
class EventStep:
    """One kind of event, with filters that must all pass."""

    event: str
    where: tuple[Filter, ...] = ()

    def __post_init__(self) -> None:
        text(self.event, "event")


@dataclass(frozen=True)
class Beside:
    """Strictly before, or after, the user's own first or last event of a kind, and at most `within` from it.

    Users without such an event have no such window: every condition on it is false for them, "at most 0" too.
    """

    side: Side
    step: EventStep
    which: Which = "last"
    within: Span | None = None

    def __post_init__(self) -> None:
        one_of(self.side, get_args(Side), "side")
        one_of(self.which, get_args(Which), "event to look from")


Window = Ever | Last | Earlier | Between | Beside


# ---- checks, each raising BadRule with the path of the part it looked at


def one_of(value: object, known: Sequence[str], what: str) -> None:
    """Refuse a word that is not in `known`."""
    if not isinstance(value, str) or value not in known:
        raise BadRule(f"unknown {what} {value!r}", "", f"Known: {', '.join(known)}.")


def text(value: object, path: str, *, most: int = 1_000, empty: bool = False) -> str:
    """Refuse all but texts that can be stored: not too long, no NUL, no half characters."""
    if not isinstance(value, str):
        raise BadRule(f"must be a text, not {value!r}", path)
    if not empty and not value.strip():
        raise BadRule("must not be empty", path)
    if len(value) > most:
        raise BadRule(f"must have at most {most:,} characters", path)
    if "\0" in value or any("\ud800" <= c <= "\udfff" for c in value):
        raise BadRule("holds a character that cannot be stored", path)
    return value


def number(value: object, path: str) -> float:
    """Refuse all but finite numbers of a size that counts and money can have."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadRule(f"must be a number, not {value!r}", path)
    if not math.isfinite(value) or abs(value) > 1e15:
        raise BadRule("must be a number between -1e15 and 1e15", path)
    return value


def whole(value: object, path: str, *, most: int = _MOST_UNITS) -> int:
    """Refuse all but whole numbers from 1 to `most`."""
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
        raise BadRule(f"must be a whole number from 1 to {most:,}, not {value!r}", path)
    return value


def share(value: object, path: str) -> float:
    """Refuse all but shares above 0 and up to 1."""
    if not 0 < number(value, path) <= 1:
        raise BadRule(f"must be a share above 0 and at most 1, not {value!r}", path, "10 % is 0.1.")
    return float(number(value, path))


def plain_date(value: object, path: str) -> date:
    """Refuse all but dates without a time of day."""
    if not isinstance(value, date) or isinstance(value, datetime):
        raise BadRule(f"must be a date, not {value!r}", path)
    return value


def _check_values(op: str, values: tuple[Scalar, ...]) -> None:
    wanted = {"between": 2, "during": 2}.get(op, 1)
    if op not in ("is", "is_not", "any_of", "all_of", "none_of", "in_month") and len(values) != wanted:
        raise BadRule(f"takes {wanted} value{'s' if wanted > 1 else ''}, not {len(values)}", op)
    for value in values:
        if op in ("contains", "not_contains", "starts", "ends", "matches", "any_of", "all_of", "none_of"):
            text(value, op)
        elif op in ("at_least", "at_most", "more_than", "less_than", "between"):
            number(value, op)
        elif op in ("before", "since", "after", "during"):
            plain_date(value, op)
        elif op in _WHOLE:
            whole(value, op, most=_WHOLE[op])
        elif op == "missing":
            if not isinstance(value, bool):
                raise BadRule("must be true or false", op)
        elif isinstance(value, str):
            text(value, op, empty=True)
        elif not isinstance(value, bool):
            number(value, op)
    if (
        op in ("is", "is_not")
        and len({str if isinstance(v, str) else bool if isinstance(v, bool) else float for v in values}) > 1
    ):
        raise BadRule("the values must be of one kind", op)
    if wanted == 2 and (values[0] > values[1] or (op == "during" and values[0] == values[1])):  # type: ignore[operator]
        raise BadRule("the first must be below the second", op)
