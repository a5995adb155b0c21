"""Roads where descriptions say nothing, or nothing that anybody's past has: no list may be made of zeros."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.recommend import FitSpec, fit, spec
from core.recommend.roads import Roads
from core.store import Query, Store
from tests.behaviour.world import E, build
from tests.prepared import new_store
from tests.segments.world import World, event, prepare, put

PAST = [
    *(E(user, item, "purchase", "2025-03-01") for user in ("ann", "bob") for item in ("a", "b")),
    *(E("cat", item, "purchase", "2025-03-02") for item in ("b", "c", "d")),
    *(E("guest", item, "search", "2025-03-03") for item in ("like-a", "silent", "alone")),
]
KINDS = {
    "a": "left",
    "b": "left",
    "c": "right",
    "d": "right",
    "like-a": "left",
    "alone": "elsewhere",
    "other": "elsewhere",
}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Nobody took like-a, silent, alone and other: of silent nothing is said, the last two are like each other only."""
    with build(tmp_path / "w.duckdb", PAST, categories=KINDS, silent=["fay", "gus"]) as made:
        yield made


@pytest.mark.parametrize("item", ["silent", "alone"])
def test_an_item_that_is_like_nothing_taken_goes_to_the_most_active(store: Store, item: str) -> None:
    found = Roads(store, fit(store, FitSpec(spec("item-knn")))).audience(item, 2)
    assert found.road == "active"
    assert found.users == (("cat", 3.0), ("ann", 2.0))


def test_an_item_goes_to_those_alone_whose_past_is_like_it(store: Store) -> None:
    found = Roads(store, fit(store, FitSpec(spec("item-knn")))).audience("like-a", 10)
    assert found.road == "content"
    assert [user for user, _ in found.users] == ["ann", "bob", "cat"]
    assert all(score > 0 for _, score in found.users)
    with store.atomic() as writer:
        writer.run(Query("UPDATE items SET category = 'right' WHERE item_id = 'like-a'"))
    found = Roads(store, fit(store, FitSpec(spec("item-knn")))).audience("like-a", 10)
    assert [user for user, _ in found.users] == ["cat"], "the others never took anything like it"


def test_new_items_that_are_like_nothing_of_a_user_are_not_theirs(store: Store) -> None:
    around = Roads(store, fit(store, FitSpec(spec("item-knn"))))
    assert [one.item for one in around.newcomer_items("ann", 10)] == ["like-a"]
    assert around.newcomer_items("fay", 10) == ()


@pytest.mark.parametrize(("theirs", "road"), [("France", "kind"), ("Spain", "popular")])
def test_people_of_the_same_kind_are_others_who_have_it_too(tmp_path: Path, theirs: str, road: str) -> None:
    """Nobody who ever took anything lives in France: what they take cannot be told."""
    took = [
        event(user, "purchase", "2024-03-01", item=item) for user, item in (("ann", "a"), ("bob", "b"), ("cat", "b"))
    ]
    world = World({"never": {"country": "France"}, "ann": {"country": theirs}}, {}, tuple(took))
    with new_store(tmp_path / "kinds.duckdb") as made:
        prepare(made)
        put(made, world)
        found = Roads(made, fit(made, FitSpec(spec("popular")))).answer("never", 2)
    assert found.road == road
    assert {one.item for one in found.items} == {"a", "b"}
    assert ("(country)" in found.words) == (road == "kind")
