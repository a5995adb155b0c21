"""The people behind a number: count, sample, file."""

from __future__ import annotations

import csv
from datetime import datetime
from pathlib import Path

import pytest

from core.behaviour import EVERYTHING, count_people, overview_users, sample_people, users_who, write_people
from core.progress import Cancelled, Step
from core.store import Query, Store
from tests.behaviour.conftest import Maker
from tests.behaviour.world import SHOP, E, ids

ALL = Query("SELECT user_no FROM users")


def test_count_knows_each_user_once(shop: Store) -> None:
    assert count_people(shop, overview_users(shop, EVERYTHING, "buyers")) == 3
    assert count_people(shop, Query("SELECT user_no FROM events WHERE user_no IS NOT NULL")) == 5


def test_sample(shop: Store) -> None:
    people = sample_people(shop, ALL)
    assert people.columns.tolist() == ["user_id", "events", "orders", "net_revenue", "first_seen", "last_seen"]
    assert people["user_id"].tolist() == ["bob", "ann", "eve", "cat", "dan", "zoe"]  # by net revenue, then events
    assert people.iloc[0].to_list() == ["bob", 4, 2, 45.0, datetime(2025, 3, 3, 10), datetime(2025, 3, 10, 16)]
    assert people["net_revenue"].fillna(-1).tolist() == [45, 4.5, -1, -1, -1, -1]
    assert people["orders"].tolist() == [2, 1, 1, 0, 0, 0]
    assert people["events"].tolist() == [4, 5, 3, 2, 1, 0]
    assert people["last_seen"].isna().tolist() == [False] * 4 + [True] * 2  # dan only saw an impression


def test_a_sample_is_the_same_each_time_and_part_of_the_whole(make: Maker) -> None:
    store = make([E(f"u{i}", "x", "view", "2025-01-01") for i in range(200)])
    drawn = sample_people(store, ALL, 20)["user_id"].tolist()
    assert len(set(drawn)) == 20
    assert sample_people(store, ALL, 20)["user_id"].tolist() == drawn
    assert set(drawn) != {f"u{i}" for i in range(20)}
    assert set(drawn) <= ids(store, ALL)


def read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_the_file_of_all(shop: Store, tmp_path: Path) -> None:
    with shop.atomic() as w:
        w.run("ALTER TABLE users ADD COLUMN email VARCHAR")
        w.run("ALTER TABLE users ADD COLUMN age INTEGER")
        w.run("ALTER TABLE users ADD COLUMN tags VARCHAR[]")
        w.run("ALTER TABLE users ADD COLUMN events VARCHAR")
        w.run("ALTER TABLE users ADD COLUMN \"=cmd|' /C calc'\" VARCHAR")
        w.run("UPDATE users SET email = '=cmd|'' /C calc''!A0', age = -5, tags = ['a', 'b'] WHERE user_id = 'bob'")
        w.run("UPDATE users SET email = 'Ann, \"the\" first\nof ours', events = '+49 30 1' WHERE user_id = 'ann'")
    path = tmp_path / "out.csv"
    assert write_people(shop, ALL, path) == 6
    rows = {row["user_id"]: row for row in read(path)}
    assert set(rows) == {"ann", "bob", "cat", "dan", "eve", "zoe"}
    assert rows["bob"] == {
        "user_id": "bob", "events": "4", "orders": "2", "net_revenue": "45.00",
        "first_seen": "2025-03-03 10:00:00", "last_seen": "2025-03-10 16:00:00",
        "email": "'=cmd|' /C calc'!A0", "age": "-5", "tags": "a|b", "user_events": "", "'=cmd|' /C calc'": "",
    }  # fmt: skip
    assert rows["ann"]["email"] == 'Ann, "the" first\nof ours'
    assert rows["ann"]["user_events"] == "+49 30 1"
    assert rows["zoe"]["net_revenue"] == rows["zoe"]["last_seen"] == ""


def test_hostile_user_ids_are_defused(make: Maker, tmp_path: Path) -> None:
    store = make([E(name, "x", "view", "2025-01-01") for name in ("=1+1", "-5", "@home", "plain")])
    write_people(store, ALL, tmp_path / "out.csv")
    assert [row["user_id"] for row in read(tmp_path / "out.csv")] == ["'=1+1", "-5", "'@home", "plain"]
    assert set(sample_people(store, ALL)["user_id"]) == {"=1+1", "-5", "@home", "plain"}  # on screen nothing runs


def test_no_member_is_lost_in_a_long_file(make: Maker, tmp_path: Path) -> None:
    store = make(SHOP)
    with store.atomic() as w:
        w.run("INSERT INTO users (user_no, user_id) SELECT 100 + i, 'n' || i FROM range(130_000) t(i)")
    assert write_people(store, ALL, tmp_path / "out.csv") == 130_005
    assert len({row["user_id"] for row in read(tmp_path / "out.csv")}) == 130_005


def test_nobody_is_a_file_with_a_header(shop: Store, tmp_path: Path) -> None:
    assert write_people(shop, users_who(shop, EVERYTHING, "dream"), tmp_path / "out.csv") == 0
    assert (tmp_path / "out.csv").read_text() == "user_id,events,orders,net_revenue,first_seen,last_seen\n"


def test_writing_can_be_cancelled(shop: Store, tmp_path: Path) -> None:
    class Stopped(Step):
        def cancelled(self) -> bool:
            return True

    with pytest.raises(Cancelled):
        write_people(shop, ALL, tmp_path / "out.csv", step=Stopped())
