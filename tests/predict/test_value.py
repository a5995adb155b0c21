"""Future value on a workspace: what counts as a purchase, totals, cells, bands, files, and the hold-out."""

from __future__ import annotations

import csv
from datetime import date, datetime
from pathlib import Path

import numpy as np
import pytest

from core.behaviour import count_people
from core.errors import Refusal
from core.predict import (
    ValueSpec,
    check_users,
    future_value,
    value_bands,
    value_cells,
    value_check,
    value_likely,
    value_users,
    write_values,
)
from core.predict.lifetime.bgnbd import Rates
from core.predict.lifetime.check import check_of
from core.predict.lifetime.orders import bought_between, buyers, day_of, order_days
from core.predict.lifetime.spend import Spend
from core.predict.lifetime.value import value_of
from core.store import Store
from tests.behaviour.world import E, build
from tests.predict.lives import order_days_of

TRUTH, WORTH = Rates(0.6, 30.0, 0.9, 2.5), Spend(6.0, 4.0, 30.0)

BY_HAND = [
    E("ann", "x", "purchase", "2025-01-01 10:00", "1", 1, 10),
    E("ann", "x", "purchase", "2025-01-01 18:00", "2", 1, 7),  # the same day: one purchase
    E("ann", "x", "purchase", "2025-01-11 09:00", "3", 1, 30),
    E("ann", "x", "return", "2025-01-11 20:00", None, -1, -5),  # the same day: 25
    E("ann", "x", "purchase", "2025-01-21 23:59", "4", 1, 15),
    E("ann", "x", "return", "2025-01-25", None, -1, -4),  # no purchase that day: stands apart
    E("bob", "y", "view", "2025-01-02"),
    E("bob", "y", "purchase", "2025-01-05", "5", 1, 8),
    E("bob", "y", "purchase", "2025-01-06", "6", 1, 4),
    E("bob", "y", "return", "2025-01-06 12:00", None, -1, -4),  # worth nothing: left out of values
    E(None, "y", "purchase", "2025-01-08", "7", 1, 100),
    E("cid", "y", "view", "2025-01-08"),
    E("dan", "y", "purchase", "2025-01-31 12:00", "8", 1, 3),  # the last day is not whole
]


def test_purchases_are_days_and_ages_end_with_the_last_whole_day(tmp_path: Path) -> None:
    with build(tmp_path / "w.duckdb", BY_HAND) as store:
        days = order_days(store)
        assert not isinstance(days, str)
        assert day_of(days.last) == date(2025, 1, 30)
        who = buyers(days)
        ann, bob = 0, 1
        assert who.users.tolist() == [ann, bob]
        assert who.x.tolist() == [2, 1]
        assert who.recency.tolist() == [20, 1]
        assert who.age.tolist() == [29, 25]
        assert who.paid.tolist() == [2, 0]
        assert who.value.tolist() == [20.0, 0.0]
        assert (who.left_out, days.apart.tolist()) == (1, [-4.0])
        before = buyers(days.until(days.last - 15))
        assert before.x.tolist() == [1, 1]
        came, worth = bought_between(days, before, days.last - 15, days.last)
        assert (came.tolist(), worth.tolist()) == ([1, 0], [15.0, 0.0])
        assert "Only 2 users" in str(future_value(store, ValueSpec()).problem)
        assert "Nobody had bought" in str(future_value(store, ValueSpec(), datetime(2025, 1, 1)).problem)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Store:
    made = order_days_of(np.random.default_rng(5), TRUTH, 900, 300, WORTH)
    events = [
        E(f"u{user}", "x", "purchase", str(day_of(20_000 + int(day))), None, 1, round(float(net) + 0.01, 2))
        for user, day, net in zip(made.users, made.days, made.net, strict=True)
    ]
    return build(tmp_path_factory.mktemp("shop") / "w.duckdb", events)


def test_the_users_behind_every_cell_and_band(shop: Store, tmp_path: Path) -> None:
    found = future_value(shop, ValueSpec("week", 13, draws=20))
    assert found.problem is None
    assert found.users == len(found.table) == count_people(shop, value_users(found))
    cells = value_cells(found)
    assert cells["users"].sum() == found.users
    for cell, users in zip(cells["cell"], cells["users"], strict=True):
        assert count_people(shop, value_users(found, cell)) == users
    bands = value_bands(found)
    assert [band.name for band in bands] == ["Top 1 %", "Next 4 %", "Next 15 %", "Next 30 %", "The other half"]
    assert sum(band.share for band in bands) == pytest.approx(1)
    for band in bands:
        assert count_people(shop, value_users(found, band)) == band.users
    assert found.expected is not None
    assert found.table["expected"].sum() == pytest.approx(found.expected.expected)
    for total in (found.expected, found.active, found.alive, found.revenue):
        assert total is not None
        assert total.low is not None
        assert total.high is not None
        assert total.low < total.expected < total.high
    likely = value_likely(found, 30)
    assert (likely["low"] <= found.table["expected"].head(30)).all()
    assert (likely["high"] >= found.table["expected"].head(30)).all()
    assert write_values(shop, found, tmp_path / "v.csv") == found.users
    with (tmp_path / "v.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == found.users
    assert float(rows[0]["value"]) == pytest.approx(found.table["value"].iloc[0], abs=0.01)
    assert rows[0]["user_id"].startswith("u")


def test_margin_and_discount(shop: Store) -> None:
    plain = future_value(shop, ValueSpec("month", 12, draws=0))
    less = future_value(shop, ValueSpec("month", 12, margin=0.5, discount=0.2, draws=0))
    assert plain.value is not None
    assert plain.revenue is not None
    assert less.value is not None
    assert plain.value.expected == pytest.approx(plain.revenue.expected)
    assert 0.5 / 1.2 < less.value.expected / plain.value.expected < 0.5
    assert plain.expected is not None
    assert plain.expected.low is None


def test_the_hold_out_and_its_users(shop: Store) -> None:
    check = value_check(shop, ValueSpec(draws=20))
    assert not check.after
    assert check.problem is None
    assert (check.until - check.cut).days == 100 == check.days if check.until and check.cut else False
    assert check.predicted is not None
    assert check.predicted.low is not None
    assert check.predicted.high is not None
    assert check.predicted.low < check.actual < check.predicted.high  # the data are as the model has it
    assert (check.by_past["users"] * check.by_past["actual"]).sum() == pytest.approx(check.actual)
    assert check.by_past["users"].sum() == check.chances["users"].sum() == check.users
    for past, users in zip(check.by_past["past"], check.by_past["users"], strict=True):
        assert count_people(shop, check_users(check, past=int(past))) == users
    for group, users in zip(check.chances["group"], check.chances["users"], strict=True):
        assert count_people(shop, check_users(check, group=int(group))) == users
    held = check.tracking[check.tracking["held"]]
    start = check.tracking.loc[check.tracking["day"] == check.cut, "actual"].iloc[0]
    assert int(held["actual"].iloc[-1]) - int(start) == check.actual
    assert check.verdict in ("yes", "with care")
    later = value_check(shop, ValueSpec("day", 30, draws=0), datetime.combine(check.cut, datetime.min.time()))  # type: ignore[arg-type]
    assert (later.after, later.days) == (True, 30)


@pytest.mark.prove
def test_intervals_cover_what_comes() -> None:
    """Of 24 shops at least 19 totals lie in their 95 % interval: fewer would happen once in 200 such tests."""
    inside = 0
    for seed in range(24):
        made = order_days_of(np.random.default_rng(100 + seed), TRUTH, 500, 300, first=60)
        found = check_of(made, 199, ValueSpec("day", 100, draws=40))
        assert found.predicted is not None
        assert found.predicted.low is not None
        assert found.predicted.high is not None
        inside += found.predicted.low <= found.actual <= found.predicted.high
    assert inside >= 19


def test_worth_is_found_again() -> None:
    made = order_days_of(np.random.default_rng(8), Rates(2.0, 30.0, 0.3, 3.0), 6_000, 300, WORTH)
    found = value_of(made, ValueSpec(draws=0))
    values = {parameter.name: parameter.value for parameter in found.spend}
    assert values["p"] == pytest.approx(6.0, rel=0.1)
    assert values["q"] == pytest.approx(4.0, rel=0.1)
    assert found.mean_order == pytest.approx(WORTH.mean, rel=0.05)
    assert abs(found.correlation or 0) < 0.1


@pytest.mark.parametrize(
    "wrong", [{"horizon": 0}, {"margin": 0.0}, {"discount": 1.5}, {"draws": 5}, {"unit": "year"}, {"horizon": 600}]
)
def test_questions_without_sense_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(Refusal):
        ValueSpec(**wrong)  # type: ignore[arg-type]
