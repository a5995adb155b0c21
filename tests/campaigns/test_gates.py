"""The gates one by one: the draw of the control group, how far the ranking is walked, who bought and kept it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from core.campaigns import Campaign, make_list
from core.campaigns.candidates import People, summed
from core.campaigns.gates import bought, bought_pairs, consent, held_out, ranked, walked
from core.errors import Refusal
from core.interactions import Array, Interactions
from core.recommend import make, spec
from core.segments import All, Segment
from core.store import Store
from tests.behaviour.world import E
from tests.campaigns.world import MODEL, World, draw, named, prepare, put
from tests.prepared import new_store

MANY = 20_000
EVERYBODY = Segment("all", All())


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with new_store(tmp_path_factory.mktemp("crowd") / "w.duckdb") as store:
        yield put(prepare(store), World({f"{k:06}": {} for k in range(MANY)}, consent=()))


def test_the_draw_is_sha_256_of_kind_salt_and_id(crowd: Store) -> None:
    people = People.read(crowd, "it's")
    names = named(crowd, people.user_no)
    assert people.holds.tolist() == [draw("holdout", "it's", user) for user in names]
    assert people.lots.tolist() == [draw("lot", "it's", user) for user in names]


@pytest.mark.parametrize("share", [0.01, 0.1, 0.5])
def test_the_control_groups_share_is_within_its_binomial_limits(crowd: Store, share: float) -> None:
    people = People.read(crowd, "limelight")
    n = int(held_out(people.holds, share).sum())
    low, high = stats.binom.interval(0.999, MANY, share)
    assert low <= n <= high


def test_the_draw_leans_on_nothing(crowd: Store) -> None:
    """Not on the id, the lot that settles ties, or the draw with another salt: correlations of 20,000 within 4 sd."""
    people, other = People.read(crowd, "limelight"), People.read(crowd, "limelight2")
    order = np.argsort(np.argsort(people.holds))
    for against in (np.arange(MANY), people.lots, other.holds):
        assert abs(stats.spearmanr(order, against).statistic) < 4 / np.sqrt(MANY)
    # uniform: Kolmogorov and Smirnov against the even distribution
    assert stats.kstest(people.holds / 2**64, "uniform").pvalue > 0.001


def test_a_larger_share_holds_the_smaller_and_nobody_at_none(crowd: Store) -> None:
    people = People.read(crowd, "limelight")
    groups = [set(np.flatnonzero(held_out(people.holds, share))) for share in (0.0, 0.05, 0.1, 0.3, 0.5)]
    assert not groups[0]
    assert all(small <= large for small, large in pairwise(groups))


def test_the_same_user_falls_the_same_way_in_every_list(crowd: Store) -> None:
    asked = {"segment": EVERYBODY, "holdout": 0.1}
    every = make_list(crowd, Campaign("segment", **asked))  # type: ignore[arg-type]
    part = make_list(crowd, Campaign("segment", size=700, **asked))  # type: ignore[arg-type]
    assert set(part.control.user_no) <= set(every.control.user_no)
    assert not set(part.contacted.user_no) & set(every.control.user_no)
    assert len(part.contacted) == 700
    walked_users = len(part.contacted) + len(part.control)
    assert stats.binomtest(len(part.control), walked_users, 0.1).pvalue > 0.001
    other = make_list(crowd, Campaign("segment", salt="autumn", **asked))  # type: ignore[arg-type]
    both = len(set(other.control.user_no) & set(every.control.user_no))
    assert stats.binomtest(both, MANY, 0.01).pvalue > 0.001  # independent: one in ten of one in ten


def test_the_control_group_scores_as_the_contacted_do(crowd: Store) -> None:
    people = People.read(crowd, "limelight")
    scores = np.random.default_rng(0).normal(size=MANY)
    place = ranked(scores, people.lots)[:6000]
    held = held_out(people.holds[place], 0.1)
    assert stats.ttest_ind(scores[place][held], scores[place][~held]).pvalue > 0.001


@given(st.lists(st.booleans(), max_size=40), st.integers(1, 12))
def test_a_size_is_the_number_contacted(control: list[bool], size: int) -> None:
    flags = np.array(control, dtype=bool)
    n = walked(flags, Campaign("segment", segment=EVERYBODY, size=size))
    contacted = int((~flags[:n]).sum())
    assert contacted == min(size, int((~flags).sum()))
    if contacted == size:
        assert not flags[n - 1], "no rank is walked after the last contacted"
    else:
        assert n == len(control)


@pytest.mark.parametrize(
    ("share", "n", "walks"), [(0.07, 100, 7), (0.1, 30, 3), (0.1, 31, 4), (1.0, 9, 9), (0.5, 0, 0)]
)
def test_a_share_is_rounded_up_of_the_number_as_it_is_written(share: float, n: int, walks: int) -> None:
    assert walked(np.zeros(n, dtype=bool), Campaign("segment", segment=EVERYBODY, share=share)) == walks


def test_ranks_go_by_score_then_lot() -> None:
    assert ranked(np.array([1.0, 2, 2, -1]), np.array([9, 8, 7, 1], dtype=np.uint64)).tolist() == [2, 1, 0, 3]


def test_scores_are_added_in_blocks_as_in_one(monkeypatch: pytest.MonkeyPatch) -> None:
    x = Interactions.of(np.random.default_rng(1).poisson(0.4, size=(50, 12)))
    model = make(spec("item-knn")).fit(x)
    rows, columns = np.array([3, -1, 7, 49, 0, 3]), np.array([2, -1, 5])
    whole = summed(model, rows, columns)
    each = model.score(rows[rows >= 0], np.array([2, 5])).astype(float)
    np.testing.assert_allclose(whole[rows >= 0], each.sum(axis=1), rtol=1e-5)
    assert np.isnan(whole[1])
    monkeypatch.setattr("core.campaigns.candidates._MOST_ROWS", 2)
    np.testing.assert_array_equal(summed(model, rows, columns), whole)


@pytest.mark.parametrize("name", ["ease", "ials", "puresvd", "user-knn"])
def test_equal_histories_have_equal_scores_wherever_they_stand(name: str) -> None:
    """Else the last digits of a float, which depend on the place in a block, would order them, and not the lot."""
    matrix = np.random.default_rng(2).poisson(0.3, size=(700, 40)).astype(float)
    twins = np.arange(3, 700, 7)
    matrix[twins] = matrix[3]
    model = make(spec(name)).fit(Interactions.of(matrix))
    scores = summed(model, np.arange(700), np.arange(5, 11))[twins]
    if name != "user-knn":  # a user is not their own neighbour, so twins differ in who their neighbours are
        assert len(set(scores)) == 1
    assert np.isfinite(scores).all()


def test_consent_written_as_text_and_none_asked_for(tmp_path_factory: pytest.TempPathFactory) -> None:
    with new_store(tmp_path_factory.mktemp("text") / "w.duckdb") as store:
        put(prepare(store), World({u: {} for u in "abcdef"}, consent=("consent_post",)))
        with store.atomic() as writer:
            writer.run("ALTER TABLE users ADD COLUMN consent_post VARCHAR")
            for user, said in zip("abcde", ("true", " Yes ", "no", "", "false"), strict=True):
                writer.run(f"UPDATE users SET consent_post = '{said}' WHERE user_id = '{user}'")
        gate = consent(People.read(store, ""), Campaign("segment", segment=EVERYBODY, channel="post"))
        assert gate.passes.tolist() == [True, True, False, False, False, False]


def bought_by_pandas(events: pd.DataFrame, items: list[int], as_of: datetime, days: int | None) -> set[int]:
    rows = events[(events.at_utc < as_of) & events["item"].isin(items) & events.event.isin(["purchase", "return"])]
    units = rows.quantity.fillna(rows.event.map({"purchase": 1.0, "return": -1.0}))
    since = as_of - pd.Timedelta(days=days) if days else pd.Timestamp.min
    rows = rows.assign(
        units=units, returned=rows.event == "return", recent=(rows.event == "purchase") & (rows.at_utc >= since)
    )
    pairs = rows.groupby(["user", "item"])
    held = pairs.recent.max() & ((pairs.units.sum() > 0) | ~pairs.returned.max())
    return {user for user, _ in held[held].index}


@pytest.mark.parametrize(("rule", "days"), [("ever", None), ("days", 12)])
def test_who_bought_and_kept_it_as_pandas_counts(
    tmp_path_factory: pytest.TempPathFactory, rule: str, days: int | None
) -> None:
    rng = np.random.default_rng(3)
    word = rng.choice(["purchase", "purchase", "return", "view"], 4000)
    frame = pd.DataFrame(
        {
            "user": rng.integers(0, 300, 4000),
            "item": rng.integers(0, 12, 4000),
            "event": word,
            "at_utc": pd.Timestamp("2025-01-01") + pd.to_timedelta(rng.integers(0, 60 * 24, 4000), unit="h"),
            "quantity": np.where(rng.random(4000) < 0.2, np.nan, rng.integers(1, 4, 4000)),
        }
    )
    frame["quantity"] = np.where(frame.event == "return", -frame.quantity, frame.quantity)
    columns = zip(frame.user, frame["item"], frame.event, frame.at_utc, frame.quantity, strict=True)
    events = [E(f"{u:03}", f"{i:02}", w, str(t), None, None if np.isnan(q) else q) for u, i, w, t, q in columns]
    as_of = datetime(2025, 2, 15)
    with new_store(tmp_path_factory.mktemp("pandas") / "w.duckdb") as store:
        put(prepare(store), World(events=events), shuffle=5)
        people = People.read(store, "")
        campaign = Campaign("item", items=("03", "07"), model=MODEL, bought=rule, bought_days=days)  # type: ignore[arg-type]
        items = items_of(store, campaign)
        gate = bought(people, campaign, items, as_of)
        found = {int(user) for user in named(store, people.user_no[~gate.passes])}
        expected = bought_by_pandas(frame, [3, 7], as_of, days)
        assert found == expected
        assert 0 < len(expected) < 250


def items_of(store: Store, campaign: Campaign) -> Array:
    from core.campaigns.candidates import items_asked

    items = items_asked(store, campaign)
    assert items is not None
    return items


def test_data_without_purchases_or_times(tmp_path_factory: pytest.TempPathFactory) -> None:
    events = [E("a", "song", "listen", None), E("b", "film", "view", None)]
    with new_store(tmp_path_factory.mktemp("untimed") / "w.duckdb") as store:
        put(prepare(store), World(events=events, consent=()))
        people = People.read(store, "")
        campaign = Campaign("item", items=("song",), model=MODEL)
        gate = bought(people, campaign, items_of(store, campaign), None)
        assert named(store, people.user_no[~gate.passes]) == ["a"]
        assert "no purchases" in gate.notes[0]
        lately = Campaign("item", items=("song",), model=MODEL, bought="days", bought_days=9)
        with pytest.raises(Refusal) as told_off:
            bought_pairs(store, lately, None, None, ("view",))
        assert told_off.value.code == "no_times"
        made = make_list(store, Campaign("item", items=("song",), model=spec("popular")))
        assert named(store, made.contacted.user_no) == ["b"]
        assert made.facts["as_of"] is None
