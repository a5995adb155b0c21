"""The workspace's tables as explanations need them: who and what is meant, what it is called, up to when.

The definitions are those of core.behaviour (tests compare the two): an order is a user's order_id, or else all that
the user bought on one day (UTC); sums are net of returns; impressions are done to a user and are no activity.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Literal, TypeVar, cast
from weakref import WeakKeyDictionary

from core.errors import Refusal
from core.explain.words import number, one_line
from core.store import NAMES, Query, Store, ident

Table = Literal["users", "items"]
Made = TypeVar("Made")

ACTS = "event <> 'impression'"
IS_TRADE = "event IN ('purchase', 'return')"
IS_ORDER = "event = 'purchase' AND (user_no IS NOT NULL OR order_id IS NOT NULL)"
ORDER_KEY = "user_no, order_id, CASE WHEN order_id IS NULL THEN CAST(at_utc AS DATE) END"
NET_UNITS = "sum(coalesce(quantity, CASE event WHEN 'return' THEN -1 ELSE 1 END))"
# over the purchases and returns of one user and one item
KEPT = f"bool_or(event = 'purchase') AND NOT (bool_or(event = 'return') AND {NET_UNITS} <= 0)"

_KEPT_ANSWERS = 32
_answers: WeakKeyDictionary[Store, tuple[int, dict[Hashable, Any]]] = WeakKeyDictionary()


def end_of(store: Store, until: datetime | None) -> datetime | None:
    """The end of the events that count (UTC, not included), never past the end of the data; None without times.

    Raises Refusal `no_times` where a time is asked of data without times.
    """
    last = store.as_of()
    if until is not None and until.tzinfo is not None:
        until = until.astimezone(UTC).replace(tzinfo=None)
    if last is None and until is not None:
        raise Refusal("no_times", "These events carry no time, so no date can be chosen.", "Look at all the data.")
    return last if until is None or last is None else min(until, last)


def before(end: datetime | None) -> Query:
    """The condition on events, ` AND ` before it; events without a time always count."""
    return Query("") if end is None else Query(" AND (at_utc < ? OR at_utc IS NULL)", (end,))


def number_of(store: Store, table: Table, raw: str) -> int:
    """The user_no or item_no of a raw id. Raises Refusal `unknown_user` or `unknown_item`."""
    what = table[:-1]
    found = store.rows(Query(f"SELECT {what}_no AS no FROM {table} WHERE {what}_id = ?", (clean(raw),)))
    if not found:
        raise Refusal(
            f"unknown_{what}",
            f"These data have no {what} {raw!r}.",
            f"Check how the id is written (upper and lower case, leading zeros), or search for the {what}.",
        )
    return int(found[0]["no"])


def clean(text: str) -> str:
    """`text` as the workspace can take it: half characters (lone surrogates) become question marks."""
    return text.encode("utf-8", "replace").decode("utf-8")


def own_columns(store: Store, table: Table) -> dict[str, tuple[str, str]]:
    """Column -> (role, type) of the analyst's own columns, in order of loading; contact and consent are left out.

    What a person can be reached by, and what they agreed to, is for the campaign's gates alone.
    """
    query = Query(
        "SELECT d.column_name, d.data_type, coalesce(c.role, 'attribute') AS role FROM duckdb_columns() d "
        "LEFT JOIN columns c USING (table_name, column_name) "
        "WHERE d.schema_name = 'main' AND d.table_name = ? AND d.column_name NOT IN (?, ?) "
        "AND coalesce(c.role, '') NOT IN ('contact', 'consent') ORDER BY d.column_index",
        (table, f"{table[:-1]}_no", f"{table[:-1]}_id"),
    )
    rows = remembered(store, ("columns", table), lambda: store.rows(query))
    return {str(row["column_name"]): (str(row["role"]), str(row["data_type"])) for row in rows}


def own_values(store: Store, table: Table, no: int) -> tuple[tuple[str, str], ...]:
    """(column, value as text) of one user or item, those with a value; without the title."""
    columns = [name for name, (role, _) in own_columns(store, table).items() if role != "title"]
    if not columns:
        return ()
    cells = ", ".join(f"{ident(name)} AS c{n}" for n, name in enumerate(columns))
    row = store.rows(Query(f"SELECT {cells} FROM {table} WHERE {table[:-1]}_no = ?", (no,)))[0]
    told = ((name, as_text(row[f"c{n}"])) for n, name in enumerate(columns))
    return tuple((name, text) for name, text in told if text)


def as_text(value: object) -> str:
    """A cell in words; "" where it is missing.

    >>> as_text(True), as_text(1990.0), as_text(["a", "b"]), as_text(datetime(2021, 8, 24)), as_text(None)
    ('yes', '1990', 'a, b', '2021-08-24', '')
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(text for text in map(as_text, value) if text)
    if isinstance(value, datetime) and value.time() != datetime.min.time():
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, datetime | date):
        return f"{value:%Y-%m-%d}"
    if isinstance(value, float | Decimal):
        return number(float(value))
    return str(value).strip()


def category_column(store: Store) -> str | None:
    """The items' category column; the first loaded where there are several; None where there is none."""
    found = [name for name, (role, _) in own_columns(store, "items").items() if role == "category"]
    return found[0] if found else None


def pairs(store: Store, table: Table, column: str) -> str:
    """SQL of the (no, value) pairs of a column of users or items; a column of lists gives a pair for each entry."""
    kind, name = own_columns(store, table)[column][1], ident(column)
    value = f"unnest(CAST({name} AS VARCHAR[]))" if kind.endswith("[]") else f"CAST({name} AS VARCHAR)"
    no = f"{table[:-1]}_no"
    return f"SELECT DISTINCT {no}, value FROM (SELECT {no}, {value} AS value FROM {table}) WHERE trim(value) <> ''"


def title(store: Store) -> str:
    """SQL over items: what an item is called: its title where there is one, else its id."""
    columns = sorted(name for name, (role, _) in own_columns(store, "items").items() if role == "title")
    titles = [f"nullif(trim(CAST(items.{ident(name)} AS VARCHAR)), '')" for name in columns]
    return f"coalesce({', '.join([*titles, 'items.item_id'])})"


def item_labels(store: Store, item_nos: Iterable[int]) -> dict[int, str]:
    """item_no -> what people call the item, on one line."""
    wanted = sorted({int(no) for no in item_nos})
    if not wanted:
        return {}
    marks = ", ".join("?" * len(wanted))
    query = Query(f"SELECT item_no, {title(store)} AS label FROM items WHERE item_no IN ({marks})", tuple(wanted))
    return {int(row["item_no"]): one_line(str(row["label"])) for row in store.rows(query)}


def words(store: Store) -> tuple[str, ...]:
    """The event words in the data: the vocabulary's in its order, then the analyst's own by name."""
    rows = remembered(store, "words", lambda: store.rows(Query("SELECT DISTINCT event FROM events")))
    return in_order(str(row["event"]) for row in rows)


def in_order(found: Iterable[str]) -> tuple[str, ...]:
    """Event words in the vocabulary's order, then the others by name."""
    rank = {name: place for place, name in enumerate(NAMES)}
    return tuple(sorted(found, key=lambda event: (rank.get(event, len(rank)), event)))


def remembered(store: Store, key: Hashable, make: Callable[[], Made]) -> Made:
    """What `make` gives, kept while the data stay as they are: what "usual" means is asked for with every portrait."""
    version, answers = _answers.get(store, (-1, {}))
    if version != store.version or len(answers) > _KEPT_ANSWERS:
        version, answers = store.version, {}
        _answers[store] = (version, answers)
    if key not in answers:
        answers[key] = make()
    return cast(Made, answers[key])
