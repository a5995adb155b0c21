"""A small shop whose ids, titles and contacts are as awkward as they come, in a workspace."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from core.store import Query, Store, Writer
from tests.prepared import new_store

USERS: dict[str, dict[str, Any]] = {
    "000123": {"email": "a@mail.example", "phone": "+49 30 901820", "consent_email": True, "consent_sms": True},
    "=1+1": {"email": '=HYPERLINK("x")', "phone": "0313900603", "consent_email": True, "consent_sms": False},
    'say "hi", you': {"email": None, "phone": "-12.50", "consent_email": True, "consent_sms": None},
    "two\nlines": {"email": "b@mail.example", "phone": "+SUM(A1)", "consent_email": True, "consent_sms": True},
    "Ünï-😀": {"email": "@SUM(A1)", "phone": None, "consent_email": True, "consent_sms": True},
    "cr\rid": {"email": "c@mail.example", "phone": "1", "consent_email": None, "consent_sms": True},
    " padded ": {"email": "d@mail.example", "phone": "2", "consent_email": False, "consent_sms": True},
}
ITEMS: dict[str, str | None] = {
    "0042": 'Bowl "Ōsaka",\nsage 🏺',
    "-5": None,
    "=SUM(A1)": "-CMD|' /C calc'!A0",
    "plain": "Lamp",
}
CONTACT = ("email", "phone")
CONSENT = ("consent_email", "consent_sms")


def put(
    path: Path, *, shuffle: int | None = None, users: Mapping[str, Mapping[str, Any]] = USERS, roles: bool = True
) -> Store:
    """A workspace of these users and items, rows and numbers in an order drawn by `shuffle`."""
    mixed = np.random.default_rng(shuffle)

    def order(things: Sequence[str]) -> list[str]:
        return list(things) if shuffle is None else [things[k] for k in mixed.permutation(len(things))]

    people, items = order(list(users)), order(list(ITEMS))
    tables: dict[str, dict[str, Any]] = {
        "users": {"user_no": pa.array(range(len(people)), pa.int32()), "user_id": pa.array(people, pa.string())}
        | {c: pa.array([users[u].get(c) for u in people], pa.bool_()) for c in CONSENT},
        "items": {
            "item_no": pa.array(range(len(items)), pa.int32()),
            "item_id": pa.array(items, pa.string()),
            "title": pa.array([ITEMS[i] for i in items], pa.string()),
        },
    }
    store = new_store(path)
    with store.atomic() as w:
        for column in CONSENT:
            w.run(f"ALTER TABLE users ADD COLUMN {column} BOOLEAN")
            if roles:
                w.run(Query("INSERT INTO columns VALUES ('users', ?, 'consent')", (column,)))
        put_contacts(w, [(users[u].get(c), n, c) for n, u in enumerate(people) for c in CONTACT], roles=roles)
        w.run("ALTER TABLE items ADD COLUMN title VARCHAR")
        w.run("INSERT INTO columns VALUES ('items', 'title', 'title')")
        for name, columns in tables.items():
            with w.table("incoming", pa.table(columns)):
                w.run(f"INSERT INTO {name} BY NAME SELECT * FROM incoming")
    return store


def put_contacts(w: Writer, cells: Sequence[tuple[str | None, int, str]], *, roles: bool = True) -> None:
    """Contacts (value, user_no, column) of a batch 0; missing ones are left out."""
    w.run(
        "INSERT INTO batches (batch_no, kind, files, mapping, rows_read, rows_loaded, rows_rejected, rows_duplicate, "
        "rows_repeated, rows_anonymous, events_added, loaded_at) "
        "VALUES (0, 'users', '[]', '{}', 0, 0, 0, 0, 0, 0, 0, TIMESTAMP '2030-01-01')"
    )
    kept = [cell for cell in cells if cell[0] is not None]
    names = ("value", "user_no", "column_name")
    rows = {name: [cell[k] for cell in kept] for k, name in enumerate(names)}
    with w.table("incoming", pa.table(rows)):
        w.run("INSERT INTO contact_facts BY NAME SELECT *, 0 AS batch_no FROM incoming")
    for column in dict.fromkeys(cell[2] for cell in cells) if roles else ():
        w.run(Query("INSERT INTO columns VALUES ('contacts', ?, 'contact')", (column,)))


def numbers(store: Store, table: str) -> dict[str, int]:
    found = store.rows(Query(f"SELECT {table}_id AS id, {table}_no AS no FROM {table}s"))
    return {str(row["id"]): int(row["no"]) for row in found}


def bring(store: Store, pairs: Sequence[tuple[str, str]], seed: int) -> None:
    """Views of these pairs, in an order drawn by the seed."""
    users, items = numbers(store, "user"), numbers(store, "item")
    order = np.random.default_rng(seed).permutation(len(pairs))
    rows = pa.table(
        {
            "user_no": pa.array([users[pairs[k][0]] for k in order], pa.int32()),
            "item_no": pa.array([items[pairs[k][1]] for k in order], pa.int32()),
            "event": pa.array(["view"] * len(pairs)),
            "at_utc": pa.array([1_700_000_000_000_000 + 1_000_000 * int(k) for k in order], pa.timestamp("us")),
            "batch_no": pa.array([1] * len(pairs), pa.int32()),
        }
    )
    batch = (
        "INSERT INTO batches VALUES "
        "(1, 'events', '[]', '{}', 0, 0, 0, 0, 0, 0, 0, TIMESTAMP '2030-01-01', NULL, 'append', 0, 0)"
    )
    with store.atomic() as w:
        w.run(batch)
        with w.table("incoming", rows):
            w.run("INSERT INTO events BY NAME SELECT * FROM incoming")
