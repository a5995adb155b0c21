"""What the hidden tastes are about: planted tastes are found and named, and the figures are those of the model."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from core.errors import Refusal
from core.explain import tastes
from core.interactions import build
from core.recommend import make, spec
from core.recommend.rotate import readable
from core.store import Store
from tests.explain.conftest import Maker
from tests.explain.world import did

CATEGORIES = ("Garden", "Toys", "Lamps")


@pytest.fixture
def planted(make: Maker) -> Store:
    """45 users, 15 to a category of 8 items: each takes 6 of those, and one of another category."""
    rng = np.random.default_rng(0)
    events: list[dict[str, Any]] = []
    for user in range(45):
        own = user % 3
        chosen = [(own, int(n)) for n in rng.permutation(8)[:6]] + [((own + 1) % 3, int(rng.integers(8)))]
        events += [did(f"u{user:02}", "purchase", f"{c}-{n}", "2024-01-01") for c, n in chosen]
    items = {
        f"{c}-{n}": {"kind": name, "name": f"{name[:-1]} thing no {n}"}
        for c, name in enumerate(CATEGORIES)
        for n in range(8)
    }
    return make(events, items=items, roles={("items", "kind"): "category", ("items", "name"): "title"})


def test_themes_are_named_by_their_category(planted: Store) -> None:
    model = make_model(planted, "nmf", factors=3, epochs=100)
    told = tastes(planted, model, most=5)
    assert [one.number for one in told] == [1, 2, 3]
    assert sum(one.weight for one in told) == pytest.approx(1)
    assert {one.of for one in told} == {"scores"}
    named = set()
    for one in told:
        assert one.low is None
        first = one.high.common[0]
        assert first.kind == "category"
        assert first.lift > 1.5
        assert f"“{first.value}”" in one.high.words
        kind = CATEGORIES.index(first.value)
        assert {pole.id[0] for pole in one.high.items} == {str(kind)}
        assert {int(pole.id[1:]) % 3 for pole in one.high.users} == {kind}
        assert one.high.items[0].value == 1
        assert [p.value for p in one.high.items] == sorted((p.value for p in one.high.items), reverse=True)
        assert one.high.items[0].label.startswith(first.value[:-1])
        named.add(first.value)
    assert named == set(CATEGORIES)


@pytest.mark.parametrize("name", ["ials", "puresvd", "bpr"])
def test_the_ends_are_the_extremes_of_the_model(planted: Store, name: str) -> None:
    model = make_model(planted, name, factors=4)
    found, told = readable(model), tastes(planted, model, most=4)
    assert len(told) == len(found.weights)
    for k, one in enumerate(told):
        assert one.low is not None
        for sign, end in ((1, one.high), (-1, one.low)):
            for side, ids, poles in (
                (found.items, model.x.items, end.items),
                (found.users, model.x.users, end.users),
            ):
                values = sign * side[:, k]
                rows = [ids.row(pole.id) for pole in poles]
                assert len(rows) == min(4, int((values > 0).sum()))
                np.testing.assert_allclose(values[rows], np.sort(values)[::-1][: len(rows)])
                largest = np.abs(side[:, k]).max()
                np.testing.assert_allclose([p.value for p in poles], values[rows] / largest)


def test_lift_is_the_share_at_the_end_against_the_share_of_all(planted: Store) -> None:
    model = make_model(planted, "nmf", factors=3, epochs=100)
    for one in tastes(planted, model):
        poles = tastes(planted, model, most=20)[one.number - 1].high.items
        ids = [pole.id for pole in poles if pole.value >= 0.25]
        for common in one.high.common:
            if common.kind == "category":
                place = str(CATEGORIES.index(common.value))
                assert common.items == sum(id_[0] == place for id_ in ids)
                assert common.of == len(ids)
                assert common.lift == pytest.approx(common.items / len(ids) / (8 / 24))


def test_without_titles_and_categories_items_speak(make: Maker) -> None:
    store = make([did(f"u{u}", "purchase", f"i{u % 4}{n}", "2024-01-01") for u in range(12) for n in range(3)])
    told = tastes(store, make_model(store, "nmf", factors=2))
    assert told
    assert not told[0].high.common
    assert told[0].high.items[0].label in told[0].high.words


def test_what_cannot_be_told_is_refused(planted: Store) -> None:
    with pytest.raises(Refusal) as refused:
        tastes(planted, make_model(planted, "popular"))
    assert refused.value.code == "no_tastes"
    with pytest.raises(Refusal) as bad:
        tastes(planted, make_model(planted, "nmf"), most=0)
    assert bad.value.code == "bad_most"


def make_model(store: Store, name: str, **params: Any) -> Any:
    return make(spec(name, params)).fit(build(store))
