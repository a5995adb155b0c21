"""A digest of what a workspace holds, the same for the same content however it came in."""

from __future__ import annotations

import hashlib
import json
from weakref import WeakKeyDictionary

from core.store.contacts import contact_columns, contacts_query
from core.store.query import Query, ident
from core.store.store import Store

_known: WeakKeyDictionary[Store, tuple[int, str]] = WeakKeyDictionary()
_NUMBERS = ("user_no", "item_no", "batch_no", "row_no", "event_no")


def content_digest(store: Store, *, raw: bool = False) -> str:
    """64 hexadecimal characters that depend on raw ids, events and attributes, and on nothing else.

    Two workspaces with the same content have the same digest whatever the order of their loads, the numbers of their
    batches, users and items, or columns without any value. Each row is hashed (MD5, which here only has to scatter)
    over its columns that have a value; sums of the two halves do not depend on the order of rows; SHA-256 over them.
    Contacts count too, since who is suppressed and what an exported file says hang on them; without any, the digest is
    what it would be if there were no such table.
    It is of what readers see, with `raw` of what was loaded. Kept until the workspace changes;
    5 million events take some 8 seconds.
    """
    version = store.version
    known = None if raw else _known.get(store)
    if known is None or known[0] != version:
        parts = {table: store.rows(_sums(store, table), raw=raw)[0] for table in ("events", "users", "items")}
        if contacts := contact_columns(store):
            parts["contacts"] = store.rows(_contact_sums(contacts), raw=raw)[0]
        text = json.dumps(parts, sort_keys=True, default=str)
        known = (version, hashlib.sha256(text.encode()).hexdigest())
        if not raw:
            _known[store] = known
    return known[1]


def _sums(store: Store, table: str) -> Query:
    columns = store.rows(
        Query(
            "SELECT column_name, data_type FROM duckdb_columns() WHERE schema_name = 'main' AND table_name = ? "
            "AND database_name = current_database()",
            (table,),
        )
    )
    cells = {
        str(c["column_name"]): f"t.{ident(str(c['column_name']))}" for c in columns if c["column_name"] not in _NUMBERS
    }
    source = f"{table} t"
    if table == "events":
        cells |= {"user_id": "u.user_id", "item_id": "i.item_id"}
        source += " LEFT JOIN users u USING (user_no) LEFT JOIN items i USING (item_no)"
    parts = [_cell(name.lower(), cells[name]) for name in sorted(cells, key=str.lower)]
    return _summed(Query(f"SELECT concat({', '.join(parts)}) AS cells FROM {source}"))


def _contact_sums(columns: list[str]) -> Query:
    cells = {"user_id": "user_id"} | {name.lower(): f"c{n}" for n, name in enumerate(columns)}
    parts = [_cell(name, cells[name]) for name in sorted(cells)]
    reached = Query(f"SELECT concat({', '.join(parts)}) AS cells FROM (") + contacts_query(columns)
    return _summed(reached + ") JOIN users USING (user_no)")


def _summed(rows: Query) -> Query:
    """How many rows there are, and the sums of the halves of the hashes of `cells`."""
    halves = "sum(md5_number_lower(cells))::VARCHAR AS low, sum(md5_number_upper(cells))::VARCHAR AS high"
    return Query(f"SELECT count(*) AS rows, {halves} FROM (") + rows + ")"


def _cell(name: str, cell: str) -> str:
    """`name`, the length of the value and the value, so that no two rows can spell the same text; NULL adds nothing."""
    label = "'" + name.replace("'", "''") + "='"
    text = f"CAST({cell} AS VARCHAR)"
    return f"CASE WHEN {cell} IS NOT NULL THEN {label} || strlen({text}) || ':' || {text} END"
