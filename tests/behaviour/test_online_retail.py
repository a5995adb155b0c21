"""Home's figures of UCI Online Retail, each against pandas reading the same file on its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest

from core.behaviour import active_users, before, funnel, last_days, overview, stickiness, top_items
from core.ingest import load, open_source, propose
from core.store import Store
from tests.prepared import new_store

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def shop(online_retail: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with new_store(tmp_path_factory.mktemp("or") / "or.duckdb", reads=[online_retail.parent]) as store:
        source = open_source(online_retail, name=online_retail.name, spool=store.spool)
        mapping = replace(propose(store, source).mapping, event="purchase")
        with store.atomic() as writer:
            load(writer, [source], mapping)
        yield store


@pytest.fixture(scope="module")
def lines(online_retail: Path) -> pd.DataFrame:
    table = pd.read_csv(
        online_retail, dtype={"CustomerID": str, "InvoiceNo": str, "StockCode": str}, encoding="latin-1"
    )
    table["at"] = pd.to_datetime(table["InvoiceDate"], format="%m/%d/%Y %H:%M")
    table["day"] = table["at"].dt.date
    table["value"] = table["Quantity"] * table["UnitPrice"]
    table["back"] = table["Quantity"] < 0
    return table


def orders(lines: pd.DataFrame) -> int:
    return int(lines.loc[~lines["back"], ["CustomerID", "InvoiceNo"]].drop_duplicates().shape[0])


def test_overview(shop: Store, lines: pd.DataFrame) -> None:
    o = overview(shop)
    assert o.events.value == len(lines) == 541_909
    assert o.users.value == lines["CustomerID"].nunique() == 4_372
    assert o.items.value == lines["StockCode"].nunique() == 4_070
    assert o.anonymous.value == lines["CustomerID"].isna().sum() == 135_080
    assert o.buyers.value == lines.loc[~lines["back"], "CustomerID"].nunique() == 4_339
    assert o.orders.value == orders(lines) == 20_728
    assert o.revenue.value == Decimal("9747747.934")  # as the data's README gives it


def test_a_quarter_against_the_one_before(shop: Store, lines: pd.DataFrame) -> None:
    window = last_days(shop, 90)
    earlier = before(window)
    assert window.start is not None
    assert earlier is not None
    assert earlier.start is not None
    o = overview(shop, window)
    now = lines[lines["at"] >= pd.Timestamp(window.start)]
    then = lines[(lines["at"] >= pd.Timestamp(earlier.start)) & (lines["at"] < pd.Timestamp(window.start))]
    assert (o.users.value, o.users.before) == (now["CustomerID"].nunique(), then["CustomerID"].nunique())
    assert (o.orders.value, o.orders.before) == (orders(now), orders(then))
    assert float(o.revenue.value or 0) == pytest.approx(now["value"].sum())
    assert float(o.revenue.before or 0) == pytest.approx(then["value"].sum())


def test_activity(shop: Store, lines: pd.DataFrame) -> None:
    known = lines[lines["CustomerID"].notna()]
    months = active_users(shop, "month").table
    by_month = known["at"].dt.to_period("M")
    assert months["users"].tolist() == known.groupby(by_month)["CustomerID"].nunique().tolist()
    firsts = known.groupby("CustomerID")["at"].min().dt.to_period("M").value_counts().sort_index()
    assert months["new"].tolist() == firsts.tolist()
    found = stickiness(shop)
    assert found.latest_day == date(2011, 12, 8)  # the 9th ends at 12:50
    lately = known[(known["day"] <= found.latest_day) & (known["day"] > found.latest_day - timedelta(days=30))]
    active = lately["CustomerID"].nunique()
    assert found.latest == pytest.approx(len(lately[["CustomerID", "day"]].drop_duplicates()) / 30 / active)


def test_leaders(shop: Store, lines: pd.DataFrame) -> None:
    revenue = lines.groupby("StockCode")["value"].sum().nlargest(10)
    top = top_items(shop, "revenue").table
    assert top["id"].tolist() == revenue.index.tolist()
    assert top["value"].tolist() == pytest.approx(revenue.tolist())
    pairs = lines.groupby(["CustomerID", "StockCode"]).agg(
        net=("Quantity", "sum"), back=("back", "any"), bought=("back", lambda b: not b.all())
    )
    kept = pairs[pairs["bought"] & ~(pairs["back"] & (pairs["net"] <= 0))].reset_index()
    found = top_items(shop, "buyers", 3)
    assert found.table["value"].tolist() == kept.groupby("StockCode").size().nlargest(3).tolist()
    assert found.total == kept["CustomerID"].nunique()


def test_a_shop_that_logs_purchases_only_has_no_funnel(shop: Store) -> None:
    assert funnel(shop).problem == (
        "A funnel needs two of the event types view, cart, purchase; these data hold: purchase, return."
    )
