"""Repairs as rules: what shows, what stays as it was loaded, and what each of them is said to have done."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.errors import Refusal
from core.ingest.types import Mapping
from core.quality import Cap, Exclude, Fill, Merge, Repair, Returns, Selection, figures
from core.quality.apply import Applied
from core.quality.repairs import add_repair, cells, end_repair, listed, move_repair, preview, reapply, repairs
from core.store import Query, Store, contacts_query
from core.store.digest import content_digest
from tests.ingest.loading import column, load_text, mapping, undo_batch, workspace
from tests.quality.rules_of_tests import in_place

EVENTS = mapping(
    user="u", item="i", event__word="e", time="t", order="o", quantity="q", value="v", context="c", returns="none"
)
ROWS = """u,i,e,t,o,q,v,c
U1,a,purchase,2024-01-01,1,2,20,x
U1,b,purchase,2024-01-02,2,1000,9990,x
u1,a,view,2024-01-02,,,,y
U2,b,purchase,2024-01-03,3,-3,-30,
U2,a,return,2024-01-04,4,-1,-10,x
,a,purchase,2024-01-05,5,1,7.5,z
U3,c,view,2024-01-06,,,,
"""
USERS = Mapping(
    "users",
    (
        column("u", "user"),
        column("age", "attribute", type="number"),
        column("city", "attribute"),
        column("mail", "contact"),
    ),
)
PEOPLE = "u,age,city,mail\nU1,30,,\nu1,,Rome,u1@x.org\nU2,,Oslo,u2@x.org\nU3,50,Bonn,\n"


@pytest.fixture(autouse=True)
def rules() -> Iterator[None]:
    with in_place():
        yield


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with workspace(tmp_path) as store:
        load_text(store, ROWS, EVENTS)
        load_text(store, PEOPLE, USERS, "people.csv")
        yield store


def add(store: Store, selection: Selection, action: Any) -> Applied:
    with store.atomic() as writer:
        return add_repair(writer, Repair(selection, action))


def pick(code: str, **params: Any) -> Selection:
    return Selection.of(code, **params)


def seen(store: Store, sql: str, *, raw: bool = False) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in store.rows(Query(sql), raw=raw)]


EVENT_ROWS = (
    "SELECT user_id, item_id, event, quantity, value::DOUBLE, order_id FROM events "
    "LEFT JOIN users USING (user_no) LEFT JOIN items USING (item_no) ORDER BY event_no"
)


def test_excluded_users_go_with_their_events_and_anonymous_events_stay(store: Store) -> None:
    before, raw = content_digest(store), seen(store, EVENT_ROWS)
    done = add(store, pick("t_named", table="users", ids=("U1", "U2")), Exclude())
    assert (done.rows, done.users, done.items, done.cells) == (4, 2, 0, 0)
    assert [row[0] for row in seen(store, EVENT_ROWS)] == ["u1", None, "U3"]
    assert seen(store, "SELECT user_id FROM users ORDER BY ALL") == [("U3",), ("u1",)]
    assert done.before is not None
    assert done.before.users == 4
    assert done.before.revenue == 9977.5
    assert done.after is not None
    assert (done.after.users, done.after.revenue) == (2, 7.5)
    assert done.after == figures(store)
    assert seen(store, EVENT_ROWS, raw=True) == raw
    with store.atomic() as writer:
        end_repair(writer, 1)
    assert content_digest(store) == before
    assert seen(store, EVENT_ROWS) == raw
    assert repairs(store)[0].ended_at is not None
    assert listed(store) == []


def test_items_take_their_events_along_and_events_go_alone(store: Store) -> None:
    done = add(store, pick("t_named", table="items", ids=("a",)), Exclude())
    assert (done.rows, done.items) == (4, 1)
    done = add(store, pick("t_above", table="events", column="quantity", limit=500), Exclude())
    assert (done.rows, done.users) == (1, 0)
    assert seen(store, EVENT_ROWS) == [("U2", "b", "purchase", -3.0, -30.0, "3"), ("U3", "c", "view", None, None, None)]
    assert ("U1",) in seen(store, "SELECT user_id FROM users")


def test_a_cap_on_quantity_keeps_the_price_and_one_on_price_the_quantity(store: Store) -> None:
    done = add(store, pick("t_every", table="events"), Cap("quantity", high=10))
    assert (done.rows, done.cells) == (1, 2)
    assert seen(store, EVENT_ROWS)[1][3:5] == (10.0, 99.9)
    assert cells(store, "events").select(["column_name", "repair_no"]).to_pylist() == [
        {"column_name": "quantity", "repair_no": 1}, {"column_name": "value", "repair_no": 1},
    ]  # fmt: skip
    done = add(store, pick("t_every", table="events"), Cap("price", low=8, high=9.99))
    assert done.rows == 4  # 10, 10, 10 and 7.5
    assert [row[4] for row in seen(store, EVENT_ROWS)] == [19.98, 99.9, None, -29.97, -9.99, 8.0, None]
    assert seen(store, "SELECT typeof(value) FROM events LIMIT 1") == [("DECIMAL(18,4)",)]
    assert done.after is not None
    assert done.before is not None
    assert done.after.revenue == pytest.approx(87.92)


def test_quantiles_are_those_of_each_kind_of_event_and_group(store: Store) -> None:
    add(store, pick("t_every", table="events"), Cap("quantity", low=0.25, high=0.75, quantiles=True, group="c"))
    # purchases of c = x: 2 and 1000, so from 251.5 to 750.5; each other kind has one value
    assert [row[3] for row in seen(store, EVENT_ROWS)] == [251.5, 750.5, None, -3.0, -1.0, 1.0, None]


def test_returns_are_purchases_that_came_back(store: Store) -> None:
    done = add(store, pick("t_named", table="users", ids=("U2",)), Exclude())
    with store.atomic() as writer:
        end_repair(writer, 1)
    done = add(store, pick("t_every", table="events"), Returns())
    assert done.rows == 4
    assert done.after is not None
    assert done.after.gross == 0
    assert {row[2] for row in seen(store, EVENT_ROWS)} == {"return", "view"}
    assert done.after.returned == 20 + 9990 + 30 + 10 + 7.5
    with pytest.raises(Refusal, match="Only events"):
        add(store, pick("t_every", table="users"), Returns())


def test_merged_users_share_events_attributes_and_contacts(store: Store) -> None:
    add(store, pick("t_every", table="users"), Merge("users", (("u1", "U1"), ("U1", "U3"))))
    assert [row[0] for row in seen(store, EVENT_ROWS)] == ["U3", "U3", "U3", "U2", "U2", None, "U3"]
    assert seen(store, "SELECT user_id, age, city FROM users ORDER BY ALL") == [
        ("U2", None, "Oslo"),
        ("U3", 50, "Bonn"),
    ]
    reached = contacts_query(["mail"])
    assert {row["c0"] for row in store.rows(reached)} == {"u1@x.org", "u2@x.org"}
    kept = seen(store, "SELECT user_no FROM users WHERE user_id = 'U3'")[0][0]
    assert [row["user_no"] for row in store.rows(reached) if row["c0"] == "u1@x.org"] == [kept]
    add(store, pick("t_every", table="users"), Merge("users", (("U3", "U2"),)))
    assert {row["user_no"]: row["c0"] for row in store.rows(reached)} == {
        seen(store, "SELECT user_no FROM users")[0][0]: "u2@x.org"
    }  # their own contact goes before others'
    assert seen(store, "SELECT user_id, age, city FROM users") == [("U2", 50, "Oslo")]


def test_ids_that_are_alike_become_one(store: Store) -> None:
    done = add(store, pick("alike_ids"), Merge("users"))
    assert (done.users, done.rows) == (1, 1)
    assert seen(store, "SELECT user_id, age, city FROM users WHERE user_id ILIKE 'u1'") == [("U1", 30, "Rome")]


@pytest.mark.parametrize(
    ("pairs", "says"),
    [
        ((("U1", "u1"), ("u1", "U1")), "circle"), ((("U1", "U1"),), "itself"),
        ((("U1", "u1"), ("U1", "U2")), "two others"), ((("U1", "nobody"),), "nobody"), ((), "No pairs"),
    ],
)  # fmt: skip
def test_pairs_that_make_no_sense_are_refused(store: Store, pairs: Any, says: str) -> None:
    with pytest.raises(Refusal, match=says) as caught:
        add(store, pick("t_every", table="users"), Merge("users", pairs))
    assert caught.value.code == "bad_repair"
    assert repairs(store) == []


def test_filled_values_are_marked_and_missing_ones_of_others_stay(store: Store) -> None:
    done = add(store, pick("t_empty", table="users", column="age"), Fill("age", "median"))
    assert (done.users, done.cells, done.rows) == (2, 2, 0)
    assert seen(store, "SELECT user_id, age FROM users ORDER BY ALL") == [
        ("U1", 30),
        ("U2", 40),
        ("U3", 50),
        ("u1", 40),
    ]
    marked = cells(store, "users")
    assert marked["column_name"].to_pylist() == ["age", "age"]
    assert cells(store, "users", marked["key"].slice(0, 1)).num_rows == 1
    add(store, pick("t_above", table="events", column="quantity", limit=500), Fill("quantity", "constant", 3))
    assert seen(store, EVENT_ROWS)[1][3:5] == (3.0, 29.97)
    with pytest.raises(Refusal, match="no value for 'age'"):
        add(store, pick("t_empty", table="users", column="age"), Fill("age", "constant", "old"))


def test_order_matters_and_can_be_changed(store: Store) -> None:
    add(store, pick("t_above", table="events", column="quantity", limit=500), Exclude())
    add(store, pick("t_every", table="events"), Cap("quantity", high=10))
    assert figures(store).revenue == -12.5
    with store.atomic() as writer:
        move_repair(writer, 2, 1)
    found = repairs(store)
    assert [(kept.repair_no, kept.place) for kept in found] == [(2, 1), (1, 2)]
    assert figures(store).revenue == 87.4
    assert found[0].done is not None
    assert found[1].done is not None
    assert found[0].done.after == found[1].done.before
    with store.atomic() as writer, pytest.raises(Refusal, match="no place 3"):
        move_repair(writer, 2, 3)


def test_a_preview_is_exact_and_keeps_nothing(store: Store) -> None:
    add(store, pick("t_named", table="users", ids=("U2",)), Exclude())
    version, digest, rule = store.version, content_digest(store), Repair(pick("t_late"), Exclude())
    told = preview(store, rule)
    assert (store.version, content_digest(store), len(repairs(store))) == (version, digest, 1)
    with store.atomic() as writer:
        assert add_repair(writer, rule) == told
    assert told.rows == 1
    assert content_digest(store) != digest


def test_what_fails_is_as_before(store: Store) -> None:
    add(store, pick("t_named", table="users", ids=("U2",)), Exclude())
    before = content_digest(store), repairs(store)
    for selection, action in (
        (pick("t_broken"), Exclude()), (pick("t_every", table="events"), Cap("colour", high=1)),
        (pick("t_every", table="events"), Cap("c", high=1)), (pick("nothing"), Exclude()),
        (pick("t_every", table="events"), Cap("price", low=1e14)),
    ):  # fmt: skip
        with pytest.raises(Refusal):
            add(store, selection, action)
        assert (content_digest(store), repairs(store)) == before


def test_a_rule_whose_column_went_with_an_undo_waits(store: Store) -> None:
    add(store, pick("t_empty", table="users", column="age"), Fill("age", "median"))
    add(store, pick("t_named", table="items", ids=("a",)), Exclude())
    undo_batch(store, 2)
    first, second = repairs(store)
    assert first.done is not None
    assert "no age" in first.done.problem
    assert first.ended_at is None
    assert second.done is not None
    assert second.done.items == 1
    load_text(store, PEOPLE, USERS, "people.csv")
    assert {row[0] for row in seen(store, "SELECT age FROM users")} == {30, 40, 50}
    again = repairs(store)[0].done
    assert again is not None
    assert again.problem == ""


def test_loads_and_undos_are_repaired_too_and_new_columns_show(store: Store) -> None:
    add(store, pick("t_above", table="events", column="quantity", limit=500), Exclude())
    more = mapping(user="u", item="i", event__word="e", time="t", quantity="q", context="colour", returns="none")
    load_text(
        store, "u,i,e,t,q,colour\nU9,d,purchase,2024-02-01,900,red\nU9,d,purchase,2024-02-01,9,blue\n", more, "m.csv"
    )
    assert seen(store, "SELECT quantity, colour FROM events WHERE colour IS NOT NULL") == [(9.0, "blue")]
    assert seen(store, "SELECT count(*) FROM events", raw=True) == [(9,)]
    again = repairs(store)[0].done
    assert again is not None
    assert again.rows == 2
    undo_batch(store, 3)
    assert seen(store, "SELECT count(*) FROM events") == [(6,)]
    with store.atomic() as writer:
        end_repair(writer, 1)
        assert reapply(writer) == []
    with workspace_beside(store) as other:
        assert content_digest(other) == content_digest(store)


def workspace_beside(store: Store) -> Any:
    folder = store.path.parent / "other"
    folder.mkdir()
    from contextlib import contextmanager

    @contextmanager
    def made() -> Iterator[Store]:
        with workspace(folder) as other:
            load_text(other, ROWS, EVENTS)
            load_text(other, PEOPLE, USERS, "people.csv")
            yield other

    return made()
