"""A load that takes the place of the earlier ones of its kind, and what comes back with its undo."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.errors import Refusal
from core.ingest.types import Mapping, Type
from core.ingest.undo import batches, last_batch
from core.store import Query, Store
from tests.ingest.loading import column, events, load_text, mapping, table, undo_batch, workspace

HOW = mapping(event="view", user="u", item="i", title="name", context="shop")
OLD = "u,i,name,shop\n1,a,Lamp,7\n2,b,Bed,S1\n"
NEW = "u,i,name\n2,b,Sofa\n3,c,Rug\n"
PEOPLE = mapping("users", user="u", attribute="tier", attribute__2="city")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with workspace(tmp_path) as store:
        yield store


def ids(store: Store) -> tuple[list[object], list[object]]:
    return [r["user_id"] for r in table(store, "users")], [r["item_id"] for r in table(store, "items")]


def test_events_are_replaced_and_come_back(store: Store) -> None:
    load_text(store, OLD, HOW)
    load_text(store, "u,tier,city\n1,gold,Rome\n", PEOPLE, "users.csv")
    numbers = store.rows(Query("SELECT * FROM users ORDER BY 1"))
    report = load_text(store, NEW, mapping(event="view", user="u", item="i", title="name"), mode="replace")
    assert (report.mode, report.replaced) == ("replace", (1,))
    assert events(store, "user_id", "item_id") == [("2", "b"), ("3", "c")]
    assert ids(store) == (["1", "2", "3"], ["b", "c"])  # user 1 is in the users file, which stays
    assert [r["title"] for r in table(store, "items")] == ["Sofa", "Rug"]
    assert store.rows(Query("SELECT column_name FROM columns ORDER BY 1")) == [
        {"column_name": "city"}, {"column_name": "tier"}, {"column_name": "title"},
    ]  # fmt: skip
    told = {b["batch_no"]: (b["live"], b["replaced_by"]) for b in batches(store)}
    assert told == {1: (False, 3), 2: (True, None), 3: (True, None)}
    assert last_batch(store) == 3
    gone = undo_batch(store, 3)
    assert (gone["back"], gone["events"], gone["users"], gone["items"]) == ([1], 2, 1, 1)
    assert events(store, "user_id", "item_id", "shop") == [("1", "a", "7"), ("2", "b", "S1")]
    assert [r["title"] for r in table(store, "items")] == ["Lamp", "Bed"]
    assert store.rows(Query("SELECT * FROM users ORDER BY 1")) == numbers


def test_a_replaced_load_can_be_undone_while_it_waits(store: Store) -> None:
    load_text(store, OLD, HOW)
    load_text(store, NEW, mapping(event="view", user="u", item="i"), mode="replace")
    gone = undo_batch(store, 1)
    assert (gone["events"], gone["back"], gone["users"]) == (0, [], 0)
    for name in ("parked_events", "parked_item_facts", "retired_users", "retired_items"):
        assert store.rows(Query(f"SELECT * FROM {name}")) == []
    assert "shop" not in store.read(Query("SELECT * FROM parked_events")).column_names
    undo_batch(store, 2)
    assert ids(store) == ([], [])


def test_two_replacing_loads(store: Store) -> None:
    """1 is replaced by 2, 2 by 3; with 2 undone 1 still waits for 3."""
    load_text(store, OLD, HOW)
    load_text(store, NEW, mapping(event="view", user="u", item="i"), mode="replace")
    report = load_text(store, "u,i\n9,z\n", mapping(event="view", user="u", item="i"), mode="replace")
    assert report.replaced == (2,)
    assert [b["replaced_by"] for b in batches(store)] == [2, 3, None]
    assert undo_batch(store, 2)["back"] == []
    assert [b["replaced_by"] for b in batches(store)] == [3, None, None]
    assert undo_batch(store, 3)["back"] == [1]
    assert ids(store) == (["1", "2"], ["a", "b"])


def test_values_survive_the_wait_whatever_their_type(store: Store) -> None:
    kinds = {"n": "number", "d": "date", "b": "boolean", "l": "list", "x": "text"}
    how = mapping("users", user="u", **{f"attribute__{name}": name for name in kinds})
    columns = tuple(
        c if c.role == "user" else type(c)(c.column, c.role, kinds[c.column])  # type: ignore[arg-type]
        for c in how.columns
    )
    how = type(how)("users", columns)
    text = 'u,n,d,b,l,x\n1,0.1,2024-01-01T10:00:00.000001,yes,a|b,7\n2,-0,,no,"[""a|b"",""[c""]", y\n3,1e300,,,[],\n'
    load_text(store, text, how)
    before = table(store, "users")
    load_text(store, "u,tier\n1,x\n", mapping("users", user="u", attribute="tier"), mode="replace")
    assert table(store, "users") == [{"user_id": "1", "tier": "x"}]
    undo_batch(store, 2)
    assert table(store, "users") == before
    assert [row["l"] for row in before] == [["a", "b"], ["a|b", "[c"], []]


_CHANGES = [("number", "list"), ("list", "date"), ("date", "boolean"), ("boolean", "number")]


@pytest.mark.parametrize("first, then", _CHANGES)
def test_a_column_goes_from_one_type_to_another_at_once(store: Store, first: Type, then: Type) -> None:
    cells = {"number": "7", "list": "a|b", "date": "2024-01-01", "boolean": "yes"}
    maps = [(kind, Mapping("users", (column("u", "user"), column("x", "attribute", type=kind)))) for kind in cells]
    how = dict(maps)
    load_text(store, f"u,x\n1,{cells[first]}\n2,\n", how[first])
    before = table(store, "users")
    report = load_text(store, f"u,x\n1,{cells[then]}\n2,\n", how[then], mode="replace")
    assert report.changes == {"new": 0, "changed": 1, "same": 1, "columns": {"x": 1}}
    assert table(store, "users") != before
    undo_batch(store, 2)
    assert table(store, "users") == before


def test_bytes_that_are_loaded_already(store: Store) -> None:
    load_text(store, OLD, HOW)
    with pytest.raises(Refusal, match="batch 1 of"):
        load_text(store, OLD, HOW)
    assert load_text(store, OLD, HOW, mode="replace").replaced == (1,)
    with pytest.raises(Refusal, match="batch 2 of"):
        load_text(store, OLD, HOW)
    load_text(store, NEW, mapping(event="view", user="u", item="i"), mode="replace")
    load_text(store, OLD, HOW)  # what was replaced does not stand in the way
    with pytest.raises(Refusal) as refused:
        load_text(store, OLD, HOW, mode="again")  # type: ignore[arg-type]
    assert refused.value.code == "bad_mode"


def test_what_changed(store: Store) -> None:
    load_text(store, "u,i\n1,a\n5,a\n", mapping(event="view", user="u", item="i"))
    first = load_text(store, "u,tier,city\n1,gold,Rome\n2,tin,\n3,tin,Oslo\n", PEOPLE, "1.csv")
    assert first.changes == {"new": 2, "changed": 1, "same": 1, "columns": {"city": 1, "tier": 1}}
    second = load_text(store, "u,tier,city\n1,gold,Bonn\n2,gold,Graz\n4,tin,\n3,,\n", PEOPLE, "2.csv")
    assert second.changes == {"new": 1, "changed": 2, "same": 2, "columns": {"city": 2, "tier": 1}}
    assert "1 user is new, 2 changed (city 2, tier 1), 2 are as they were." in second.notes
    third = load_text(store, "u,tier\n1,gold\n", mapping("users", user="u", attribute="tier"), "3.csv", mode="replace")
    assert third.replaced == (2, 3)
    assert third.changes == {"new": 0, "changed": 1, "same": 1, "columns": {"city": 1}, "gone": 3}
    assert load_text(store, NEW, HOW.__class__("events", HOW.columns[:2], event="view"), "4.csv").changes == {}
