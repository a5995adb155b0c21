"""Quality, in words: levels, key figures, columns of examples, methods and conditions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from core.quality import Applied, Compared, Figures, FillMethod, Finding, Level, compare
from pages._ui import format as fmt

LEVELS: dict[Level, str] = {
    "serious": "Makes figures wrong",
    "look": "May make figures wrong",
    "note": "Good to know",
}
"""What each level is called."""

NAMES = {
    "events": "Events",
    "users": "Users",
    "items": "Items",
    "buyers": "Buyers",
    "orders": "Orders",
    "revenue": "Net revenue",
    "gross": "Purchases",
    "returned": "Returns",
}
MEANINGS = {
    "events": "All events that count, one for each thing that happened, whenever it was.",
    "users": "Different users with at least one event.",
    "orders": "Purchases with the same order number of one user; without a number, those of one day.",
    "revenue": "Value of purchases less that of returns, in the file's currency.",
}
_MONEY = frozenset({"revenue", "gross", "returned"})

HEADS = {
    "at": "Time (UTC)",
    "time": "Time (UTC)",
    "count": "Found",
    "low": "Lowest expected",
    "high": "Highest expected",
    "ratio": "Times the expected",
    "why": "What speaks for it",
    "looks": "Looks at items",
    "money": "Net revenue",
    "from": "First day",
    "to": "Last day",
    "kept": "Part of",
    "events_of_kept": "Its events",
    "usual from": "Usual taken from",
    "message": "Why",
    "score": "How odd (0 to 1)",
}
"""Key of an example -> heading, where it is not the key itself."""
_HIDDEN = frozenset({"event_no", "user_no", "item_no"})

METHODS: dict[FillMethod, str] = {
    "constant": "a value of my own",
    "mean": "the mean",
    "median": "the median",
    "mode": "the most frequent value",
    "interpolate": "values between those before and after in time",
    "neighbours": "the mean of the rows that are most alike",
    "iterative": "what a model says from the other columns",
}
OPS = {
    "missing": "has no value",
    "present": "has a value",
    "=": "is",
    "!=": "is known and is not",
    "<": "is below",
    "<=": "is at most",
    ">": "is above",
    ">=": "is at least",
    "between": "is from ... to",
    "in": "is one of",
    "contains": "contains",
    "matches": "matches the pattern",
}
COLUMNS = {"at_utc": "time", "order_id": "order", "user_id": "id", "item_id": "id", "dwell": "dwell time"}
LIMITS = {
    "signs": "Signs that must agree",
    "hints": "Hints that must agree",
    "far": "How far from the usual, in spreads",
    "limit": "How far from the usual, in robust spreads",
    "least": "Looks at items that a user must have",
    "orders": "Orders that a user must have",
    "within_hours": "Hours until the cancellation",
    "most": "At most so many",
}


def column_word(column: str) -> str:
    """What a column is called."""
    return COLUMNS.get(column, column)


def amount(name: str, value: float) -> str:
    """A key figure as it is written."""
    return fmt.money(value) if name in _MONEY else fmt.number(value)


def signed(name: str, value: float) -> str:
    """A change of a key figure, with its sign.

    >>> signed("events", -12505), signed("revenue", 3.5), signed("users", 0)
    ('-12,505', '+3.50', 'none')
    """
    return "none" if not value else ("+" if value > 0 else "") + amount(name, value)


def change(one: Compared) -> str:
    """A change of a key figure, with its share of what was before."""
    share = "" if not one.change or one.share is None else fmt.delta(one.after, one.before) or ""
    share = "under 0.1 %" if share[1:] == "0.0 %" else share
    return signed(one.name, one.change) + (f" ({share})" if share else "")


def compared(
    before: Figures, after: Figures, heads: tuple[str, str], names: Sequence[str] = tuple(NAMES)
) -> dict[str, list[str]]:
    """The key figures in two states side by side, as a table."""
    rows = [one for one in compare(before, after) if one.name in names]
    return {
        "Key figure": [NAMES[one.name] for one in rows],
        heads[0]: [amount(one.name, one.before) for one in rows],
        heads[1]: [amount(one.name, one.after) for one in rows],
        "Change": [change(one) for one in rows],
    }


def touched(done: Applied) -> str:
    """What a repair touches, as a sentence without its full stop."""
    parts = [
        fmt.count(done.rows, "event") if done.rows else "",
        fmt.count(done.users, "user") if done.users else "",
        fmt.count(done.items, "item") if done.items else "",
        f"{fmt.count(done.cells, 'value')} filled or held" if done.cells else "",
    ]
    said = ", ".join(part for part in parts if part)
    return f"It touches {said}" if said else "It touches nothing: no row fits the rule now"


def counted(finding: Finding) -> str:
    """How many, with what is counted."""
    one = {"rows": "row", "days": "day", "columns": "column"}.get(finding.scope, finding.scope[:-1])
    return fmt.count(finding.count, one)


def table_of(examples: Sequence[Mapping[str, Any]]) -> dict[str, list[str]]:
    """Examples as a table with headings for people."""
    keys = [key for key in dict.fromkeys(key for row in examples for key in row) if key not in _HIDDEN]
    return {head(key): [cell(row.get(key)) for row in examples] for key in keys}


def head(key: str) -> str:
    """The heading of a column of examples."""
    text = key.replace("_", " ")
    return HEADS.get(key, text[:1].upper() + text[1:])


def cell(value: Any) -> str:
    """A value of an example as it is written."""
    if value is None or value == "":
        return fmt.NONE
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return fmt.number(value)
    if isinstance(value, float):
        return fmt.number(value) if value == int(value) else f"{value:,.2f}"
    if isinstance(value, list | tuple):
        return ", ".join(cell(one) for one in value)
    text = str(value)
    return text.replace("T", " ") if len(text) == 19 and text[10] == "T" else text
