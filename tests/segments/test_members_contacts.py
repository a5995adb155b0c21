"""Contacts live apart, and still stand in every list of people that leaves the program."""

from __future__ import annotations

import csv
from pathlib import Path

from core.behaviour import write_people
from core.segments import members_csv, rule_from_json
from core.store import Query
from tests.ingest.loading import load_text, mapping, workspace

USERS = "user,email,tier\n007,ann@example.com,gold\n008,=cmd@example.com,\n009,,gold\n"
EVENTS = "user,item,time\n007,lamp,2026-01-01\n008,lamp,2026-01-02\n009,lamp,2026-01-03\n"


def test_both_files_hold_them(tmp_path: Path) -> None:
    with workspace(tmp_path) as store:
        load_text(store, EVENTS, mapping(event="view", user="user", item="item", time="time@iso"), "events.csv")
        load_text(store, USERS, mapping("users", user="user", contact="email", attribute="tier"), "users.csv")
        assert "email" not in store.rows(Query("SELECT * FROM users LIMIT 1"))[0]
        rule = rule_from_json({"did": "view", "compare": {"at_least": 1}})
        assert members_csv(store, rule, tmp_path / "members.csv") == 3
        assert write_people(store, Query("SELECT user_no FROM users"), tmp_path / "people.csv") == 3
    for name in ("members.csv", "people.csv"):
        with (tmp_path / name).open(newline="", encoding="utf-8") as file:
            rows = {row["user_id"]: row for row in csv.DictReader(file)}
        assert {user: row["email"] for user, row in rows.items()} == {
            "007": "ann@example.com", "008": "'=cmd@example.com", "009": "",
        }  # fmt: skip
        assert [row["tier"] for row in rows.values()] == ["gold", "", "gold"]
