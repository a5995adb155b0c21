"""What is held out: by hand, by a literal twin, and laws (disjoint parts, row order, no leak over the cut)."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from core.errors import Refusal
from core.evaluate import CompareSpec, Parts, by_user, compare, draw_users, hold_out
from core.evaluate.split import _spread, mixed
from core.interactions import IdMap, Interactions, MatrixSpec
from core.recommend import spec
from core.store import Store
from tests.behaviour.world import E, build

# ann's last new item is tea (she comes back to mug later), bob took pot and urn at one moment, cat has two items only
VISITS = [
    E("ann", "mug", "view", "2025-03-01"),
    E("ann", "pot", "view", "2025-03-02"),
    E("ann", "tea", "view", "2025-03-03"),
    E("ann", "mug", "purchase", "2025-03-09"),
    E("bob", "mug", "view", "2025-03-01"),
    E("bob", "tea", "view", "2025-03-02"),
    E("bob", "urn", "view", "2025-03-04"),
    E("bob", "pot", "view", "2025-03-04"),
    E("cat", "tea", "view", "2025-03-01"),
    E("cat", "urn", "view", "2025-03-02"),
    E("dan", "pot", "view", "2025-03-01"),
    E("dan", "urn", "view", "2025-03-02"),
    E("dan", "hat", "view", "2025-03-03"),  # nobody else ever saw the hat
]


@pytest.fixture
def visits(tmp_path: Path) -> Store:
    return build(tmp_path / "visits.duckdb", VISITS)


def named(parts: Parts) -> dict[str, set[str]]:
    """User -> held-out items, by raw ids."""
    return {
        parts.fit.users.raw(int(row)): {parts.fit.items.raw(int(c)) for c in parts.relevant[[n]].indices}
        for n, row in enumerate(parts.users)
    }


def learnt(parts: Parts) -> set[tuple[str, str]]:
    coo = parts.fit.matrix.tocoo()
    return {(parts.fit.users.raw(int(u)), parts.fit.items.raw(int(i))) for u, i in zip(coo.row, coo.col, strict=True)}


def test_leave_last_out_by_hand(visits: Store) -> None:
    """Numbers follow first mention: mug 0, pot 1, tea 2, urn 3, hat 4; so bob's tie of pot and urn ends with urn."""
    parts = hold_out(visits, MatrixSpec())
    assert named(parts) == {"ann": {"tea"}, "bob": {"urn"}}
    assert learnt(parts) == {
        ("ann", "mug"),
        ("ann", "pot"),
        ("bob", "mug"),
        ("bob", "tea"),
        ("bob", "pot"),
        ("cat", "tea"),
        ("cat", "urn"),
        ("dan", "pot"),
        ("dan", "urn"),
    }
    assert dict(parts.facts) == {
        "users_skipped": 1,  # cat
        "users_unknown": 0,
        "items_unknown": 1,  # dan's hat: no model can know it
        "pairs_unknown": 1,
        "users_tied": 1,  # bob
        "users_timeless": 0,
        "cut": None,
        "until": "2025-03-09T00:00:00.000001",
    }


def test_of_users_without_times_an_item_is_drawn_and_not_called_one_order(tmp_path: Path) -> None:
    """Beside users with times: the last by the alphabet would say nothing, and their items were not taken at once."""
    events = [
        E(f"u{u:03}", f"i{i:02}", "view", None if u % 2 else f"2025-03-{1 + i:02}")
        for u in range(80)
        for i in range(10)
    ]
    with build(tmp_path / "w.duckdb", events) as store:
        parts = hold_out(store, MatrixSpec())
        found = named(parts)
        assert {user: items for user, items in found.items() if int(user[1:]) % 2 == 0} == {
            f"u{u:03}": {"i09"} for u in range(0, 80, 2)
        }
        drawn = [item for user, items in found.items() if int(user[1:]) % 2 for item in items]
        assert (len(drawn), len(set(drawn)) > 6) == (40, True)
        assert (parts.facts["users_tied"], parts.facts["users_timeless"]) == (0, 40)
        assert named(hold_out(store, MatrixSpec())) == found, "the same again"
        choose = named(hold_out(store, MatrixSpec(), part="choose"))
        assert not [user for user, items in choose.items() if items & found.get(user, set())]
        notes = " ".join(compare(store, CompareSpec((spec("item-knn"),), k=3)).notes)
        assert "For 40 users no time is known: which of their items was held out was drawn." in notes
        assert "order" not in notes


def test_choose_is_the_item_before_and_knows_nothing_of_report(visits: Store) -> None:
    parts = hold_out(visits, MatrixSpec(), part="choose")
    assert named(parts) == {"ann": {"pot"}, "bob": {"pot"}, "dan": {"urn"}}
    assert learnt(parts) == {
        ("ann", "mug"),
        ("bob", "mug"),
        ("bob", "tea"),
        ("cat", "tea"),
        ("cat", "urn"),
        ("dan", "pot"),
    }


def test_the_least_activity_holds_for_the_part_to_learn_from(tmp_path: Path) -> None:
    """Three items are asked for: with the report item gone, ann, cat and dan have two; bob, eve and fay have three."""
    more = [
        E(u, i, "view", f"2025-03-0{d}") for u in ("eve", "fay") for d, i in enumerate(("mug", "pot", "urn", "tea"), 1)
    ]
    parts = hold_out(build(tmp_path / "more.duckdb", VISITS + more), MatrixSpec(least_user_items=3))
    assert {user for user, _ in learnt(parts)} == {"bob", "eve", "fay"}
    assert named(parts) == {"bob": {"urn"}, "eve": {"tea"}, "fay": {"tea"}}
    assert parts.facts["users_unknown"] == 2, "ann and dan; cat is skipped"


def test_the_least_activity_can_leave_nobody_to_judge(visits: Store) -> None:
    with pytest.raises(Refusal) as refusal:
        hold_out(visits, MatrixSpec(least_user_items=4))
    assert refusal.value.code == "nothing_held_out"


# Ten days, 1 March 00:00 to 10 March 23:59:59.999999; the last event is at 23:59:59.999998
DAYS = [
    E("ann", "mug", "view", "2025-03-01 00:00"),
    E("ann", "pot", "view", "2025-03-05 12:00"),
    E("ann", "mug", "purchase", "2025-03-10 08:00"),  # not new to her
    E("ann", "tea", "view", "2025-03-10 09:00"),
    E("bob", "tea", "view", "2025-03-08 23:00"),
    E("bob", "mug", "view", "2025-03-09 10:00"),  # choose
    E("bob", "pot", "view", "2025-03-10 10:00"),  # report
    E("bob", "hat", "view", "2025-03-10 10:00"),  # an item nobody knew before
    E("cat", "mug", "view", "2025-03-10 11:00"),  # a user nobody knew before
    E("dan", "tea", "view", "2025-03-10 23:59:59.999999"),
]


def test_a_cut_in_time_by_hand(tmp_path: Path) -> None:
    store = build(tmp_path / "days.duckdb", DAYS)
    parts = hold_out(store, MatrixSpec(), "time")
    assert parts.facts["cut"] == "2025-03-10T00:00:00"
    assert parts.facts["until"] == "2025-03-11T00:00:00"
    assert named(parts) == {"ann": {"tea"}, "bob": {"pot"}}
    assert (parts.facts["users_unknown"], parts.facts["items_unknown"], parts.facts["pairs_unknown"]) == (2, 1, 3)
    assert learnt(parts) == {("ann", "mug"), ("ann", "pot"), ("bob", "tea"), ("bob", "mug")}
    choose = hold_out(store, MatrixSpec(), "time", part="choose")
    assert choose.facts["cut"] == "2025-03-09T00:00:00"
    assert named(choose) == {"bob": {"mug"}}
    assert learnt(choose) == {("ann", "mug"), ("ann", "pot"), ("bob", "tea")}


def test_weights_and_decay_know_nothing_of_what_came_after_the_cut(tmp_path: Path) -> None:
    """Ann's purchase of the mug on the 10th, and the two days since, must not weigh: a view, five days' decay."""
    store = build(tmp_path / "days.duckdb", DAYS)
    parts = hold_out(store, MatrixSpec(half_life=4.5), "time")
    row, column = parts.fit.users.row("ann"), parts.fit.items.row("pot")
    weight = parts.fit.matrix[row, column]
    assert weight == pytest.approx(MatrixSpec().weight("view") * 0.5)  # 5 March 12:00 to 10 March 00:00 is 4.5 days
    mug = parts.fit.matrix[row, parts.fit.items.row("mug")]
    assert mug == pytest.approx(MatrixSpec().weight("view") * 0.25)  # nine days
    assert parts.fit.until == datetime(2025, 3, 10)


def test_a_window_is_the_time_that_is_cut(tmp_path: Path) -> None:
    """Of the last five days a tenth is half a day: the cut is at noon, and what ann saw before the window stays old."""
    events = [*DAYS, E("ann", "mug", "view", "2025-03-10 13:00"), E("bob", "tea", "view", "2025-03-10 13:00")]
    events += [E("bob", "ink", "view", "2025-03-07"), E("ann", "ink", "view", "2025-03-10 14:00")]
    store = build(tmp_path / "days.duckdb", events)
    parts = hold_out(store, MatrixSpec(window=5), "time")
    assert parts.facts["cut"] == "2025-03-10T12:00:00"
    assert named(parts) == {"ann": {"ink"}}


def test_without_times_the_split_is_random_and_says_so(tmp_path: Path) -> None:
    events = [E(u, i, "view", None) for u in ("ann", "bob", "cat") for i in ("mug", "pot", "tea", "urn")]
    store = build(tmp_path / "timeless.duckdb", events)
    for split in ("leave-last-out", "time", "random"):
        parts = hold_out(store, MatrixSpec(), split)
        assert parts.split == "random"
        assert len(parts.users) == 3


def test_one_moment_cannot_be_cut(tmp_path: Path) -> None:
    store = build(
        tmp_path / "now.duckdb", [E("ann", "mug", "view", "2025-03-01"), E("bob", "mug", "view", "2025-03-01")]
    )
    with pytest.raises(Refusal) as refusal:
        hold_out(store, MatrixSpec(), "time")
    assert refusal.value.code == "nothing_held_out"


@st.composite
def tables(draw: st.DrawFn) -> pd.DataFrame:
    """Distinct pairs of user and item number, each with the moment it was first seen (many at the same one)."""
    pairs = draw(st.sets(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=12, max_size=60))
    moments = draw(st.lists(st.integers(0, 4), min_size=len(pairs), max_size=len(pairs)))
    return pd.DataFrame(sorted(pairs), columns=["user", "item"]).assign(at=moments)


def matrix_of(table: pd.DataFrame) -> Interactions:
    """Interactions whose numbers are 10, 12, 14, ...: places and numbers are never the same."""
    users, items = np.unique(table["user"]), np.unique(table["item"])
    rows, columns = np.searchsorted(users, table["user"]), np.searchsorted(items, table["item"])
    order = np.lexsort((columns, rows))
    matrix = csr_matrix((np.ones(len(table), np.float32), (rows, columns)), shape=(len(users), len(items)))
    matrix.sort_indices()
    numbers = [IdMap((ids * 2 + 10).astype(np.int32), None, what) for ids, what in ((users, "user"), (items, "item"))]
    return Interactions(matrix, numbers[0], numbers[1], first_seen=table["at"].to_numpy(np.int64)[order])


def held(parts: Parts) -> set[tuple[int, int]]:
    """(user, item) of the table that was held out."""
    coo = parts.relevant.tocoo()
    users, items = parts.fit.users.numbers[parts.users[coo.row]], parts.fit.items.numbers[coo.col]
    return {(int(u - 10) // 2, int(i - 10) // 2) for u, i in zip(users, items, strict=True)}


def kept(parts: Parts) -> set[tuple[int, int]]:
    coo = parts.fit.matrix.tocoo()
    users, items = parts.fit.users.numbers[coo.row], parts.fit.items.numbers[coo.col]
    return {(int(u - 10) // 2, int(i - 10) // 2) for u, i in zip(users, items, strict=True)}


@given(tables(), st.sampled_from(["report", "choose"]))
def test_leave_last_out_is_its_literal_twin(table: pd.DataFrame, part: str) -> None:
    place = -1 if part == "report" else -2
    out, gone, skipped = set(), set(), 0
    for user, theirs in table.sort_values(["at", "item"]).groupby("user"):
        items = theirs["item"].tolist()
        if len(items) < 3:
            skipped += 1
            continue
        out.add((user, items[place]))
        gone |= {(user, item) for item in items[place:]}
    fit = {(int(u), int(i)) for u, i in zip(table["user"], table["item"], strict=True)} - gone
    known = {i for _, i in fit}
    expected = {pair for pair in out if pair[1] in known}
    if not expected:
        with pytest.raises(Refusal):
            by_user(matrix_of(table), part=part)  # type: ignore[arg-type]
        return
    parts = by_user(matrix_of(table), part=part)  # type: ignore[arg-type]
    assert held(parts) == expected
    assert kept(parts) == fit
    assert parts.facts["users_skipped"] == skipped
    assert parts.facts["pairs_unknown"] == len(out) - len(expected)
    assert (np.diff(parts.fit.matrix.indptr) > 0).all()
    assert (np.bincount(parts.fit.matrix.indices, minlength=parts.fit.shape[1]) > 0).all()
    assert parts.fit.first_seen is not None
    assert len(parts.fit.first_seen) == parts.fit.matrix.nnz


def big(seed: int = 0) -> Interactions:
    rng = np.random.default_rng(seed)
    return Interactions.of((rng.random((300, 60)) < 0.3).astype(np.float32))


def test_a_random_split_holds_one_seen_item_of_each_user_and_follows_the_seed() -> None:
    x = big()
    report, choose = (by_user(x, "random", seed=3, part=p) for p in ("report", "choose"))
    assert len(report.users) == 300
    assert (np.diff(report.relevant.indptr) == 1).all()
    a, b = (p.relevant.indices for p in (report, choose))
    assert (a != b).all()
    assert (np.asarray(x.matrix[np.arange(300), a]) > 0).all()
    np.testing.assert_array_equal(by_user(x, "random", seed=3).relevant.indices, a)
    assert (by_user(x, "random", seed=4).relevant.indices != a).sum() > 200


def test_a_random_draw_is_even_over_a_users_items() -> None:
    """2,000 users with the same five items: each is drawn about 400 times (chi-square, 4 degrees: 18.5 = 0.1 %)."""
    x = Interactions.of(np.ones((2000, 5), dtype=np.float32))
    counts = np.bincount(by_user(x, "random", seed=1).relevant.indices, minlength=5)
    assert ((counts - 400) ** 2 / 400).sum() < 18.5


def test_a_random_draw_does_not_depend_on_other_users() -> None:
    """Half of the users taken away: the others' items are the same."""
    x = big()
    half = Interactions(x.matrix[::2], IdMap(x.users.numbers[::2]), x.items)
    whole = by_user(x, "random", seed=5).relevant.indices[::2]
    np.testing.assert_array_equal(by_user(half, "random", seed=5).relevant.indices, whole)


def test_drawn_users_keep_their_items_and_the_matrix_stays_whole() -> None:
    parts = by_user(big(), "random")
    drawn = draw_users(parts, 40, 7)
    assert len(drawn.users) == 40
    assert drawn.fit is parts.fit
    np.testing.assert_array_equal(drawn.relevant.toarray(), parts.relevant.toarray()[drawn.users])
    assert set(drawn.users) != set(draw_users(parts, 40, 8).users)
    assert draw_users(parts, None, 7) is draw_users(parts, 300, 7) is parts


def test_splitmix_gives_its_published_first_numbers() -> None:
    """SplittableRandom(0): 0xE220A8397B1DCDAF, as in the reference code of splitmix64.c (Vigna)."""
    assert hex(int(_spread(np.zeros(1, dtype=np.uint64))[0])) == "0xe220a8397b1dcdaf"
    spread = mixed(0, np.arange(100_000), np.zeros(1, dtype=np.int64)) / 2.0**64
    assert abs(spread.mean() - 0.5) < 0.005
    assert abs(np.corrcoef(spread[:-1], spread[1:])[0, 1]) < 0.02
