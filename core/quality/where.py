"""Rows by the analyst's own condition on one column: checked against the column's type, and said in words."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc

from core.errors import Refusal
from core.quality import said
from core.quality.asked_column import Column, ValueType, column_of
from core.quality.types import KEY, Asked, Kind, Param, Selection
from core.store import Query
from core.store.query import Value

_ORDER = ("=", "!=", "<", "<=", ">", ">=", "between", "in")
OPS: dict[ValueType, tuple[str, ...]] = {
    "number": ("missing", "present", *_ORDER),
    "time": ("missing", "present", *_ORDER),
    "text": ("missing", "present", "=", "!=", "in", "contains", "matches"),
    "yes_no": ("missing", "present", "=", "!="),
    "list": ("missing", "present", "in", "contains", "matches"),
}
"""What can be asked of each kind of column. A missing value fulfils nothing but `missing`."""

_SAID = {
    "missing": "{column} is missing", "present": "{column} is known", "=": "{column} is {value}",
    "!=": "{column} is known and not {value}", "<": "{column} is below {value}", "<=": "{column} is at most {value}",
    ">": "{column} is above {value}", ">=": "{column} is at least {value}", "between": "{column} is from {value}",
    "in": "{column} is {value}", "contains": "{column} contains {value}",
    "matches": "{column} matches the pattern {value}",
}  # fmt: skip
_SAID_OF_TIMES = {
    "=": "{column} is on {value}", "<": "{column} is before {value}", "<=": "{column} is {value} or before",
    ">": "{column} is after {value}", ">=": "{column} is {value} or after",
}  # fmt: skip
_TYPE_SAID = {"number": "numbers", "time": "times", "text": "text", "yes_no": "yes or no", "list": "lists"}


def condition(asked: Asked, params: Mapping[str, Param]) -> Query:
    """The SQL of a condition, over the columns of its table.

    `params`: table, column, op (see OPS), value: text or a number for a comparison, two values for `between` (both
    ends included), one or more for `in` and none for `missing` and `present`. A day without a time of day means that
    whole day, in UTC. `contains` is about a part of the text in any case, and of lists about a whole entry; `matches`
    is a regular expression (RE2), found anywhere in the text.

    Raises Refusal `no_such_column`, `bad_condition`.
    """
    column = column_of(asked, params["table"], params["column"])
    op, values = _op(column, params["op"]), _values(params["value"])
    _check_number_of(op, values, column)
    if op in ("missing", "present"):
        return Query(column.missing if op == "missing" else f"NOT ({column.missing})")
    if column.table == "events" and column.name in ("user", "item"):  # their ids stand in a table of their own
        table, number = f"{column.name}s", f"{column.name}_no"
        inner = _TESTS["text"](f"{column.name}_id", op, values)
        return Query(f"{number} IN (SELECT {number} FROM {table} WHERE ") + inner + ")"
    return _TESTS[column.type](column.sql, op, values)


def in_words(selection: Selection) -> str:
    """What a `where` selection means, for people.

    >>> in_words(Selection.of("where", table="events", column="quantity", op=">=", value=5))
    'events whose quantity is at least 5'
    """
    table, column, op = (str(selection.get(name)) for name in ("table", "column", "op"))
    values = [_shown(value) for value in _values(selection.get("value"))]
    value = said.listed(values, "to" if op == "between" else "or")
    as_time = column == "at_utc" and op in _SAID_OF_TIMES
    told = (_SAID_OF_TIMES if as_time else _SAID).get(op, "{column} " + op + " {value}")
    name = {"at_utc": "time", "order_id": "order", "user_id": "id", "item_id": "id"}.get(column, column)
    return f"{table} whose {told.format(column=name, value=value)}"


# ---- inside


def _choose(asked: Asked, params: Mapping[str, Param]) -> Query:
    test = condition(asked, params)
    table = column_of(asked, params["table"], params["column"]).table
    return Query(f"SELECT {KEY[table]} FROM {table} WHERE ") + test


def _op(column: Column, op: Param) -> str:
    known = OPS[column.type]
    if op not in known:
        raise Refusal(
            "bad_condition",
            f"{column.name!r} holds {_TYPE_SAID[column.type]}: {op!r} cannot be asked of it.",
            f"Use one of: {', '.join(known)}.",
        )
    return str(op)


def _values(value: Param) -> tuple[str | float | int | bool, ...]:
    if value is None:
        return ()
    return value if isinstance(value, tuple) else (value,)


def _check_number_of(op: str, values: tuple[object, ...], column: Column) -> None:
    wanted = {"missing": 0, "present": 0, "between": 2, "in": max(len(values), 1)}.get(op, 1)
    if len(values) != wanted:
        needs = {0: "no value", 1: "one value", 2: "two values"}[min(wanted, 2)]
        raise Refusal(
            "bad_condition",
            f"{op!r} of {column.name!r} takes {needs}, not {len(values)}.",
            "Give the lower and the upper limit." if op == "between" else "",
        )


def _numbers(sql: str, op: str, values: tuple[str | float | int | bool, ...]) -> Query:
    return _compared(sql, op, tuple(_number(value) for value in values))


def _compared(sql: str, op: str, values: tuple[Value, ...]) -> Query:
    if op == "between":
        return Query(f"{sql} BETWEEN ? AND ?", values)
    if op == "in":
        return Query(f"{sql} IN ({', '.join('?' * len(values))})", values)
    return Query(f"{sql} {op.replace('!=', '<>')} ?", values)


def _number(value: object) -> float:
    try:
        read = math.nan if isinstance(value, bool) else float(str(value))
    except ValueError:
        read = math.nan
    if not math.isfinite(read):
        raise Refusal("bad_condition", f"{value!r} is not a number.", "Write it as 1234.5, with a point.")
    return read


def _times(sql: str, op: str, values: tuple[str | float | int | bool, ...]) -> Query:
    """Compared with spans [from, until) of time: a whole day, or the one moment given."""
    spans = [_span(value) for value in values]
    if op == "in":
        tests = [f"({sql} >= ? AND {sql} < ?)" for _ in spans]
        return Query(f"({' OR '.join(tests)})", tuple(at for span in spans for at in span))
    start, end = spans[0][0], spans[-1][1]
    if op in ("=", "between"):
        return Query(f"({sql} >= ? AND {sql} < ?)", (start, end))
    if op == "!=":
        return Query(f"({sql} < ? OR {sql} >= ?)", (start, end))
    sign, at = {"<": ("<", start), ">=": (">=", start), "<=": ("<", end), ">": (">=", end)}[op]
    return Query(f"{sql} {sign} ?", (at,))


def _span(value: object) -> tuple[datetime, datetime]:
    text = str(value).strip()
    try:
        at = datetime.fromisoformat(text)
        at = at.astimezone(UTC).replace(tzinfo=None) if at.tzinfo else at
        return at, at + (timedelta(days=1) if len(text) <= 10 else timedelta(microseconds=1))
    except (ValueError, OverflowError):
        hint = "Write it as 2026-01-31 or 2026-01-31 14:05, in UTC."
        raise Refusal("bad_condition", f"{value!r} is not a time.", hint) from None


def _texts(sql: str, op: str, values: tuple[str | float | int | bool, ...]) -> Query:
    texts = tuple(_text(value) for value in values)
    if op == "contains":
        return Query(f"contains(lower({sql}), lower(?))", texts)
    if op == "matches":
        return Query(f"regexp_matches({sql}, ?)", (_pattern(texts[0]),))
    return _compared(sql, op, texts)


def _pattern(text: str) -> str:
    """A regular expression that DuckDB can read: Arrow reads them by the same rules (RE2)."""
    try:
        pc.match_substring_regex(pa.array([""]), text)
    except pa.ArrowInvalid as error:
        why = str(error).removeprefix("Invalid regular expression: ")
        raise Refusal(
            "bad_condition",
            f"{text!r} is not a pattern that can be read: {why}.",
            "Patterns are regular expressions (RE2): ^C[0-9]+$ means a C and then digits only.",
        ) from None
    return text


def _yes_no(sql: str, op: str, values: tuple[str | float | int | bool, ...]) -> Query:
    word = str(values[0]).strip().lower()
    if word not in ("yes", "true", "1", "no", "false", "0"):
        raise Refusal("bad_condition", f"{values[0]!r} is neither yes nor no.", "Write yes or no.")
    return _compared(sql, op, (word in ("yes", "true", "1"),))


def _lists(sql: str, op: str, values: tuple[str | float | int | bool, ...]) -> Query:
    texts = tuple(_text(value) for value in values)
    if op == "matches":
        found = f"regexp_matches(array_to_string({sql}, chr(10)), ?)"  # one entry a line
        return Query(found, (f"(?m){_pattern(texts[0])}",))
    tests = [f"list_contains({sql}, ?)" for _ in texts]
    return Query(f"({' OR '.join(tests)})", texts)


_TESTS: dict[ValueType, Callable[[str, str, tuple[str | float | int | bool, ...]], Query]] = {
    "number": _numbers,
    "time": _times,
    "text": _texts,
    "yes_no": _yes_no,
    "list": _lists,
}


def _text(value: object) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return said.number(value) if isinstance(value, int | float) and math.isfinite(value) else str(value)


KINDS: tuple[Kind, ...] = (
    Kind(
        "where",
        None,
        "rows by a condition of your own",
        {"table": None, "column": None, "op": None, "value": None},
        _choose,
    ),
)
