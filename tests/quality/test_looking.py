"""What pages ask: figures as loaded, how full columns are, thresholds of rules, the hidden-value test as JSON."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from core.behaviour import sample_people, write_people
from core.ingest.types import Mapping
from core.progress import no_step
from core.quality import (
    Exclude,
    Fill,
    Repair,
    Selection,
    add_repair,
    columns_of,
    compare,
    completeness,
    daily_of,
    daily_words,
    end_all,
    figures,
    figures_as_loaded,
    fill_methods,
    hidden_job,
    limits_of,
    missing_with,
    repair_from_json,
    repairs,
    with_limits,
)
from core.segments import Not, Prop, Test, members_csv
from core.store import Query, Store
from tests.ingest.loading import column, load_text, mapping, workspace

EVENTS = mapping(user="u", item="i", event__word="e", time="t", value="v", returns="none")
USERS = Mapping("users", (column("u", "user"), column("age", "attribute", type="number"), column("city", "attribute")))
PEOPLE = pd.DataFrame({"u": [f"U{k}" for k in range(400)]})
PEOPLE["city"] = ["", "Rome", "Oslo", "Bonn"] * 100
PEOPLE["age"] = [str(20 + k % 50) if k % 8 else "" for k in range(400)]
ROWS = "u,i,e,t,v\n" + "".join(
    f"U{k % 400},i{k % 5},{'purchase' if k % 2 else 'view'},{datetime(2024, 1, 1) + timedelta(hours=2 * k)},"
    f"{'9.5' if k % 2 else ''}\n"
    for k in range(800)
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with workspace(tmp_path) as store:
        load_text(store, ROWS, EVENTS)
        load_text(store, PEOPLE.to_csv(index=False), USERS, "people.csv")
        yield store


def add(store: Store, repair: Repair) -> None:
    with store.atomic() as writer:
        add_repair(writer, repair)


CITY = Selection.of("missing", table="users", column="city")


def test_figures_as_loaded_do_not_see_repairs_and_are_compared(store: Store) -> None:
    loaded = figures(store)
    add(store, Repair(CITY, Exclude()))
    now = figures(store)
    assert figures_as_loaded(store) == loaded
    told = {one.name: one for one in compare(loaded, now)}
    gone = sum(PEOPLE.loc[k % 400, "city"] == "" for k in range(800))
    assert (told["events"].before, told["events"].after, told["events"].change) == (800, 800 - gone, -gone)
    assert told["events"].share == pytest.approx(-gone / 800)
    assert told["returned"].share is None
    add(store, Repair(Selection.of("missing", table="users", column="age"), Exclude()))
    with store.atomic() as writer:
        assert end_all(writer) == 2
        assert end_all(writer) == 0
    assert figures(store) == loaded
    assert [one.ended_at is None for one in repairs(store)] == [False, False]


def test_completeness_by_hand_and_after_a_fill(store: Store) -> None:
    found = {(one.table, one.column): one for one in completeness(store)}
    assert {name for table, name in found if table == "users"} == {"user_id", "age", "city"}
    assert (found["users", "age"].known, found["users", "age"].of) == ((PEOPLE["age"] != "").sum(), 400)
    assert found["users", "city"].missing == 100
    assert (found["events", "value"].of, found["events", "value"].events) == (400, ("purchase",)), "views have none"
    assert found["events", "user"].share == 1
    add(store, Repair(CITY, Fill("city", "mode")))
    assert {(c.table, c.column): c.missing for c in completeness(store)}["users", "city"] == 0


def test_columns_say_what_can_be_asked_of_them(store: Store) -> None:
    found = {(one.table, one.name): one for one in columns_of(store)}
    assert found["events", "price"].type == found["users", "age"].type == "number"
    assert "between" in found["users", "age"].ops
    assert "between" not in found["users", "city"].ops
    assert found["users", "age"].role == "attribute"
    assert fill_methods(store, "users", "user_id") == ()
    assert fill_methods(store, "users", "age")[0] == "median"


def test_missing_values_that_stand_together(store: Store) -> None:
    assert [c.by for c in missing_with(store, "users", "age")] == ["city"], "every eighth: always without a city"
    assert missing_with(store, "users", "user_id") == ()


def test_the_hidden_value_test_as_json_gives_repairs_that_can_be_accepted(store: Store) -> None:
    with store.atomic(data=False) as writer:
        told = json.loads(json.dumps(hidden_job(writer, no_step, table="users", column="age")))
    assert [score["error"] for score in told["scores"]] == sorted(score["error"] for score in told["scores"])
    assert sum(score["best"] for score in told["scores"]) == 1
    assert (told["missing"], told["hidden"]) == (50, 35)
    assert told["verdict"].startswith("Of ")
    for score in told["scores"]:
        repair = repair_from_json(score["repair"])
        assert repair.selection == Selection.of("missing", table="users", column="age")
        assert isinstance(repair.action, Fill)
    add(store, repair_from_json(told["scores"][0]["repair"]))
    assert store.rows(Query("SELECT count(*) AS n FROM users WHERE age IS NULL")) == [{"n": 0}]


def test_days_of_a_word(store: Store) -> None:
    assert daily_words(store) == ["purchase", "view"]
    assert daily_of(store, "view").count.sum() == 400
    assert daily_of(store, None, "revenue").count.sum() == pytest.approx(400 * 9.5)


def test_thresholds_of_a_rule_are_read_and_changed() -> None:
    limits = limits_of(Selection.of("bot", far=9.0))
    assert limits["far"] == 9.0
    assert set(limits) == {"signs", "far", "least"}
    assert with_limits(Selection.of("bot", far=9.0), limits) == Selection.of("bot", far=9.0)
    default = limits_of(Selection("bot"))
    assert with_limits(Selection.of("bot", far=9.0), default) == Selection("bot"), "what is usual is left out"
    assert limits_of(CITY) == {}


def test_filled_values_are_marked_in_lists_of_users_only_where_there_are_any(store: Store, tmp_path: Path) -> None:
    everybody = Query("SELECT user_no FROM users")
    all_of_them = Not(Prop("user_id", Test("is", ("none",))))

    def lists() -> list[list[dict[str, str]]]:
        write_people(store, everybody, tmp_path / "people.csv")
        members_csv(store, all_of_them, tmp_path / "members.csv")
        made = [(tmp_path / name).read_text("utf-8").splitlines() for name in ("people.csv", "members.csv")]
        return [list(csv.DictReader(lines)) for lines in made]

    assert not [rows for rows in lists() if "filled" in rows[0]]
    assert "filled" not in sample_people(store, everybody)
    add(store, Repair(CITY, Fill("city", "mode")))
    add(store, Repair(Selection.of("missing", table="users", column="age"), Fill("age", "median")))
    wanted = {
        row.u: "|".join(name for name in ("age", "city") if getattr(row, name) == "") for row in PEOPLE.itertuples()
    }
    for rows in lists():
        assert {row["user_id"]: row["filled"] for row in rows} == wanted
    seen = sample_people(store, everybody, 400).set_index("user_id")["filled"].fillna("")
    assert seen.to_dict() == wanted
    with store.atomic() as writer:
        end_all(writer)
    assert "filled" not in sample_people(store, everybody)
