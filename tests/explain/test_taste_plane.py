"""Items on two tastes, and the users of an end: against the turned factors themselves."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pytest

from core.errors import Refusal
from core.explain import MapSpec, prepare_map, publish_map, read_map, taste_plane, taste_users, tastes, turned
from core.figures import Parts, map_figure, taste_name, taste_plane_figure, taste_weights_figure
from core.interactions import build
from core.recommend import Recommender, make, spec
from core.store import Query, Store
from tests.explain.conftest import Maker
from tests.explain.world import did


@pytest.fixture
def shop(make: Maker) -> Store:
    """Two tastes of 16 users each."""
    return make(
        [
            did(f"{taste}{user}", "view", f"{taste}{item}", "2011-10-01")
            for taste in "ab"
            for user in range(16)
            for item in range(8)
            if (user + item) % 3
        ]
    )


@pytest.fixture
def model(shop: Store) -> Recommender:
    return make(spec("nmf", {"factors": 2})).fit(build(shop), seed=0)


def test_two_themes_stand_on_two_axes(shop: Store, model: Recommender) -> None:
    plane = taste_plane(shop, model, 1, 2)
    found = turned(model)
    assert len(plane.points) == plane.of == 16
    row = {point.item: point for point in plane.points}
    for column in range(16):
        point = row[model.x.items.raw(column)]
        wanted = found.items[column] / np.abs(found.items).max(axis=0)
        assert (point.x, point.y) == pytest.approx(tuple(wanted))
    sides = {point.item[0]: point.x > point.y for point in plane.points}
    assert sides["a"] != sides["b"], "each theme has an axis of its own"
    assert len(taste_plane(shop, model, 1, 2, most=3, named=1).points) in (3, 4)
    figure = taste_plane_figure(plane, "1", "2")
    assert sum(len(trace.x) for trace in figure.data) == 16
    with pytest.raises(Refusal, match="no taste 3"):
        taste_plane(shop, model, 1, 3)


def test_users_of_a_taste_strongest_first(shop: Store, model: Recommender) -> None:
    told = tastes(shop, model, found=turned(model))
    assert told == tastes(shop, model)
    for taste in told:
        ids = {int(str(r["user_no"])): r["user_id"] for r in shop.rows(Query("SELECT user_no, user_id FROM users"))}
        users = [ids[number] for number in taste_users(model, taste.number, most=8)]
        assert users == [pole.id for pole in taste.high.users][:8]
        assert taste_users(model, taste.number, low=True) == (), "themes only add"
        assert taste_name(taste).startswith(f"{taste.number} · ")
    assert sum(taste_weights_figure(told).data[0].y) == pytest.approx(100)
    with pytest.raises(Refusal) as refused:
        turned(make(spec("popular")).fit(model.x, seed=0))
    assert refused.value.code == "no_tastes"


def test_a_kept_map_is_read_with_ids_of_users_who_are_there(shop: Store) -> None:
    asked = MapSpec(most=5, keep=(1,))
    assert set(prepare_map(shop, asked)) >= {"x_indptr", "x_indices"}

    class Left:
        result: ClassVar = {"users": 3, "of": 9, "near": 2, "kept": 0.5, "by_chance": 0.1}
        arrays: ClassVar = {
            "users": np.array([1, 2, 10_000]),
            "places": np.array([[0, 1], [2, 3], [4, 5]], dtype=np.float32),
        }

    kept = publish_map(None, Left())  # type: ignore[arg-type]  # the writer is not asked
    found = read_map(shop, kept)
    assert found.numbers == (1, 2), "the third is no user of these data"
    assert (found.x, found.y, found.kept) == ((0, 2), (1, 3), 0.5)
    figure = map_figure(found, Parts(("A",), (0, -2), 0), found.users[0])
    assert [trace.name for trace in figure.data] == ["A", "In none", "The chosen user"]
    assert [trace.customdata[0][0] for trace in figure.data[:2]] == [0, 1]
