"""Repeat rates and pauses on hand-dated people, every number written out, and beside pandas on random orders."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.behaviour import Window, count_people
from core.errors import Refusal
from core.loyalty import (
    HORIZONS,
    MOST_ORDERS,
    WITHIN,
    fair_users,
    number_users,
    pauses,
    pauses_users,
    product_limit,
    repeat,
    repeat_users,
)
from core.loyalty.orders import these
from core.store import Store
from tests.behaviour.world import E, build, ids
from tests.loyalty.people import PEOPLE, random_shop
from tests.prepared import copied


@pytest.fixture
def shop(tmp_path: Path) -> Store:
    return build(tmp_path / "w.duckdb", PEOPLE)


def test_orders_are_counted_and_never_lines(shop: Store) -> None:
    found = repeat(shop)
    assert (found.buyers, found.repeat, found.orders) == (3, 2, 6)
    assert found.rate == pytest.approx(2 / 3)
    assert found.low is not None
    assert found.high is not None
    assert 0 < found.low < 2 / 3 < found.high < 1
    assert found.table["users"].tolist() == [1, 1, 1, 0, 0, 0, 0, 0, 0, 0]
    assert ids(shop, repeat_users(shop, 2)) == {"ann", "cat"}
    assert ids(shop, repeat_users(shop, 1, 1)) == {"bob"}
    for orders, users in zip(found.table["orders"], found.table["users"], strict=True):
        most = None if orders == MOST_ORDERS else int(orders)
        assert count_people(shop, repeat_users(shop, int(orders), most)) == users


def test_the_fair_rate_gives_everybody_the_same_time(shop: Store) -> None:
    (row,) = repeat(shop).fair.to_dict("records")
    assert (row["month"], row["buyers"]) == (date(2025, 1, 1), 3)
    # 31 March is day 89 after 1 January, 85 after the 5th and 80 after the 10th
    assert [row[f"watched_{d}"] for d in HORIZONS] == [3, 3, 0, 0, 0]
    assert [row[f"again_{d}"] for d in HORIZONS] == [2, 2, 0, 0, 0]
    assert row["share_30"] == pytest.approx(2 / 3)
    assert np.isnan(row["share_90"])
    assert ids(shop, fair_users(shop, date(2025, 1, 1), 30)) == {"ann", "cat"}
    assert ids(shop, fair_users(shop, date(2025, 1, 1), 30, again=False)) == {"bob"}
    assert ids(shop, fair_users(shop, date(2025, 1, 1), 90, again=None)) == set()
    with pytest.raises(Refusal, match="no column of 31"):
        fair_users(shop, date(2025, 1, 1), 31)


def test_pauses_that_go_on_count_for_as_long_as_they_lasted(shop: Store) -> None:
    found = pauses(shop)
    assert (found.ended, found.going_on) == (2, 3)  # 20 and 55 days; 69 (ann), 80 (bob), 30 (cat)
    assert (found.q1, found.median, found.q3) == (28.75, 37.5, 46.25)
    # of 5 pauses one ends on day 20; the one of 30 days leaves; of the 3 left one ends on day 55
    assert found.again.table[["day", "at_risk", "ended"]].to_numpy().tolist() == [[20, 5, 1], [55, 3, 1]]
    assert found.again.within(19) == (0.0, 0.0, 0.0)
    share, low, high = found.again.within(30) or (0.0, 0.0, 0.0)
    assert share == pytest.approx(0.2)
    assert 0 < low < 0.2 < high < 1
    assert (found.again.within(60) or (0,))[0] == pytest.approx(1 - 0.8 * 2 / 3)
    assert found.again.within(90) is None  # nobody was watched so long
    assert (found.again.after(0.2), found.again.after(0.5)) == (20, None)
    assert found.numbers[["number", "ended", "going_on"]].to_numpy().tolist() == [[1, 2, 1], [2, 0, 2]]
    assert ids(shop, number_users(shop, 1, ended=False)) == {"bob"}
    assert ids(shop, number_users(shop, 2, ended=False)) == {"ann", "cat"}


def test_each_bar_of_pauses_opens_its_users(shop: Store) -> None:
    found = pauses(shop)
    assert found.bars[["ended", "going_on"]].to_numpy().sum() == 5
    bars = {}
    for row in found.bars.to_dict("records"):
        for ended, kind in ((True, "ended"), (False, "going_on")):
            users = ids(shop, pauses_users(shop, row["start"], row["end"], ended=ended))
            assert len(users) == row[kind]
            if users:
                bars[row["start"], ended] = users
    # 80 days in at most 60 bars: two days each
    assert bars == {(19, True): {"ann"}, (55, True): {"cat"}, (29, False): {"cat"}, (69, False): {"ann"},
                    (79, False): {"bob"}}  # fmt: skip


def test_a_window_sees_its_own_orders_alone(shop: Store) -> None:
    january = Window(datetime(2025, 1, 1), datetime(2025, 2, 1))
    found = repeat(shop, january)
    assert (found.buyers, found.repeat, found.orders) == (3, 2, 5)
    assert (pauses(shop, january).ended, pauses(shop, january).going_on) == (1, 3)
    assert repeat(shop, Window(datetime(2025, 3, 10), None)).problem
    assert repeat(shop, Window(datetime(2025, 2, 1), None)).fair.empty  # the first orders lie before


def test_without_times_the_rate_is_known_and_pauses_are_not(tmp_path: Path) -> None:
    with build(tmp_path / "w.duckdb", [E("a", "x", "purchase", None, o) for o in "12"]) as store:
        found = repeat(store)
        assert (found.buyers, found.repeat, found.rate) == (1, 1, 1.0)
        assert found.note
        assert found.fair.empty
        assert pauses(store).problem
    with build(tmp_path / "none.duckdb", [E("a", "x", "view", "2025-01-01")]) as store:
        assert repeat(store).problem
        assert pauses(store).problem


def test_many_users_are_a_text_of_bits(tmp_path: Path) -> None:
    with build(tmp_path / "w.duckdb", [], silent=[f"u{n}" for n in range(2)]) as store:
        with store.atomic() as writer:
            writer.run("INSERT INTO users SELECT i, 'v' || i FROM range(2, 9000) AS rows(i)")
        wanted = np.arange(0, 9000, 3)
        rows = store.rows(these(wanted) + " ORDER BY user_no")
        assert [row["user_no"] for row in rows] == wanted.tolist()
        assert store.rows(these([])) == []


def test_beside_pandas_on_random_orders(tmp_path: Path) -> None:
    with random_shop(tmp_path / "w.duckdb") as (store, frame):
        found, waits = repeat(store), pauses(store)
        orders = frame[frame["event"] == "purchase"].groupby(["user_no", "order_id"])["at_utc"].min().reset_index()
        counts = orders.groupby("user_no").size()
        assert (found.buyers, found.repeat, found.orders) == (len(counts), (counts >= 2).sum(), len(orders))
        end = store.as_of()
        assert end is not None
        today = pd.Timestamp(end).normalize()
        firsts = orders.sort_values("at_utc").groupby("user_no")["at_utc"]
        first, second = firsts.nth(0).dt.normalize(), firsts.nth(1).dt.normalize()
        both = pd.DataFrame({"user": orders["user_no"], "first": first, "second": second}).groupby("user").max()
        both["month"] = both["first"].dt.to_period("M")
        for row in found.fair.to_dict("records"):
            own = both[both["month"] == pd.Period(row["month"], "M")]
            assert row["buyers"] == len(own)
            for days in HORIZONS:
                seen = own[(today - own["first"]).dt.days >= days]
                did = ((seen["second"] - seen["first"]).dt.days <= days).sum()
                assert (row[f"watched_{days}"], row[f"again_{days}"]) == (len(seen), did)
                assert count_people(store, fair_users(store, row["month"], days)) == did
        placed = orders.assign(day=orders["at_utc"].dt.normalize())[["user_no", "day"]].drop_duplicates()
        placed = placed.sort_values(["user_no", "day"])
        placed["next"] = placed.groupby("user_no")["day"].shift(-1)
        over = placed["next"].notna()
        length = (placed["next"].fillna(today) - placed["day"]).dt.days
        assert (waits.ended, waits.going_on) == (over.sum(), (~over).sum())
        assert waits.median == length[over].median()
        for limit in WITHIN:
            left = 1.0
            for day in sorted(set(length[over & (length <= limit)])):
                left *= 1 - (over & (length == day)).sum() / (length >= day).sum()
            known = waits.again.within(limit)
            assert known is None or known[0] == pytest.approx(1 - left)
        number = placed.groupby("user_no").cumcount() + 1
        for row in waits.numbers.to_dict("records"):
            there = number.clip(upper=6) == row["number"]
            assert (row["ended"], row["going_on"]) == ((there & over).sum(), (there & ~over).sum())


def test_the_interval_of_the_product_limit() -> None:
    # 10 pauses, 5 end on day 1: S = 0.5, Greenwood 5 / (10 * 5) = 0.1, on log(-log): half = 1.96 * 0.3162 / 0.6931
    found = product_limit(np.array([1] * 5 + [9] * 5), np.array([True] * 5 + [False] * 5))
    share, low, high = found.within(1) or (0, 0, 0)
    assert (share, round(low, 4), round(high, 4)) == (0.5, round(1 - 0.5 ** np.exp(-0.8942), 4),
                                                      round(1 - 0.5 ** np.exp(0.8942), 4))  # fmt: skip


def test_online_retail_counts_2845_of_4339(retail_workspace: Path, tmp_path: Path) -> None:
    with Store(copied(retail_workspace, tmp_path)) as store:
        found = repeat(store)
        assert (found.repeat, found.buyers) == (2_845, 4_339)
        assert count_people(store, repeat_users(store, 2)) == 2_845


def test_cdnow_beside_pandas(cdnow: Path, tmp_path: Path) -> None:
    from tests.pages.drive import loaded
    from tests.prepared import new_store

    frame = pd.read_csv(cdnow, sep=r"\s+", header=None, dtype=str)
    days = frame.groupby(0)[2].nunique()  # the file numbers no orders: one is what a user bought on a day
    with new_store(tmp_path / "w.duckdb") as store:
        loaded(store, cdnow)
        found = repeat(store)
        assert (found.buyers, found.repeat, found.orders) == (2_357, (days >= 2).sum(), days.sum())
        assert round(found.rate or 0, 3) == round((days >= 2).mean(), 3)
