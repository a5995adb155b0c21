"""The network and the map of users: likeness as `alike` has it, places that say what they claim."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.errors import Refusal
from core.explain import alike, network
from core.explain.map_task import map_task
from core.interactions import Interactions, build
from core.progress import no_step
from core.store import Store
from tests.explain.conftest import Maker
from tests.explain.world import did


@pytest.fixture
def shop(make: Maker) -> Store:
    """Two tastes of 8 users each; one user of neither."""
    events = [
        did(f"{taste}{user}", "view", f"{taste}{item}", "2011-10-01")
        for taste in "ab"
        for user in range(8)
        for item in range(10)
        if (user + item) % 3
    ]
    return make([*events, did("loner", "view", "nothing else", "2011-10-01")])


def test_every_tie_is_the_likeness_of_the_two(shop: Store) -> None:
    x = build(shop)
    found = network(shop, x, "a0", 7)
    assert found.people[0].user == "a0"
    assert {person.user for person in found.people} == {f"a{n}" for n in range(8)}
    middle = {tie.b for tie in found.ties if tie.a == 0}
    assert middle == set(range(1, 8))
    for tie in found.ties:
        one, other = found.people[tie.a].user, found.people[tie.b].user
        said = alike(shop, x, one, other)
        assert said is not None
        assert tie.similarity == pytest.approx(said.similarity)
        assert tie.shared == said.shared
    assert (found.people[0].x, found.people[0].y) == (0, 0)
    again = network(shop, x, "a0", 7)
    assert again == found


def test_on_paper_the_more_alike_stand_nearer(shop: Store) -> None:
    x = build(shop)
    found = network(shop, x, "a0", 7)
    at = np.array([[p.x, p.y] for p in found.people])
    apart = np.linalg.norm(at[:, None] - at[None], axis=2)
    likeness = np.array(
        [
            [
                1.0 if p.user == q.user else (said.similarity if (said := alike(shop, x, p.user, q.user)) else 0.0)
                for q in found.people
            ]
            for p in found.people
        ]
    )
    upper = np.triu_indices(len(at), 1)
    assert np.corrcoef(apart[upper], likeness[upper])[0, 1] < -0.5
    assert 0 <= found.stress < 0.6


def test_somebody_alone_has_no_network(shop: Store) -> None:
    x = build(shop)
    with pytest.raises(Refusal) as refused:
        network(shop, x, "loner", 5)
    assert refused.value.code == "nobody_alike"
    with pytest.raises(Refusal):
        network(shop, x, "a0", 1)


def test_the_map_keeps_tastes_apart_and_says_how_true_it_is(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    taste = np.repeat([0, 1, 2], 40)
    likes = np.where(taste[:, None] == np.arange(60)[None, :] % 3, 0.5, 0.03)
    x = Interactions.of((rng.random((120, 60)) < likes).astype(np.float32))
    told = map_task({"most": 100, "seed": 3, "keep": [5, 119]}, x.to_arrays(), tmp_path, no_step)
    users, places = np.load(tmp_path / "users.npy"), np.load(tmp_path / "places.npy")
    assert told["users"] == len(users) == len(places) <= 100
    assert {5, 119} <= set(users.tolist())
    assert told["kept"] > 3 * told["by_chance"]
    centres = np.stack([places[taste[users] == t].mean(axis=0) for t in range(3)])
    nearest = np.linalg.norm(places[:, None] - centres[None], axis=2).argmin(axis=1)
    assert (nearest == taste[users]).mean() > 0.9


def test_a_map_of_too_few_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refusal) as refused:
        map_task({"most": 100, "seed": 0}, Interactions.of(np.ones((5, 5))).to_arrays(), tmp_path, no_step)
    assert refused.value.code == "too_few_users"
