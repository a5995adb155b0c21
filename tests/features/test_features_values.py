"""Every feature of a random shop against pandas."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from core.features import FeatureSpec, features
from core.features.scan import _pack, count_if
from tests.features import by_pandas
from tests.features.small_shop import AS_OF, opened, shop


def _compare(mine: pd.DataFrame, other: dict[Any, dict[str, Any]]) -> set[str]:
    seen: set[str] = set()
    for key, expected in other.items():
        row = mine.loc[key]
        for name, value in expected.items():
            seen.add(name)
            got: Any = row[name]
            if isinstance(value, str):
                assert got == value, (key, name)
            else:
                assert np.isclose(float(got), float(value), rtol=1e-9, atol=1e-9, equal_nan=True), (key, name, got)
    return seen


def test_users_against_pandas(tmp_path: Path) -> None:
    tables = shop(1, rows=1_500, users=20)
    events = tables["events"]
    past = events[events.at_utc < pd.Timestamp(AS_OF)]
    categories: dict[Any, Any] = tables["items"].dropna(subset="category").set_index("item_id").category.to_dict()
    with opened(tmp_path / "w.duckdb", tables) as store:
        table = features(store, FeatureSpec(as_of=AS_OF))
    mine = table.rows().to_pandas().set_index("user_id")
    others: dict[Any, Any] = {u: by_pandas.user(own, categories, AS_OF) for u, own in past.groupby("user_id")}
    assert list(mine.index) == sorted(others)
    seen = _compare(mine, others)
    assert mine["days_since_event"].min() > 0
    unchecked = {c.name for c in table.columns if c.family not in ("demographic", "share", "context")} - seen
    assert unchecked == {"like_items_cosine"}  # below
    shares = [c for c in mine.columns if c.startswith("share_category_")]
    assert len(shares) == 4  # "Käse & Co" and "käse co" would be one name
    assert np.allclose(mine[shares].sum(axis=1), 1.0)


def test_items_against_pandas(tmp_path: Path) -> None:
    tables = shop(3, rows=1_500, items=9)
    events = tables["events"]
    past = events[events.at_utc < pd.Timestamp(AS_OF)]
    with opened(tmp_path / "w.duckdb", tables) as store:
        mine = features(store, FeatureSpec(table="items", as_of=AS_OF)).rows().to_pandas().set_index("item_id")
    others: dict[Any, Any] = {i: by_pandas.item(own, AS_OF) for i, own in past.groupby("item_id")}
    _compare(mine, others)
    assert mine.popularity_rank.tolist() == mine.buyers_all.rank(ascending=False, method="min").tolist()
    goods = tables["items"].set_index("item_id")
    middle = goods.groupby("category").price.transform("median")
    pd.testing.assert_series_equal(mine.price_level, goods.price / middle, check_names=False)
    bought = past[(past.event == "purchase") & past.user_id.notna()]
    both, users = by_pandas.cosines(bought)
    for i in mine.index:
        pairs = {b: both[i, b] for b in users if b != i}
        total = sum(len(who) for who in pairs.values())
        assert mine.co_items[i] == sum(1 for who in pairs.values() if who)
        assert np.isclose(mine.co_top_share[i], max(len(who) for who in pairs.values()) / total)
        assert np.isclose(mine.co_concentration[i], sum((len(who) / total) ** 2 for who in pairs.values()))
        best = max(len(who) / (len(users[i]) * len(users[b])) ** 0.5 for b, who in pairs.items())
        assert np.isclose(mine.nearest_item_cosine[i], best)


def test_like_items_leave_the_user_out(tmp_path: Path) -> None:
    tables = shop(4, users=25)
    events = tables["events"]
    bought = events[(events.at_utc < pd.Timestamp(AS_OF)) & (events.event == "purchase") & events.user_id.notna()]
    with opened(tmp_path / "w.duckdb", tables) as store:
        mine = features(store, FeatureSpec(as_of=AS_OF, families=("interaction",))).rows().to_pandas()
    got = mine.set_index("user_id").like_items_cosine
    both, users = by_pandas.cosines(bought)
    checked = 0
    for u, own in bought.groupby("user_id"):
        order = own.groupby("item_id").at_utc.max().sort_values(ascending=False).index.tolist()
        pairs = [(a, b) for a in order[:5] for b in order[5:25]]
        if not pairs:
            assert pd.isna(got[u])
            continue
        values = []
        for a, b in pairs:
            size = len(users[a] - {u}) * len(users[b] - {u})
            values.append(len(both[a, b] - {u}) / size**0.5 if size else 0.0)
        assert np.isclose(got[u], np.mean(values)), u
        checked += 1
    assert checked > 10


def test_counts_packed_into_one_number_come_out_again() -> None:
    marks = [count_if(f"a = {n}") for n in range(9)]
    added, aggregates = _pack(marks, 1_000_000)  # 20 bits each: three to a number
    assert added.count(" AS packed") == 3
    assert aggregates[4] == "((sum(packed1)::BIGINT >> 20) & 1048575)"
    assert _pack(marks, 2**40)[0].count(" AS packed") == 9
