"""The people behind a number: how many, a look at some of them, and a file of all."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.csv as pa_csv

from core.behaviour.periods import table
from core.behaviour.sql import IS_ORDER, IS_TRADE, NOT_ACTIVE, ORDER_KEY
from core.progress import Step, no_step
from core.store import Query, Store, contact_columns, contacts_query, filled_query, fills_users, ident
from core.store.cells import defuse, defuse_sql

_ACTS = " AND ".join(f"event <> '{event}'" for event in NOT_ACTIVE)
_OWN = ("user_id", "events", "orders", "net_revenue", "first_seen", "last_seen")


def count_people(store: Store, users: Query) -> int:
    """How many distinct users (`user_no`) the query yields."""
    return int(str(store.rows(Query("SELECT count(DISTINCT user_no) AS users FROM (") + users + ")")[0]["users"]))


def sample_people(store: Store, users: Query, n: int = 20) -> pd.DataFrame:
    """Up to `n` of the users, drawn by chance but always the same ones, those with most net revenue first.

    Columns: user_id (str), events, orders (int), net_revenue (float, NaN where no purchase carries a value),
    first_seen, last_seen (datetime, UTC: of the first and last event but impressions; NaT where none is timed): over
    all the data up to their end, not only over the window of the question. Where a repair filled values of users, also
    filled (str): names of the user's columns that were filled, parted by "|"; None where none was.
    """
    drawn = Query("SELECT DISTINCT user_no FROM (") + users + Query(") ORDER BY hash(user_no), user_no LIMIT ?", (n,))
    ordered = " ORDER BY net_revenue DESC NULLS LAST, events DESC, user_id"
    columns = ", ".join(ident(c) for c in (*_OWN, *_filled(store)))
    return table(store, Query(f"SELECT {columns} FROM (") + _people(store, drawn) + ")" + ordered)


def write_people(store: Store, users: Query, path: Path, *, step: Step = no_step) -> int:
    """Write all the users to a CSV file (UTF-8, comma, a header line); the number of users written.

    The columns are those of `sample_people`, then the users' own, and how they can be reached (contact
    columns, which only files that leave the program hold); missing values are empty. Rows are in order of user_no.
    Cells that a spreadsheet would run as formulas are defused. Memory does not grow with the number of users.
    """
    contacts = contact_columns(store)
    columns, written = _columns(store, contacts), 0
    query = (
        Query(f"SELECT {', '.join(columns.values())} FROM (")
        + _people(store, users)
        + ") person JOIN users USING (user_no) LEFT JOIN ("
        + contacts_query(contacts)
        + ") contact USING (user_no)"
    )
    with path.open("wb") as out:
        out.write(_header(list(columns)))
        for batch in store.stream(query + " ORDER BY user_no", step=step):
            pa_csv.write_csv(
                pa.Table.from_batches([batch]), out, pa_csv.WriteOptions(include_header=False, quoting_style="needed")
            )
            written += batch.num_rows
    return written


def _columns(store: Store, contacts: Sequence[str]) -> dict[str, str]:
    """Header -> SQL of each column of the file, over `_people` joined to users."""
    columns = {"user_id": defuse_sql("users.user_id")}
    columns |= {c: f"person.{c}" for c in _OWN[1:4]} | {
        c: f"strftime(person.{c}, '%Y-%m-%d %H:%M:%S')" for c in _OWN[4:]
    }
    columns |= {c: defuse_sql(f"person.{c}") for c in _filled(store)}
    own = store.rows(
        Query(
            "SELECT column_name, data_type FROM duckdb_columns() WHERE schema_name = 'main' AND table_name = 'users'"
            " AND column_name NOT IN ('user_no', 'user_id') ORDER BY column_index"
        )
    )
    for row in own:
        name, kind = str(row["column_name"]), str(row["data_type"])
        cell = f"users.{ident(name)}"
        if kind.endswith("[]"):
            cell = f"array_to_string({cell}, '|')"
        columns[f"user_{name}" if name in columns else name] = defuse_sql(cell) if _is_text(kind) else cell
    for k, name in enumerate(contacts):
        columns[f"contact_{name}" if name in columns else name] = defuse_sql(f"contact.c{k}")
    return columns


def _filled(store: Store) -> tuple[str, ...]:
    """The column that marks filled values, where there are any."""
    return ("filled",) if fills_users(store) else ()


def _is_text(kind: str) -> bool:
    return kind.endswith("[]") or kind in ("VARCHAR", "JSON")


def _header(names: list[str]) -> bytes:
    import io

    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow([defuse(name) for name in names])
    return line.getvalue().encode()


def _people(store: Store, users: Query) -> Query:
    """user_no, user_id and the other own columns, one row for each distinct user that `users` yields."""
    end = store.as_of()
    known = Query("user_no IN (SELECT user_no FROM chosen)")
    if end is not None:
        known += Query(" AND (at_utc < ? OR at_utc IS NULL)", (end,))
    seen = (
        Query(
            f"SELECT user_no, count(*) AS events, min(at_utc) FILTER ({_ACTS}) AS first_seen,"
            f" max(at_utc) FILTER ({_ACTS}) AS last_seen,"
            f" CAST(sum(value) FILTER ({IS_TRADE}) AS DECIMAL(38, 2)) AS net_revenue FROM events WHERE "
        )
        + known
        + " GROUP BY user_no"
    )
    orders = (
        Query(f"SELECT user_no, count(*) AS orders FROM (SELECT DISTINCT {ORDER_KEY} FROM events WHERE {IS_ORDER} AND ")
        + known
        + ") GROUP BY user_no"
    )
    return (
        Query("WITH chosen AS MATERIALIZED (SELECT DISTINCT user_no FROM (")
        + users
        + ")), seen AS ("
        + seen
        + "), ordered AS ("
        + orders
        + ") SELECT user_no, users.user_id, coalesce(seen.events, 0) AS events, coalesce(ordered.orders, 0) AS orders,"
        " seen.net_revenue, seen.first_seen, seen.last_seen, marks.filled"
        " FROM chosen JOIN users USING (user_no) LEFT JOIN seen USING (user_no) LEFT JOIN ordered USING (user_no)"
        " LEFT JOIN (" + filled_query() + ") marks USING (user_no)"
    )
