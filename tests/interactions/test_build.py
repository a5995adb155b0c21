"""The matrix: every weight counted by eye on a hand-made shop, and again by pandas on the sample."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from importlib import import_module
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.errors import Refusal
from core.interactions import Interactions, MatrixSpec, build
from core.recommend import make, spec
from core.store import Query, Store
from tests.behaviour.world import E
from tests.behaviour.world import build as shop_of
from tests.prepared import copied, new_store

SHOP = [
    E("ann", "mug", "view", "2025-03-01"),
    E("ann", "mug", "view", "2025-03-11"),
    E("ann", "mug", "purchase", "2025-03-11", "o1", 1, 5),
    E("ann", "tea", "purchase", "2025-03-02", "o2", 2, 9),
    E("ann", "tea", "view", "2025-03-03"),
    E("ann", "tea", "return", "2025-03-05", "o2", -2, -9),  # all went back: only the view is left
    E("bob", "tea", "purchase", "2025-03-04", "o3", 2, 9),
    E("bob", "tea", "return", "2025-03-05", "o3", -1, -4.5),  # one of two went back: bought
    E("bob", "pot", "impression", "2025-03-05"),
    E("bob", None, "search", "2025-03-05"),
    E(None, "pot", "purchase", "2025-03-06", "o4", 1, 20),
    E("cat", "pot", "hug", "2025-03-06"),  # a word of the analyst's own
]


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Store]:
    with shop_of(tmp_path / "shop.duckdb", SHOP) as store:
        yield store


def pairs(x: Interactions) -> dict[tuple[str, str], float]:
    coo = x.matrix.tocoo()
    return {
        (x.users.raw(int(u)), x.items.raw(int(i))): float(w) for u, i, w in zip(coo.row, coo.col, coo.data, strict=True)
    }


def test_weights_by_eye(shop: Store) -> None:
    x = build(shop)
    assert pairs(x) == {
        ("ann", "mug"): 1 + 1 + 8,
        ("ann", "tea"): 1,
        ("bob", "tea"): 8,
        ("cat", "pot"): 1,
    }
    assert x.facts["events"] == 6 + 1  # what was bought and went back is counted as an event that weighs
    assert x.matrix.dtype == np.float32
    assert x.version == shop.version
    assert x.until == datetime(2025, 3, 11, 0, 0, 0, 1)


def test_own_weights_and_none(shop: Store) -> None:
    spec = MatrixSpec(weights=(("view", 0.0), ("hug", 2.5), ("impression", 0.5)))
    assert pairs(build(shop, spec)) == {
        ("ann", "mug"): 8,
        ("bob", "tea"): 8,
        ("bob", "pot"): 0.5,
        ("cat", "pot"): 2.5,
    }


def test_returns_never_weigh(shop: Store) -> None:
    assert pairs(build(shop, MatrixSpec(weights=(("return", 50.0),)))) == pairs(build(shop))


def test_decay_halves_with_each_half_life(shop: Store) -> None:
    until = datetime(2025, 3, 11) + timedelta(days=10)
    x = build(shop, MatrixSpec(half_life=10, until=until))
    assert pairs(x)["ann", "mug"] == pytest.approx(0.25 + 0.5 + 8 * 0.5, rel=1e-6)


@pytest.mark.parametrize("rated", [False, True])  # ratings go another road
def test_a_half_life_never_forgets_that_something_was_done(tmp_path: Path, rated: bool) -> None:
    """After 40 half-lives a purchase weighs next to nothing; it is there all the same, and no list offers it again."""
    old = [E("ann", "mug", "purchase", "2024-01-01", "o1", 1, 5), E("bob", "tea", "view", "2024-01-01")]
    back = [E("cat", "mug", what, "2024-01-02", "o2", n, 5 * n) for what, n in (("purchase", 1), ("return", -1))]
    now = [E("bob", "mug", "view", "2024-12-31"), E("ann", "pot", "view", "2024-12-31")]
    stars = [E("dan", "pot", "rating", "2024-01-01"), E("dan", "tea", "rating", "2024-12-30")]
    with shop_of(tmp_path / "shop.duckdb", [*old, *back, *now, *(stars if rated else [])]) as store:
        with store.atomic() as writer:
            writer.run(
                "UPDATE events SET rating = CASE WHEN at_utc < '2024-06-01' THEN 4 ELSE 0 END WHERE event = 'rating'"
            )
        plain, faded = build(store), build(store, MatrixSpec(half_life=9))
        assert set(pairs(plain)) == set(pairs(faded))
        assert ("cat", "mug") not in pairs(faded), "what was wholly returned is not there"
        assert 0 < pairs(faded)["ann", "mug"] < 1e-8
        assert faded.facts["users_dropped"] == 0
        if rated:
            assert 0 < pairs(faded)["dan", "pot"] < 1e-8
            assert ("dan", "tea") not in pairs(faded), "a rating of 0 weighs nothing"
        for name in ("item-knn", "ease", "ials", "popular"):
            lists = make(spec(name)).fit(faded).recommend(np.arange(faded.shape[0]), 3)
            for row, items in enumerate(lists.items):
                assert not {faded.items.raw(int(i)) for i in items if i >= 0} & {
                    item for user, item in pairs(plain) if user == faded.users.raw(row)
                }


def test_window_and_until_are_half_open(shop: Store) -> None:
    until = datetime(2025, 3, 11)
    assert pairs(build(shop, MatrixSpec(until=until)))["ann", "mug"] == 1
    inside = build(shop, MatrixSpec(until=until, window=7))  # from 4 March on
    assert pairs(inside) == {("bob", "tea"): 8, ("cat", "pot"): 1}


def test_first_seen_is_the_first_event_that_weighs(shop: Store) -> None:
    x = build(shop)
    assert x.first_seen is not None
    first = dict(zip(pairs(x), x.first_seen, strict=True))
    assert datetime(1970, 1, 1) + timedelta(microseconds=int(first["ann", "tea"])) == datetime(2025, 3, 2)
    only = build(shop, MatrixSpec(weights=(("purchase", 0.0),)))
    assert only.first_seen is not None
    assert datetime(1970, 1, 1) + timedelta(microseconds=int(only.first_seen[1])) == datetime(2025, 3, 3)


def test_least_activity_is_repeated_until_both_hold(tmp_path: Path) -> None:
    # dropping item c (one user) leaves u3 with one item, and dropping u3 leaves item b with one user, and so on
    taken = {"u1": "ab", "u2": "a", "u3": "bc", "u4": "ade", "u5": "de"}
    events = [E(u, i, "view", "2025-03-01") for u, items in taken.items() for i in items]
    with shop_of(tmp_path / "core.duckdb", events) as store:
        x = build(store, MatrixSpec(least_user_items=2, least_item_users=2))
    assert pairs(x) == {(u, i): 1 for u in ("u4", "u5") for i in "de"}
    assert (x.facts["users_dropped"], x.facts["items_dropped"]) == (3, 3)


def test_ratings_are_the_latest_and_not_summed(tmp_path: Path) -> None:
    events = [E("ann", f"i{k}", "rating", "2025-03-01") for k in range(6)] + [E("ann", "i0", "rating", "2025-03-09")]
    with shop_of(tmp_path / "rated.duckdb", events) as store:
        with store.atomic() as w:
            w.run("UPDATE events SET rating = item_no::DOUBLE")  # i0 .. i5: 0 .. 5 stars
            w.run("UPDATE events SET rating = 2 WHERE item_no = 0 AND at_utc = '2025-03-09'")
            w.run("UPDATE events SET rating = 3.5 WHERE item_no = 0 AND at_utc = '2025-03-01'")
        weights = pairs(build(store))
        assert weights == {("ann", f"i{k}"): pytest.approx({0: 2}.get(k, k)) for k in range(6)}


def test_one_mistyped_rating_does_not_shrink_the_rest(tmp_path: Path) -> None:
    events = [E(f"u{k}", "mug", "rating", "2025-03-01") for k in range(300)]
    with shop_of(tmp_path / "typo.duckdb", events) as store:
        with store.atomic() as w:
            w.run("UPDATE events SET rating = 4 + user_no % 2")
            w.run("UPDATE events SET rating = 55 WHERE user_no = 7")
        x = build(store)
        assert x.facts["top_rating"] == 5
        assert sorted(set(x.matrix.data.tolist())) == [4.0, 5.0]


def test_a_weight_for_an_event_that_nobody_knows_is_refused(shop: Store) -> None:
    with pytest.raises(Refusal, match="There is no event 'veiw'") as refused:
        build(shop, MatrixSpec(weights=(("veiw", 0.0),)))
    assert refused.value.code == "unknown_event"
    assert "In these data: " in refused.value.hint
    for word in ("view", "hug", "comment"):  # in the data, the analyst's own, in the vocabulary alone
        assert word in refused.value.hint
        build(shop, MatrixSpec(weights=((word, 0.5),)))


def test_nothing_to_build_from_is_refused(shop: Store, tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="no user has done") as refused:
        build(shop, MatrixSpec(least_user_items=9))
    assert refused.value.code == "no_interactions"
    with pytest.raises(Refusal, match="weigh anything"):
        build(shop, MatrixSpec(weights=(("view", 0), ("purchase", 0), ("hug", 0))))
    with new_store(tmp_path / "empty.duckdb") as empty, pytest.raises(Refusal):
        build(empty)


def test_without_times(tmp_path: Path) -> None:
    with shop_of(tmp_path / "timeless.duckdb", [E("ann", "mug", "view", None), E("bob", "mug", "view", None)]) as store:
        x = build(store)
        assert x.first_seen is None
        assert x.until is None
        assert len(pairs(x)) == 2
        with pytest.raises(Refusal, match="no times"):
            build(store, MatrixSpec(half_life=30))


def test_an_untimed_event_among_timed_ones(tmp_path: Path) -> None:
    events = [E("ann", "mug", "view", None), E("bob", "mug", "view", "2025-03-02")]
    with shop_of(tmp_path / "mixed.duckdb", events) as store:
        x = build(store)
        assert set(pairs(x)) == {("ann", "mug"), ("bob", "mug")}
        assert x.first_seen is not None
        assert x.first_seen[0] == np.iinfo(np.int64).min
        assert set(pairs(build(store, MatrixSpec(half_life=5)))) == {("bob", "mug")}


@pytest.mark.parametrize(
    "spec",
    [
        MatrixSpec(),
        MatrixSpec(half_life=20),
        MatrixSpec(window=30, weights=(("impression", 0.3), ("purchase", 0.0))),
        MatrixSpec(until=datetime(2025, 2, 1), least_user_items=4, least_item_users=9),
    ],
    ids=["plain", "half-life", "window", "least activity"],
)
def test_two_roads_to_the_same_bytes(odd_shop: Store, spec: MatrixSpec, monkeypatch: pytest.MonkeyPatch) -> None:
    """Events added up here, and by SQL, which alone takes more of them than fit in memory."""
    x = build(odd_shop, spec)
    module = import_module("core.interactions.build")  # the package's `build` is the function
    monkeypatch.setattr(module, "MOST_EVENTS", 0)
    monkeypatch.setattr(module, "of_events", None)
    other = build(odd_shop, spec)
    assert x.facts == other.facts
    assert x.facts["pairs"] > 500
    ours, theirs = x.to_arrays(), other.to_arrays()
    assert ours.keys() == theirs.keys()
    for name, array in ours.items():
        assert array.dtype == theirs[name].dtype, name
        assert array.tobytes() == theirs[name].tobytes(), name


@pytest.fixture(scope="module")
def odd_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """Repeated pairs, whole and half returns, anonymous and untimed events, and items that nobody names."""
    events = """
        INSERT INTO events BY NAME SELECT
            CASE WHEN hash(i, 1) % 20 > 0 THEN (hash(i, 2) % 97 * 3)::INTEGER END AS user_no,
            CASE WHEN hash(i, 3) % 20 > 0 THEN (hash(i, 4) % 31 * 5)::INTEGER END AS item_no,
            ['view', 'impression', 'purchase', 'return', 'hug'][1 + (hash(i, 5) % 5)::INTEGER] AS event,
            CASE WHEN hash(i, 6) % 9 > 0 THEN TIMESTAMP '2025-03-01' - to_minutes((hash(i, 7) % 90_000)::INTEGER)
                END AS at_utc,
            CASE WHEN hash(i, 8) % 3 > 0 THEN CASE event WHEN 'return' THEN -1 ELSE 1 + hash(i, 9) % 2 END END
                AS quantity,
            1 AS batch_no
        FROM range(9_000) t(i)"""
    with shop_of(tmp_path_factory.mktemp("odd") / "odd.duckdb", SHOP) as store:
        with store.atomic() as w:
            w.run("DELETE FROM events")
            w.run("DELETE FROM users")
            w.run("DELETE FROM items")
            w.run("INSERT INTO users SELECT i, 'u' || i FROM range(300) t(i)")
            w.run("INSERT INTO items SELECT i, 'i' || i FROM range(200) t(i)")
            w.run(events)
        yield store


@pytest.mark.slow
def test_the_sample_against_pandas(sample_workspace: Path, tmp_path: Path) -> None:
    """The same matrix from the events as a data frame, one pair at a time by hand-written rules."""
    with Store(copied(sample_workspace, tmp_path)) as store:
        spec = MatrixSpec(half_life=60, window=200, least_user_items=2, least_item_users=3)
        x = build(store, spec)
        again = build(store, spec)
        events = store.read(Query("SELECT user_no, item_no, event, at_utc, quantity, rating FROM events")).to_pandas()
        end = store.as_of()
    assert end is not None
    assert np.array_equal(x.matrix.data, again.matrix.data)
    assert np.array_equal(x.matrix.indices, again.matrix.indices)
    events = events[(events.at_utc < end) & (events.at_utc >= end - timedelta(days=200))]
    events = events.dropna(subset=["user_no", "item_no"])
    decay = 0.5 ** ((end - events.at_utc) / timedelta(days=60))
    weigh = events.event.map(lambda e: MatrixSpec().weight(e)) * decay
    others = weigh[~events.event.isin(["rating", "purchase"])]
    keys = [events.user_no, events.item_no]
    weight = others.groupby(keys).sum()
    trade = events[events.event.isin(["purchase", "return"])]
    units = trade.quantity.fillna(trade.event.map({"purchase": 1, "return": -1})).groupby(keys).sum()
    returned = trade.event.eq("return").groupby(keys).any() & (units <= 0)
    bought = weigh[events.event == "purchase"].groupby(keys).sum()
    weight = weight.add(bought[~returned.reindex(bought.index, fill_value=False)], fill_value=0)
    rated = events[(events.event == "rating") & events.rating.notna()].assign(decay=decay)
    latest = rated.sort_values(["at_utc", "rating"]).groupby(["user_no", "item_no"]).last()
    top = float(x.facts["top_rating"])
    weight = weight.add(5 * (latest.rating / top).clip(0, 1) * latest.decay, fill_value=0)
    table = weight[weight > 1e-9].reset_index(name="w")
    while True:
        enough = table.groupby("user_no").w.transform("size").ge(2) & table.groupby("item_no").w.transform("size").ge(3)
        if enough.all():
            break
        table = table[enough]
    mine = x.matrix.tocoo()
    found = pd.DataFrame({"u": x.users.numbers[mine.row], "i": x.items.numbers[mine.col], "mine": mine.data})
    both = table.merge(found, left_on=["user_no", "item_no"], right_on=["u", "i"], how="outer")
    assert len(both) == len(table) == len(found) > 30_000
    assert np.allclose(both.w, both.mine, rtol=1e-5, atol=3e-9)
