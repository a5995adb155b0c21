"""A workspace of before, with contacts among the users' columns, opens with them apart."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb

from core.store import Query, Store, contact_columns, contacts_query
from core.store.digest import content_digest
from core.store.schema import MIGRATIONS


def old_workspace(path: Path) -> None:
    """Three loads of users as schema 3 kept them: the second says `phone` is an attribute, the third is undone."""
    with duckdb.connect(str(path)) as c:
        c.execute("CREATE TABLE migrations (number INTEGER PRIMARY KEY, name VARCHAR NOT NULL)")
        for number, (name, sql) in enumerate(MIGRATIONS[:3], start=1):
            assert isinstance(sql, str)
            c.execute(sql)
            c.execute("INSERT INTO migrations VALUES (?, ?)", (number, name))
        for column, kind in (
            ("E-Mail", "VARCHAR"),
            ("city", "VARCHAR"),
            ("phone", "VARCHAR"),
            ("user_id_contact", "VARCHAR"),
        ):
            for table in ("users", "user_facts"):
                c.execute(f'ALTER TABLE {table} ADD COLUMN "{column}" {kind}')
            role = {"city": "attribute", "phone": "attribute"}.get(column, "contact")
            c.execute("INSERT INTO columns VALUES ('users', ?, ?)", (column, role))
        one = [
            ("kunde", "user"),
            ("E-Mail", "contact"),
            ("city", "attribute"),
            ("phone", "contact"),
            ("user_id", "contact"),
        ]
        two = [("kunde", "user"), ("e-mail", "contact"), ("phone", "attribute")]
        batch(c, 1, one, undone=False)
        batch(c, 2, two, undone=False)
        batch(c, 3, one, undone=True)
        facts = [
            (1, 1, "ann@old.example", "Rom", "030 1", "x@mail.example"),
            (1, 2, "bob@mail.example", None, "", None),
            (2, 1, "ann@new.example", None, "home", None),
            (2, 3, None, None, None, None),
        ]
        for batch_no, user_no, mail, city, phone, other in facts:
            c.execute(
                'INSERT INTO user_facts (batch_no, user_no, "E-Mail", city, phone, user_id_contact) '
                "VALUES (?, ?, ?, ?, ?, ?)",
                (batch_no, user_no, mail, city, phone, other),
            )
        c.execute(
            'INSERT INTO users (user_no, user_id, "E-Mail", city, phone, user_id_contact) VALUES '
            "(1, 'ann', 'ann@new.example', 'Rom', 'home', 'x@mail.example'), "
            "(2, 'bob', 'bob@mail.example', NULL, '', NULL), (3, 'cy', NULL, NULL, NULL, NULL)"
        )


def batch(c: duckdb.DuckDBPyConnection, number: int, roles: list[tuple[str, str]], *, undone: bool) -> None:
    mapping: dict[str, Any] = {"kind": "users", "columns": [{"column": n, "role": r, "event": None} for n, r in roles]}
    gone = "TIMESTAMP '2024-02-01'" if undone else "NULL"
    c.execute(
        f"INSERT INTO batches VALUES (?, 'users', '[]', ?, 2, 2, 0, 0, 0, 0, 0, TIMESTAMP '2024-01-01', {gone})",
        (number, json.dumps(mapping)),
    )


def test_contacts_move_and_nothing_is_lost(tmp_path: Path) -> None:
    old_workspace(tmp_path / "w.duckdb")
    with Store(tmp_path / "w.duckdb") as store:
        facts = store.rows(Query("SELECT * FROM contact_facts ORDER BY ALL"))
        assert [tuple(row.values()) for row in facts] == [
            (1, 1, "E-Mail", "ann@old.example"),
            (1, 1, "phone", "030 1"),
            (1, 1, "user_id_contact", "x@mail.example"),
            (1, 2, "E-Mail", "bob@mail.example"),
            (2, 1, "E-Mail", "ann@new.example"),
        ]
        assert contact_columns(store) == ["E-Mail", "phone", "user_id_contact"]
        reached = store.rows(contacts_query(["e-mail", "phone"]) + " ORDER BY user_no")
        assert reached == [
            {"user_no": 1, "c0": "ann@new.example", "c1": "030 1"},
            {"user_no": 2, "c0": "bob@mail.example", "c1": None},
        ]
        users = store.rows(Query("SELECT * FROM users ORDER BY user_no"))
        assert users == [
            {"user_no": 1, "user_id": "ann", "city": "Rom", "phone": "home"},
            {"user_no": 2, "user_id": "bob", "city": None, "phone": None},
            {"user_no": 3, "user_id": "cy", "city": None, "phone": None},
        ]
        columns = store.rows(Query("SELECT * FROM columns WHERE table_name = 'users' ORDER BY ALL"))
        assert [(c["column_name"], c["role"]) for c in columns] == [("city", "attribute"), ("phone", "attribute")]
        before = content_digest(store)
        with store.atomic() as writer:
            writer.run("UPDATE contact_facts SET value = 'other@mail.example' WHERE batch_no = 2")
        assert content_digest(store) != before
    Store(tmp_path / "w.duckdb").close()  # a second opening moves nothing twice
    with Store(tmp_path / "w.duckdb") as store:
        assert store.rows(Query("SELECT count(*) AS n FROM contact_facts")) == [{"n": 5}]


def test_an_old_workspace_without_contacts(tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "w.duckdb")) as c:
        c.execute("CREATE TABLE migrations (number INTEGER PRIMARY KEY, name VARCHAR NOT NULL)")
        for number, (name, sql) in enumerate(MIGRATIONS[:3], start=1):
            assert isinstance(sql, str)
            c.execute(sql)
            c.execute("INSERT INTO migrations VALUES (?, ?)", (number, name))
    with Store(tmp_path / "w.duckdb") as store:
        assert contact_columns(store) == []
        assert store.rows(contacts_query([])) == []
