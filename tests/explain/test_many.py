"""Reasons for a whole list: the sentences of the pages, and no other customer in any of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pytest

from core.explain import many, reasons, recommended
from core.interactions import MatrixSpec, build
from core.recommend import Recommender, make, spec
from core.store import Query, Store
from tests.explain.conftest import Maker
from tests.explain.world import did

EVENTS = [
    did("ann", "purchase", "lamp", "2011-10-01", order_id="o1", quantity=2.0),
    did("ann", "view", "bulb", "2011-09-03"),
    did("ann", "purchase", "rug", "2011-09-03", quantity=1.0),
    did("ann", "view", "rug", "2011-09-02"),
    did("ann", "return", "rug", "2011-09-08", quantity=-1.0),
    did("bob", "view", "lamp", "2011-09-03"),
    did("bob", "cart", "pot", "2011-09-03"),
    *[did(f"secret{n:02}", "view", item, "2011-11-05") for n in range(12) for item in ("lamp", "sofa", "bulb")],
    did("late", "view", "lamp", "2012-11-05"),
]
ITEMS = {"lamp": {"title": "Lamp"}, "bulb": {"title": "Bulb, warm"}, "sofa": {"title": "Sofa"}, "new": {"title": "New"}}


@pytest.fixture
def shop(make: Maker) -> Store:
    return make(EVENTS, items=ITEMS, roles={("items", "title"): "title"})


def fitted(store: Store, name: str = "item-knn", **matrix: Any) -> Recommender:
    return make(spec(name)).fit(build(store, MatrixSpec(**matrix)), seed=0)


def nos(store: Store, table: str, *raw: str) -> list[int]:
    rows = store.rows(Query(f"SELECT {table}_id AS id, {table}_no AS no FROM {table}s"))
    known = {str(row["id"]): int(row["no"]) for row in rows}
    return [known[name] for name in raw]


def test_each_row_has_the_sentence_of_the_pages(shop: Store) -> None:
    model = fitted(shop)
    x = model.x
    names = ["ann", "bob", "secret03"]
    lists = {name: recommended(shop, model, name, 3) for name in names}
    pairs = [(name, line.item, line.sentence) for name, found in lists.items() for line in found]
    assert len(pairs) >= 4
    told = reasons(shop, model, nos(shop, "user", *(p[0] for p in pairs)), nos(shop, "item", *(p[1] for p in pairs)))
    assert told == [sentence for *_, sentence in pairs]
    assert x.shape[0] == 15


def test_it_speaks_of_each_users_own_deeds(shop: Store) -> None:
    users = nos(shop, "user", "ann", "bob", "bob")
    told = reasons(shop, fitted(shop), users, [*nos(shop, "item", "pot", "sofa"), -1])
    assert "they bought Lamp" in told[0]
    assert "they viewed Lamp" in told[1]
    assert told[2] == ""


def test_who_and_what_the_matrix_lacks(shop: Store) -> None:
    users, items = nos(shop, "user", "ann", "ann"), nos(shop, "item", "new", "pot")
    assert set(reasons(shop, fitted(shop, weights=(("cart", 0.0),)), users, items)) == {many._UNKNOWN}
    until = datetime(2012, 1, 1)
    late = nos(shop, "user", "late")
    told = reasons(shop, fitted(shop, until=until), late, nos(shop, "item", "sofa"))
    assert told == ["No reason can be given, since this user has no history that the model uses."]
    told = reasons(shop, fitted(shop, "popular", until=until), late, nos(shop, "item", "sofa"))
    assert told == ["Suggested because 12 users took an interest in it; this list is the same for everyone."]
    assert reasons(shop, fitted(shop), [], []) == []
    with pytest.raises(ValueError, match="1 users for 0 items"):
        reasons(shop, fitted(shop), late, [])


@pytest.mark.parametrize(("speakers", "spoken"), [(9, False), (10, True)])
def test_similar_users_are_spoken_of_from_ten_on(make: Maker, speakers: int, spoken: bool) -> None:
    events = [did(f"u{n}", "view", item, "2011-11-05") for n in range(speakers) for item in ("lamp", "sofa")]
    store = make([*events, did("ann", "view", "lamp", "2011-11-05")])
    (told,) = reasons(store, fitted(store), nos(store, "user", "ann"), nos(store, "item", "sofa"))
    assert ("similar users" in told) is spoken
    assert ("10 similar users" in told) is spoken


@dataclass
class _Counting:
    """A store that counts its questions."""

    store: Store
    asked: int = 0

    def rows(self, query: Query, **more: Any) -> list[dict[str, Any]]:
        self.asked += 1
        return self.store.rows(query, **more)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)

    def __hash__(self) -> int:
        return id(self)


def test_the_workspace_is_asked_once_a_portion(shop: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    model = fitted(shop)
    users, items = model.x.users.numbers, np.full(15, nos(shop, "item", "sofa")[0])
    whole = reasons(shop, model, users, items)
    counted = []
    for size in (1_000, 5):
        monkeypatch.setattr(many, "_AT_A_TIME", size)
        store = _Counting(shop)
        assert reasons(store, model, users, items) == whole  # type: ignore[arg-type]
        counted.append(store.asked)
    assert counted[0] <= 3, "deeds, titles, and which columns are titles"
    assert counted[1] <= counted[0] + 2 * 3
