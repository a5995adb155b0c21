"""What the workspace says about an audience question: who took what before and after the cut, and the yardsticks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import numpy as np

from core.errors import Refusal
from core.interactions import Array, Interactions, MatrixSpec
from core.store import Query, Store, ident, joined

Pairs = tuple[Array, Array]
"""Two int64 arrays of equal length: rows of the matrix, and a number each."""


def taking_words(store: Store, event: str | None, matrix: MatrixSpec) -> tuple[str, ...]:
    """The events that count as taking an item. Raises Refusal `no_such_event`, `no_interactions`."""
    known = [str(row["event"]) for row in store.rows(Query("SELECT DISTINCT event FROM events ORDER BY event"))]
    if event is None and "purchase" in known:
        return ("purchase",)
    if event is None:
        return tuple(word for word in known if matrix.weight(word) > 0)
    if event not in known or event == "return":
        raise Refusal(
            "no_such_event", f"There are no events {event!r} that users could take an item by.", _one_of(known)
        )
    return (event,)


def category_column(store: Store, name: str | None) -> tuple[str, str] | None:
    """The column of items that says what category they are in, and SQL that yields its (item_no, category) pairs.

    Without a name, the first that was loaded as a category; None where there is none. A column of lists yields a pair
    for each entry. Raises Refusal `no_such_column`.
    """
    rows = store.rows(
        Query(
            "SELECT c.column_name, c.role, d.data_type FROM columns c JOIN duckdb_columns() d"
            " USING (table_name, column_name) WHERE d.schema_name = 'main' AND c.table_name = 'items'"
            " ORDER BY d.column_index"
        )
    )
    wanted = [row for row in rows if (row["role"] == "category" if name is None else row["column_name"] == name)]
    if name is not None and not wanted:
        known = [str(row["column_name"]) for row in rows]
        raise Refusal("no_such_column", f"Items have no column {name!r}.", _one_of(known))
    if not wanted:
        return None
    cell = ident(str(wanted[0]["column_name"]))
    several = str(wanted[0]["data_type"]).endswith("[]")
    value = f"unnest(CAST({cell} AS VARCHAR[]))" if several else f"CAST({cell} AS VARCHAR)"
    pairs = f"SELECT DISTINCT item_no, trim({value}) AS category FROM items"
    return str(wanted[0]["column_name"]), f"SELECT * FROM ({pairs}) WHERE category <> ''"


def item_categories(store: Store, pairs: str) -> tuple[Array, Array, list[str]]:
    """item_no int64 (n,), category int64 (n,) as places in the list of all categories, by alphabet."""
    table = store.read(Query(f"SELECT item_no, category FROM ({pairs}) ORDER BY category, item_no"))
    names, places = np.unique(np.asarray(table["category"].to_pylist(), dtype=object), return_inverse=True)
    return table["item_no"].to_numpy().astype(np.int64), places.astype(np.int64), [str(name) for name in names]


def takers(store: Store, words: Sequence[str], since: datetime | None, until: datetime) -> Pairs:
    """user_no and item_no of those who took an item in [since, until), each pair once.

    Bought and, within the same time, wholly returned does not count.
    """
    net = "purchase" in words
    begin = Query("") if since is None else Query(" AND at_utc >= ?", (since,))
    units = "sum(coalesce(quantity, CASE event WHEN 'return' THEN -1 ELSE 1 END)) FILTER"
    table = store.read(
        Query("SELECT user_no, item_no FROM events WHERE user_no IS NOT NULL AND item_no IS NOT NULL AND ")
        + _is([*words, "return"] if net else words)
        + Query(" AND at_utc < ?", (until,))
        + begin
        + " GROUP BY user_no, item_no HAVING bool_or(event <> 'return') AND NOT (bool_or(event = 'return') AND "
        + f"coalesce({units} (event IN ('purchase', 'return')), 0) <= 0) ORDER BY user_no, item_no"
    )
    return _numbers(table, "user_no"), _numbers(table, "item_no")


def activity(store: Store, x: Interactions, words: Sequence[str], cut: datetime) -> tuple[Array, str]:
    """int64 (n_users,): how many orders each user had placed before the cut; "orders".

    An order is one of its user, by order_id, else by day. Where nobody had bought anything: events `words`; "events".
    """
    orders = Query(
        "SELECT user_no, count(DISTINCT (order_id, CASE WHEN order_id IS NULL THEN CAST(at_utc AS DATE) END)) AS n"
        " FROM events WHERE user_no IS NOT NULL AND event = 'purchase' AND at_utc < ? GROUP BY user_no",
        (cut,),
    )
    events = Query("SELECT user_no, count(*) AS n FROM events WHERE user_no IS NOT NULL AND ") + _is(words)
    events = events + Query(" AND at_utc < ? GROUP BY user_no", (cut,))
    for what, query in (("orders", orders), ("events", events)):
        table = store.read(query)
        if table.num_rows:
            return _by_row(x, _numbers(table, "user_no"), _numbers(table, "n"), 0), what
    return np.zeros(x.shape[0], dtype=np.int64), "events"


def last_taken(store: Store, x: Interactions, words: Sequence[str], cut: datetime) -> Array:
    """int64 (n_users,): when each user last took anything before the cut, microseconds since 1970; least int: never."""
    table = store.read(
        Query("SELECT user_no, max(epoch_us(at_utc)) AS at FROM events WHERE user_no IS NOT NULL AND ")
        + _is(words)
        + Query(" AND item_no IS NOT NULL AND at_utc < ? GROUP BY user_no", (cut,))
    )
    return _by_row(x, _numbers(table, "user_no"), _numbers(table, "at"), NEVER)


def last_taken_in(
    store: Store, x: Interactions, words: Sequence[str], cut: datetime, pairs: str, categories: Sequence[str]
) -> tuple[Array, Array, Array]:
    """(row, place in `categories`, microseconds since 1970) of each user's last taking in each category before the cut.

    In the order of the categories, then of rows.
    """
    if not categories:
        return tuple(np.empty(0, dtype=np.int64) for _ in range(3))  # type: ignore[return-value]
    named = joined(", ", [Query("(?, ?)", (place, name)) for place, name in enumerate(categories)])
    table = store.read(
        Query("SELECT e.user_no, n.place, max(epoch_us(e.at_utc)) AS at FROM events e JOIN (")
        + pairs
        + ") c USING (item_no) JOIN (VALUES "
        + named
        + ") n(place, category) ON n.category = c.category WHERE e.user_no IS NOT NULL AND "
        + _is(words)
        + Query(" AND e.at_utc < ? GROUP BY e.user_no, n.place ORDER BY n.place, e.user_no", (cut,))
    )
    rows = x.users.rows(_numbers(table, "user_no"))
    known = rows >= 0
    return rows[known], _numbers(table, "place")[known], _numbers(table, "at")[known]


def item_labels(store: Store, item_nos: Array) -> list[tuple[str, str]]:
    """The raw id of each item and what people call it: its title, else the id; in the order asked for."""
    titles = store.rows(
        Query("SELECT column_name FROM columns WHERE table_name = 'items' AND role = 'title' ORDER BY column_name")
    )
    cells = [f"nullif(trim(CAST({ident(str(row['column_name']))} AS VARCHAR)), '')" for row in titles]
    marks = joined(", ", [Query("?", (int(no),)) for no in item_nos])
    found = store.rows(
        Query(f"SELECT item_no, item_id, coalesce({', '.join([*cells, 'item_id'])}) AS title FROM items")
        + " WHERE item_no IN ("
        + marks
        + ")"
    )
    named = {int(row["item_no"]): (str(row["item_id"]), str(row["title"])) for row in found}
    return [named[int(no)] for no in item_nos]


def item_numbers(store: Store, ids: Sequence[str]) -> Array:
    """int64 (len(ids),): the number of each raw id. Raises Refusal `unknown_item`."""
    marks = joined(", ", [Query("?", (raw,)) for raw in ids])
    found = store.rows(Query("SELECT item_id, item_no FROM items WHERE item_id IN (") + marks + ")")
    numbers = {str(row["item_id"]): int(row["item_no"]) for row in found}
    for raw in ids:
        if raw not in numbers:
            raise Refusal("unknown_item", f"There is no item {raw!r} in these data.", "Check how the id is written.")
    return np.array([numbers[raw] for raw in ids], dtype=np.int64)


NEVER = int(np.iinfo(np.int64).min)


def _is(words: Sequence[str]) -> Query:
    return Query("event IN (") + joined(", ", [Query("?", (word,)) for word in words]) + ")"


def _numbers(table, name: str) -> Array:  # type: ignore[no-untyped-def]  # pa.Table
    return np.asarray(table[name].to_numpy(), dtype=np.int64)


def _by_row(x: Interactions, user_nos: Array, values: Array, absent: int) -> Array:
    rows = x.users.rows(user_nos)
    made = np.full(x.shape[0], absent, dtype=np.int64)
    made[rows[rows >= 0]] = values[rows >= 0]
    return made


def _one_of(names: Sequence[str]) -> str:
    return f"There are: {', '.join(names)}." if names else "There are none."
