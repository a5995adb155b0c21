"""Portraits of the sample shop and of Online Retail a second time: in pandas, and by core.behaviour."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.behaviour import count_people, sample_people, top_items
from core.explain import find_items, item_portrait, item_users, similar_users, user_portrait
from core.interactions import build
from core.store import Query, Store
from tests.segments import retail as online

USERS = ["000123", "014548", "051289", "024637"]
ITEMS = ["LL-0076", "LL-1147"]


@pytest.fixture(scope="module")
def events(sample_store: Store) -> pd.DataFrame:
    """All events, with ids and categories, for pandas to count in."""
    query = "SELECT user_id, item_id, category, e.* FROM events e LEFT JOIN users USING (user_no) "
    query += "LEFT JOIN items USING (item_no)"
    table = sample_store.read(Query(query)).to_pandas()
    table["value"] = table["value"].astype(float)
    end = sample_store.as_of()
    assert end is not None
    return table[table["at_utc"] < end]


def orders_of(rows: pd.DataFrame) -> pd.Series:
    """The time of the beginning of each order of one user."""
    bought = rows[rows["event"] == "purchase"]
    key = bought["order_id"].fillna(bought["at_utc"].dt.date.astype(str))
    return bought.groupby(key)["at_utc"].min().sort_values()


@pytest.mark.parametrize("user", USERS)
def test_a_user_of_the_sample(sample_store: Store, events: pd.DataFrame, user: str) -> None:
    p = user_portrait(sample_store, user)
    mine = events[events["user_id"] == user]
    acts = mine[mine["event"] != "impression"]
    assert dict(p.events) == mine["event"].value_counts().to_dict()
    assert p.history_total == len(mine)
    assert p.items == acts["item_id"].nunique()
    assert (p.first_seen, p.last_seen) == (acts["at_utc"].min(), acts["at_utc"].max())
    assert p.active_days == acts["at_utc"].dt.date.nunique()
    orders = orders_of(mine)
    assert p.orders == len(orders)
    trade = events[events["event"].isin(["purchase", "return"])]
    net = trade.groupby("user_id")["value"].sum(min_count=1)
    if len(orders):
        assert p.net_revenue == pytest.approx(net[user])
        assert p.order_value == pytest.approx(net[user] / len(orders))
        of_buyers = net[net.index.isin(events.loc[events["event"] == "purchase", "user_id"])].dropna()
        assert p.value_rank == pytest.approx((of_buyers > of_buyers[user] + 1e-6).mean())
    if len(orders) > 1:
        assert p.days_between_orders == pytest.approx(
            float(np.median(np.diff(orders.to_numpy()) / np.timedelta64(1, "D")))
        )
    taste = events[
        ~events["event"].isin(["impression", "return"]) & events["category"].notna() & events["user_no"].notna()
    ]
    own = taste.loc[taste["user_id"] == user, "category"].value_counts()
    assert {t.name: t.events for t in p.tastes} == own[[t.name for t in p.tastes]].to_dict()
    assert [t.events for t in p.tastes] == own.to_list()[:8]
    for t in p.tastes:
        assert t.share == pytest.approx(t.events / own.sum())
        assert t.usual == pytest.approx((taste["category"] == t.name).mean())
        assert t.lift == pytest.approx(t.share / t.usual)
    known = events[(events["event"] != "impression") & events["user_no"].notna()]
    for t in p.channels:
        assert t.usual == pytest.approx((known["channel"].dropna() == t.name).mean())
    hours = acts["at_utc"].dt.hour.value_counts()
    assert hours[p.hour] == hours.max()
    days = acts["at_utc"].dt.day_of_week.value_counts()
    assert days[p.weekday] == days.max()
    assert not {"email", "phone", "consent_email", "consent_sms", "consent_post"} & dict(p.attributes).keys()


def test_users_as_the_overview_lists_them(sample_store: Store) -> None:
    people = sample_people(sample_store, Query("SELECT user_no FROM users WHERE user_no % 97 = 3"), 15)
    assert len(people) == 15
    for row in people.to_dict("records"):
        p = user_portrait(sample_store, row["user_id"])
        assert (p.history_total, p.orders) == (row["events"], row["orders"])
        net = row["net_revenue"]
        assert p.net_revenue == (None if pd.isna(net) else pytest.approx(float(net), abs=0.005))
        for said, listed in ((p.first_seen, row["first_seen"]), (p.last_seen, row["last_seen"])):
            assert said == (None if pd.isna(listed) else listed)


@pytest.mark.parametrize("item", ITEMS)
def test_an_item_of_the_sample(sample_store: Store, events: pd.DataFrame, item: str) -> None:
    p = item_portrait(sample_store, build(sample_store), item)
    it = events[events["item_id"] == item]
    trade = it[it["event"].isin(["purchase", "return"]) & it["user_no"].notna()]
    units = trade["quantity"].fillna((trade["event"] == "purchase") * 2 - 1).groupby(trade["user_id"]).sum()
    back = set(trade.loc[trade["event"] == "return", "user_id"])
    bought = set(trade.loc[trade["event"] == "purchase", "user_id"])
    buyers = {user for user in bought if not (user in back and units[user] <= 0)}
    assert p.buyers == dict(p.users)["purchase"] == len(buyers)
    views = it[(it["event"] == "view") & it["user_no"].notna()]
    assert dict(p.users)["view"] == views["user_id"].nunique()
    assert count_people(sample_store, item_users(sample_store, item, "purchase")) == len(buyers)
    assert count_people(sample_store, item_users(sample_store, item, "view")) == views["user_id"].nunique()
    own = pd.Series({user: len(orders_of(rows)) for user, rows in it[it["user_id"].isin(buyers)].groupby("user_id")})
    assert p.repeat_share == pytest.approx((own > 1).mean())
    purchases = events[(events["event"] == "purchase") & events["user_no"].notna()]
    key = purchases["order_id"].fillna(purchases["at_utc"].dt.date.astype(str))
    per_user = key.groupby(purchases["user_id"]).nunique()
    assert (p.buyer_orders, p.usual_orders) == (per_user[list(buyers)].median(), per_user.median())
    for measure, said in (("orders", p.orders), ("units", p.units), ("revenue", p.net_revenue), ("buyers", p.buyers)):
        top = top_items(sample_store, n=5000, measure=measure).table.set_index("id")["value"]  # type: ignore[arg-type]
        assert said == pytest.approx(top[item])
    people = sample_store.read(Query("SELECT * FROM users")).to_pandas().set_index("user_id")
    everyone = people[people.index.isin(purchases["user_id"])]
    for trait in p.traits:
        mine = people[people.index.isin(buyers)][trait.column].dropna()
        assert trait.users == (mine == trait.value).sum() >= 10
        assert trait.share == pytest.approx(trait.users / len(mine))
        assert trait.usual == pytest.approx((everyone[trait.column].dropna() == trait.value).mean())


@pytest.mark.slow
def test_online_retail(retail_store: Store, online_retail: Path) -> None:
    rows = online.read(online_retail)
    rfm = online.rfm_by_pandas(rows)
    end = rows["at"].max()
    for user in ("12347", "12748", "14646", "12346"):
        p = user_portrait(retail_store, user)
        mine = rows[rows["user"] == user]
        bought = mine[mine["quantity"] > 0]
        assert p.orders == rfm.loc[user, "frequency"] == bought["order"].nunique()
        assert p.net_revenue == pytest.approx(mine["value"].sum(), abs=1e-6)
        assert p.days_since_order == pytest.approx((end - bought["at"].max()) / timedelta(days=1), abs=1e-6)
        assert p.history_total == len(mine)
        net = rows.groupby("user")["value"].sum()[rfm.index]
        assert p.value_rank == pytest.approx((net > mine["value"].sum() + 1e-6).mean())
    # the most alike to 12347, over all pairs of users, in dense arithmetic
    x = build(retail_store)
    found = similar_users(retail_store, x, "12347", 5)
    dense = np.log2(1 + x.matrix.toarray().astype(np.float64))
    row = x.users.row("12347")
    shared = ((dense > 0) & (dense[row] > 0)).sum(axis=1)
    cosine = dense @ dense[row] / np.sqrt((dense**2).sum(axis=1) * (dense[row] @ dense[row]))
    shrunken = cosine * shared / (shared + 10)
    shrunken[row] = 0
    best = np.argsort(-shrunken)[:5]
    assert [s.user for s in found] == [x.users.raw(int(w)) for w in best]
    assert [s.similarity for s in found] == pytest.approx(shrunken[best].tolist())
    assert [s.shared for s in found] == shared[best].tolist()
    heart = item_portrait(retail_store, x, find_items(retail_store, "85123a")[0].id)
    lines = rows[rows["item"] == "85123A"]
    kept = lines.groupby("user")["quantity"].agg(["sum", "max", "min"])
    assert heart.buyers == ((kept["max"] > 0) & ((kept["min"] > 0) | (kept["sum"] > 0))).sum()
    assert heart.orders == lines.loc[lines["quantity"] > 0, ["user", "order"]].drop_duplicates().shape[0]
    other = heart.goes_with[0]
    both = ((dense[:, x.items.row("85123A")] > 0) & (dense[:, x.items.row(other.item)] > 0)).sum()
    assert other.users == both
