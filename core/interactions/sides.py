"""What is known of users and items beside their behaviour: titles and attributes, row by row of the matrix.

Models that serve new users and new items live on it (content, demographic). It travels to a worker as a table, never
with raw ids and never with contact columns.
"""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
import pyarrow as pa

from core.interactions.types import Array
from core.store import Query, Store, ident, joined

Need = Literal["times", "user_side", "item_side"]
"""What a model may ask for beside the matrix: when each pair was first seen, and what is known of users and items."""
NEEDS: tuple[Need, ...] = get_args(Need)

_FEW = 50
"""A users' column of text with no more values than this never tells everybody apart, however few users there are."""


def side_of(store: Store, what: Literal["user", "item"], numbers: Array) -> pa.Table:
    """One row for each of `numbers` (user_no or item_no, rising), in their order: the analyst's own columns, typed.

    Items: `title` (string, null where missing) and every attribute column; users: every attribute column. Left out:
    contact and consent columns (`columns` says which), and columns that tell nearly everybody apart (a column of free
    text other than the title stays for items, since its words speak; for users it goes). Lists stay lists.
    An items' attribute that is itself called title, beside a column that is the title, is called "title (attribute)".
    """
    columns = _columns(store, what)
    titles = sorted(name for name, (role, _) in columns.items() if role == "title" and what == "item")
    shown = {name: kind for name, (_, kind) in columns.items() if name not in titles}
    if what == "user":
        for name in _telling_apart(store, [name for name, kind in shown.items() if kind == "VARCHAR"]):
            del shown[name]
    cells = [Query(f"{ident(name)} AS c{n}") for n, name in enumerate(shown)]
    names = [_renamed(name) if what == "item" else name for name in shown]
    if what == "item":
        trimmed = joined(", ", [Query(f"nullif(trim(CAST({ident(name)} AS VARCHAR)), '')") for name in titles])
        cells.insert(0, (Query("coalesce(NULL, ") + trimmed + ")" if titles else Query("NULL::VARCHAR")) + " AS title")
        names.insert(0, "title")
    listed = joined("", [Query(", ") + cell for cell in cells])
    found = store.read(Query(f"SELECT {what}_no AS no") + listed + f" FROM {what}s ORDER BY 1")
    nos = found["no"].to_numpy()
    rows = np.searchsorted(nos, numbers)
    if len(numbers) and (not len(nos) or rows.max() >= len(nos) or (nos[rows] != numbers).any()):
        raise ValueError(f"numbers that no {what} has")
    taken = found if len(rows) == len(nos) else found.take(pa.array(rows))
    return taken.drop_columns(["no"]).rename_columns(names)  # where nothing is known: no column, and yet so many rows


def side_columns(store: Store, what: Literal["user", "item"]) -> tuple[str, ...]:
    """The columns that `side_of` would give, without reading any row; `title` only where a column is the title."""
    columns = _columns(store, what)
    titles = [name for name, (role, _) in columns.items() if role == "title" and what == "item"]
    shown = [name for name in columns if name not in titles]
    if what == "item":
        return (*(["title"] if titles else []), *(_renamed(name) for name in shown))
    away = _telling_apart(store, [name for name in shown if columns[name][1] == "VARCHAR"])
    return tuple(name for name in shown if name not in away)


def _columns(store: Store, what: str) -> dict[str, tuple[str, str]]:
    """Column -> (role, type), in order of loading. What people can be reached by is for the campaign's gates alone."""
    query = Query(
        "SELECT d.column_name, d.data_type, coalesce(c.role, 'attribute') AS role FROM duckdb_columns() d "
        "LEFT JOIN columns c USING (table_name, column_name) "
        "WHERE d.schema_name = 'main' AND d.database_name = current_database() AND d.table_name = ? "
        "AND d.column_name NOT IN (?, ?) AND coalesce(c.role, '') NOT IN ('contact', 'consent') "
        "ORDER BY d.column_index",
        (f"{what}s", f"{what}_no", f"{what}_id"),
    )
    return {str(row["column_name"]): (str(row["role"]), str(row["data_type"])) for row in store.rows(query)}


def _telling_apart(store: Store, names: list[str]) -> list[str]:
    """Of these text columns of users, those in which half of the users or more have a value of their own."""
    if not names:
        return []
    counts = joined(
        ", ",
        [Query(f"count({ident(n)}) AS n{k}, count(DISTINCT {ident(n)}) AS d{k}") for k, n in enumerate(names)],
    )
    row = store.rows(Query("SELECT ") + counts + " FROM users")[0]
    return [name for k, name in enumerate(names) if row[f"d{k}"] > _FEW and 2 * row[f"d{k}"] >= row[f"n{k}"]]


def _renamed(name: str) -> str:
    return "title (attribute)" if name.casefold() == "title" else name
