"""The rows and the users behind a finding: a look at some of them, a query for pages, a file of all.

Rows are those of the selection's own table, with raw ids in the place of numbers; of users and items their events can
be had too. Contacts are never among them: they live apart, and a finding is no list to send to.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pa_csv

from core.errors import Refusal
from core.progress import Step, no_step
from core.quality.ask import ask
from core.quality.effect import key_query
from core.quality.kinds import chosen, scope_of
from core.quality.types import KEY, Asked, Scope, Selection
from core.store import Query, Scratch, Store, defuse, ident
from core.store.cells import defuse_sql

_KEYS = "quality_behind"
_OWN = {"users": "user_id", "items": "item_id"}


def rows_behind(
    store: Store,
    selection: Selection,
    *,
    limit: int = 100,
    columns: Sequence[str] | None = None,
    table: Scope | None = None,
    step: Step = no_step,
) -> pa.Table:
    """Up to `limit` rows that a selection chooses, in the order in which they were loaded.

    Columns: of events user_id, item_id and those of the workspace; of users and items their id and attributes; or
    only `columns`. With table="events" the events of chosen users or items. Missing values are NULL.
    Raises Refusal `bad_selection`, `no_such_column`.
    """
    with _kept(store, selection, step) as (scratch, asked, scope):
        cells = _cells(asked, table or scope, columns)
        query = _rows(cells, table or scope, scope) + Query(" LIMIT ?", (limit,))
        return scratch.read(query, step=step)


def count_behind(store: Store, selection: Selection, *, step: Step = no_step) -> int:
    """How many different rows a selection chooses."""
    with _kept(store, selection, step) as (scratch, _, _):
        return int(scratch.rows(Query(f"SELECT count(*) AS n FROM {_KEYS}"), step=step)[0]["n"])


def users_behind(store: Store, selection: Selection) -> Query:
    """A query for the users (user_no, each once) of the rows chosen: who had the events, or touched the items.

    It can be put to the store at any time (core.behaviour.people); anonymous events have nobody.
    """
    asked = ask(store, store.as_of())
    scope, rows = scope_of(selection), chosen(asked, selection)
    if isinstance(rows, pa.Array | pa.ChunkedArray):
        # a query has no room for an array: the users are worked out here and listed in its one parameter
        with _kept(store, selection, no_step) as (scratch, _, _):
            kept = _users(scope, Query(f"SELECT key FROM {_KEYS}"))
            found = scratch.read(kept + " ORDER BY user_no")
        listed = ",".join(map(str, found["user_no"].to_pylist()))
        return Query("SELECT unnest(?::INTEGER[]) AS user_no", (f"[{listed}]",))
    return _users(scope, rows)


def stream_rows_csv(
    store: Store,
    selection: Selection,
    path: Path,
    *,
    columns: Sequence[str] | None = None,
    table: Scope | None = None,
    step: Step = no_step,
) -> int:
    """Write all the rows of `rows_behind` to a CSV file (UTF-8, comma, a header line); how many.

    Missing values are empty, times ISO text in UTC, lists joined by "|"; cells that a spreadsheet would run as formulas
    are defused. Memory does not grow with the number of rows. Raises Refusal `bad_selection`, `no_such_column`.
    """
    written = 0
    with _kept(store, selection, step) as (scratch, asked, scope), path.open("wb") as out:
        cells = _cells(asked, table or scope, columns)
        types = asked.columns[table or scope]
        header = io.StringIO()
        csv.writer(header, lineterminator="\n").writerow([defuse(name) for name in cells])
        out.write(header.getvalue().encode())
        text = {name: _as_text(cell, types.get(name, "VARCHAR")) for name, cell in cells.items()}
        for batch in scratch.stream(_rows(text, table or scope, scope), step=step):
            options = pa_csv.WriteOptions(include_header=False, quoting_style="needed")
            pa_csv.write_csv(pa.Table.from_batches([batch]), out, options)
            written += batch.num_rows
    return written


# ---- inside


@contextmanager
def _kept(store: Store, selection: Selection, step: Step) -> Iterator[tuple[Scratch, Asked, Scope]]:
    """Inside, the numbers chosen are the table quality_behind (key), each once."""
    with store.scratch() as scratch, ExitStack() as stack:
        asked = ask(scratch, store.as_of(), step=step)
        keys = key_query(asked, selection, stack, "quality_keys")
        stack.enter_context(scratch.keep(_KEYS, Query("SELECT DISTINCT key FROM (") + keys + ")", step=step))
        yield scratch, asked, scope_of(selection)


def _cells(asked: Asked, table: Scope, columns: Sequence[str] | None) -> dict[str, str]:
    """Name -> SQL of each column, over the rows of `_rows`."""
    contact = {name for (of, name), role in asked.roles.items() if of == table and role == "contact"}
    own = {name: f"r.{ident(name)}" for name in asked.columns[table] if name not in contact}
    ids = {"user_id": "u.user_id", "item_id": "i.item_id"} if table == "events" else {_OWN[table]: f"r.{_OWN[table]}"}
    cells = {**ids, **own} if table == "events" else {**own, **ids}
    if table != "events":  # the id first
        cells = {_OWN[table]: cells.pop(_OWN[table]), **cells}
    for name in columns or ():
        if name not in cells:
            raise Refusal("no_such_column", f"The {table} have no column {name!r}.", f"There are: {', '.join(cells)}.")
    return {name: cells[name] for name in columns} if columns else cells


def _rows(cells: dict[str, str], table: Scope, scope: Scope) -> Query:
    listed = ", ".join(f"{cell} AS {ident(name)}" for name, cell in cells.items())
    joins = " LEFT JOIN users u USING (user_no) LEFT JOIN items i USING (item_no)" if table == "events" else ""
    return Query(
        f"SELECT {listed} FROM {table} r{joins} WHERE r.{KEY[scope]} IN (SELECT key FROM {_KEYS}) "
        f"ORDER BY r.{KEY[table]}"
    )


def _users(scope: Scope, rows: Query) -> Query:
    if scope == "users":
        return Query("SELECT DISTINCT key AS user_no FROM (") + rows + ") AS q(key)"
    events = f"SELECT DISTINCT user_no FROM events WHERE user_no IS NOT NULL AND {KEY[scope]} IN (SELECT key FROM ("
    return Query(events) + rows + ") AS q(key))"


def _as_text(cell: str, kind: str) -> str:
    if kind.endswith("[]"):
        return defuse_sql(f"array_to_string({cell}, '|')")
    if kind.startswith("TIMESTAMP"):
        return f"strftime({cell}, '%Y-%m-%dT%H:%M:%S')"
    return defuse_sql(cell) if kind in ("VARCHAR", "JSON") else cell
