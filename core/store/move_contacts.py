"""Migration 5: contact columns of a workspace made before `contact_facts` move there out of `user_facts`.

A migration is frozen: how columns were named then (core.ingest.stored) is said here again, and never changes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import duckdb

from core.store.query import ident
from core.store.tables import table_columns

_LONGEST = 200
_OURS = frozenset("rowid user_no user_id batch_no".split())


def move_contacts(cursor: duckdb.DuckDBPyConnection) -> None:
    """Move what each batch that counts said in contact columns, and drop columns that hold nothing else."""
    there = _columns(cursor, "user_facts")
    moved: dict[str, str] = {}
    others: set[str] = set()
    for batch_no, mapping in cursor.execute(
        "SELECT batch_no, mapping FROM batches WHERE undone_at IS NULL AND kind = 'users' ORDER BY batch_no"
    ).fetchall():
        for name, role in _names(json.loads(mapping)):
            if role != "contact" or name.lower() not in there:
                others.add(name.lower())
                continue
            stored = there[name.lower()]
            moved.setdefault(name.lower(), stored)
            cell = f"CAST({ident(stored)} AS VARCHAR)"
            cursor.execute(
                f"INSERT INTO contact_facts SELECT batch_no, user_no, ?, {cell} FROM user_facts "
                f"WHERE batch_no = ? AND nullif({cell}, '') IS NOT NULL",
                (stored, batch_no),
            )
            cursor.execute(f"UPDATE user_facts SET {ident(stored)} = NULL WHERE batch_no = ?", (batch_no,))
    users = _columns(cursor, "users")
    for lower, stored in moved.items():
        if lower in others:  # another load brought it as an attribute: that one's values stay
            if lower in users:
                latest = f"SELECT arg_max(f.{ident(stored)}, f.batch_no) FROM user_facts f WHERE f.user_no = u.user_no"
                cursor.execute(f"UPDATE users u SET {ident(users[lower])} = ({latest})")
        else:
            cursor.execute(f"ALTER TABLE user_facts DROP COLUMN {ident(stored)}")
            if lower in users:
                cursor.execute(f"ALTER TABLE users DROP COLUMN {ident(users[lower])}")
            cursor.execute("DELETE FROM columns WHERE table_name = 'users' AND lower(column_name) = ?", (lower,))
        cursor.execute("INSERT INTO columns VALUES ('contacts', ?, 'contact')", (stored,))
    cursor.execute("UPDATE columns SET role = 'attribute' WHERE table_name = 'users' AND role = 'contact'")


def _columns(cursor: duckdb.DuckDBPyConnection, table: str) -> dict[str, str]:
    """Lower-case name -> name."""
    return {name.lower(): name for name, _ in table_columns(cursor, table)}


def _names(mapping: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The name in `user_facts` and the role of each column that a users file brought there."""
    used: set[str] = set()
    for column in mapping["columns"]:
        role = column["role"]
        if role not in ("attribute", "contact", "consent"):
            continue
        if role == "consent":
            name = f"consent_{(column.get('event') or '').strip().lower()}"
        else:
            name = column["column"].replace("\0", "").strip()[:_LONGEST] or "column"
            name = f"{name}_{role}" if name.lower() in _OURS else name
        base, n = name, 2
        while name.lower() in used:
            name, n = f"{base}_{n}", n + 1
        used.add(name.lower())
        yield name, role
