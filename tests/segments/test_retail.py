"""Online Retail: known figures, and RFM against pandas."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from core.segments import (
    NOT_SEEN,
    ByRfm,
    Compare,
    Did,
    Last,
    Not,
    Rfm,
    Segment,
    compile_rule,
    count,
    members,
    members_csv,
    movement,
    read_schema,
    rfm,
    rfm_members,
)  # fmt: skip
from core.store import Query, Store
from tests.prepared import new_store
from tests.segments import retail
from tests.segments.world import ids

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def rows(online_retail: Path) -> pd.DataFrame:
    return retail.read(online_retail)


@pytest.fixture(scope="module")
def shop(rows: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with new_store(tmp_path_factory.mktemp("retail") / "shop.duckdb") as store:
        retail.put(store, rows)
        yield store


def test_orders_not_lines(shop: Store, rows: pd.DataFrame) -> None:
    bought = rows[rows["quantity"] > 0]
    orders = bought.groupby("user")["order"].nunique()
    assert count(shop, Did("purchase")) == len(orders) == 4_339, "buyers, of 4,372 customers"
    assert count(shop, Did("purchase", compare=Compare("at_least", 2))) == int((orders >= 2).sum()) == 2_845
    assert (
        count(shop, Did("purchase", "events", Compare("at_least", 2)))
        == int((bought.groupby("user").size() >= 2).sum())
        == 4_267
    )
    assert count(shop, Not(Did("purchase"))) == 4_372 - 4_339


def test_windows_and_sums(shop: Store, rows: pd.DataFrame) -> None:
    end = rows["at"].max() + pd.Timedelta(microseconds=1)
    late = rows[(rows["quantity"] > 0) & (rows["at"] >= end - pd.Timedelta(days=90))]
    twice = late.groupby("user")["order"].nunique() >= 2
    assert count(shop, Did("purchase", compare=Compare("at_least", 2), window=Last(90))) == int(twice.sum())
    month = set(rows[(rows["quantity"] > 0) & (rows["at"] >= end - pd.Timedelta(days=30))]["user"])
    assert count(shop, Not(Did("purchase", window=Last(30)))) == 4_372 - len(month)
    net = rows.groupby("user")["value"].sum().round(4)
    assert count(shop, Did("purchase", "value", Compare("at_least", 1000))) == int((net >= 1000).sum())
    kept = rows.groupby(["user", "item"])["quantity"].sum()
    bought = rows[rows["quantity"] > 0][["user", "item"]].drop_duplicates().set_index(["user", "item"]).index
    distinct = kept[kept > 0].loc[lambda k: k.index.isin(bought)].groupby("user").size()
    assert count(shop, Did("purchase", "items", Compare("at_least", 1))) == len(distinct), (
        "wholly returned is not bought"
    )
    assert count(shop, Did("purchase", "items", Compare("at_least", 50))) == int((distinct >= 50).sum())


def test_rfm_agrees_with_pandas(shop: Store, rows: pd.DataFrame) -> None:
    expected = retail.rfm_by_pandas(rows)
    names = (expected["r"].astype(str) + expected["f"].astype(str)).map(retail.NAMES)
    found = rfm(shop)
    assert (found.buyers, found.users, found.undated, found.problem) == (4_339, 4_372, 0, None)
    assert {s.name: s.users for s in found.segments} == names.value_counts().to_dict()
    money = expected["monetary"].sum()
    for group in found.segments:
        own = expected[names == group.name]
        assert ids(shop, rfm_members(shop, group.name)) == set(own.index)
        assert group.share == pytest.approx(len(own) / 4_339)
        assert (group.recency, group.frequency) == (own["recency"].median(), own["frequency"].median())
        assert group.monetary == pytest.approx(own["monetary"].median())
        assert group.revenue_share == pytest.approx(own["monetary"].sum() / money)
    for score, column, bands in (
        ("r", "recency", found.recency),
        ("f", "frequency", found.frequency),
        ("m", "monetary", found.monetary),
    ):
        table = expected.groupby(score)[column].agg(["min", "max", "size"]).sort_index(ascending=False)
        assert [(b.score, b.users) for b in bands] == [(int(s), int(n)) for s, _, _, n in table.itertuples()]
        assert [b.lowest for b in bands] == pytest.approx(table["min"].tolist())
        assert [b.highest for b in bands] == pytest.approx(table["max"].tolist())


def test_movement_agrees_with_pandas(shop: Store, rows: pd.DataFrame) -> None:
    """Each moment by its own quintiles, as the RFM page shows it; the start lies just after an event."""
    before = rows[rows["at"] < "2011-07-01"]
    start = (before["at"].max() + pd.Timedelta(microseconds=1)).to_pydatetime()
    tables = (retail.rfm_by_pandas(before), retail.rfm_by_pandas(rows))
    was, now = ((t["r"].astype(str) + t["f"].astype(str)).map(retail.NAMES) for t in tables)
    everyone = pd.Index(rows["user"].unique())
    moves = pd.DataFrame({"was": was.reindex(everyone), "now": now.reindex(everyone)}).fillna("none")
    moves.loc[~moves.index.isin(before["user"]), "was"] = NOT_SEEN
    found = movement(shop, ByRfm(), start, fixed=False)
    bands = {(band.was or "none", band.now or "none"): band.users for band in found.bands}
    assert bands == moves.value_counts().to_dict()
    left = moves[(moves["was"] == "Champions") & (moves["now"] == "Hibernating")]
    assert ids(shop, members(shop, Segment("left", found.rule("Champions", "Hibernating")))) == set(left.index)


def test_cells_are_the_segments_and_each_opens_its_users(shop: Store) -> None:
    found = rfm(shop)
    assert len(found.cells) == 25
    assert sum(c.users for c in found.cells) == sum(s.users for s in found.segments) == found.buyers
    for cell in found.cells[::6]:
        assert len(ids(shop, members(shop, Segment("cell", cell.rule())))) == cell.users
    for segment in found.segments:
        assert segment.rule() == Rfm((segment.name,))


def test_recency_band_is_the_window_of_that_many_days(shop: Store) -> None:
    """ "R=5: bought within the last N days" is the rule "at least 1 order in the last N days"."""
    band = rfm(shop).recency[0]
    assert count(shop, Did("purchase", window=Last(int(band.highest)))) == band.users
    assert count(shop, Rfm(tuple(f"5{f}" for f in range(1, 6)))) == band.users


def test_shuffled_rows_give_the_same_members_and_the_same_file(shop: Store, rows: pd.DataFrame, tmp_path: Path) -> None:
    with new_store(tmp_path / "shuffled.duckdb") as other:
        retail.put(other, rows.sample(frac=1, random_state=7))
        assert rfm(other) == rfm(shop)
        for name in ("Champions", "At risk"):
            assert ids(other, rfm_members(other, name)) == ids(shop, rfm_members(shop, name))
        a, b = tmp_path / "a.csv", tmp_path / "b.csv"
        rule = Did("purchase", compare=Compare("at_least", 2))
        assert members_csv(shop, rule, a) == members_csv(other, rule, b) == 2_845
        assert a.read_bytes() == b.read_bytes()


def test_facts_in_the_file(shop: Store, rows: pd.DataFrame, tmp_path: Path) -> None:
    out = tmp_path / "all.csv"
    assert members_csv(shop, Not(Did("comment")), out) == 4_372
    found = pd.read_csv(out, dtype={"user_id": str}, parse_dates=["last_order", "last_seen"]).set_index("user_id")
    assert list(found.columns) == ["orders", "net_value", "last_order", "last_seen"]
    bought = rows[rows["quantity"] > 0].groupby("user")
    pd.testing.assert_series_equal(
        found["orders"], bought["order"].nunique().reindex(found.index, fill_value=0), check_names=False
    )
    assert (found["net_value"] - rows.groupby("user")["value"].sum()).abs().max() < 1e-6
    assert (found["last_order"].dropna() == bought["at"].max().sort_index()).all()


def test_compiled_rules_yield_one_column(shop: Store) -> None:
    table = shop.read(compile_rule(Rfm(("Champions",)), read_schema(shop), shop.as_of()))
    assert table.column_names == ["user_no"]
    assert str(table.schema.field("user_no").type) == "int32"
    assert shop.rows(Query("SELECT count(*) AS n FROM users")) == [{"n": 4_372}]
