"""Stages of loyalty: every stage and edge by hand, thresholds learned from random data, and Online Retail by pandas."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from core.segments import STAGES, BadRule, Loyalty, LoyaltySettings, Segment, count, loyalty, members, settled
from core.segments.loyalty_sql import staged
from core.store import Query, Store
from tests.prepared import new_store
from tests.segments import oracle_worth, retail
from tests.segments.world import World, event, ids, put

END = datetime(2024, 7, 1)
BY_HAND = LoyaltySettings(slipping_after=30, lost_after=60, loyal_orders=3, new_within=20)


def bought(user: str, *days_ago: float, **more: object) -> list[dict[str, object]]:
    """Orders so many days before END, a minute apart within a day."""
    return [
        event(user, "purchase", END - timedelta(days=d), order_id=f"{user}-{n}", value=10, **more)
        for n, d in enumerate(days_ago)
    ]


PEOPLE = World(
    {"quiet": {}},
    {},
    (
        *bought("new", 20),
        *bought("new, twice", 3, 20),
        *bought("just not new", 20.01),
        *bought("at the edge of active", 30, 50),
        *bought("slipping", 30.01, 50),
        *bought("slipping, was loyal", 60, 61, 62, 63),
        *bought("lost", 60.01),
        *bought("lost, was loyal", 70, 71, 72, 73),
        *bought("returned", 1, 61),
        *bought("returned, many orders", 1, 61, 62, 63),
        *bought("paused a day less", 1, 60),
        *bought("loyal", 5, 6, 7),
        *bought("loyal in one day", 5, 5.001, 5.002),
        *bought("active", 1, 25),
        event("lines of one order", "purchase", END - timedelta(days=5), order_id="x"),
        event("lines of one order", "purchase", END - timedelta(days=6), order_id="x"),
        event("lines of one order", "purchase", END - timedelta(days=31), order_id="x"),
        event("no order numbers", "purchase", "2024-06-28T08:00"),
        event("no order numbers", "purchase", "2024-06-28T20:00"),
        event("no order numbers", "purchase", "2024-06-01T20:00"),
        event("undated", "purchase", None, order_id="y"),
        event("looked", "view", "2024-06-28"),
        event("tomorrow", "purchase", END, order_id="z"),
        event(None, "purchase", "2024-06-28", order_id="w"),
    ),
)
EXPECTED = {
    "new": {"new", "new, twice"},
    "active": {"just not new", "at the edge of active", "paused a day less", "active", "no order numbers"},
    "loyal": {"loyal", "loyal in one day"},
    "returned": {"returned", "returned, many orders"},
    "slipping": {"slipping", "slipping, was loyal", "lines of one order"},
    "lost": {"lost", "lost, was loyal"},
}


@pytest.mark.parametrize("stage", STAGES)
def test_stages_by_hand(store: Store, stage: str) -> None:
    put(store, PEOPLE)
    rule = Loyalty((stage,), BY_HAND)  # type: ignore[arg-type]
    assert ids(store, members(store, Segment("x", rule, END))) == EXPECTED[stage]


def test_result_by_hand(store: Store) -> None:
    put(store, PEOPLE)
    found = loyalty(store, BY_HAND, END)
    assert {s.name: s.users for s in found.stages} == {name: len(people) for name, people in EXPECTED.items()}
    assert found.buyers == sum(map(len, EXPECTED.values())), "each buyer in exactly one stage"
    lost = found.stages[STAGES.index("lost")]
    assert (lost.recency, lost.orders, lost.revenue) == ((61 + 70) / 2, 2.5, 50)
    assert [(t.name, t.value, t.how) for t in found.thresholds] == [
        ("slipping_after", 30, "by hand"), ("lost_after", 60, "by hand"), ("loyal_orders", 3, "by hand"),
        ("new_within", 20, "by hand"),
    ]  # fmt: skip
    assert (found.settled, found.note, found.problem) == (BY_HAND, None, None)
    assert sum(bar.ended for bar in found.pauses) == found.ended
    assert sum(bar.going_on for bar in found.pauses) == found.buyers
    assert found.rule("lost") == Loyalty(("lost",), BY_HAND)


def test_too_few_pauses_to_learn_from(store: Store) -> None:
    put(store, World(events=tuple(bought("ann", 1, 100) + bought("ben", 95))))
    found = loyalty(store, as_of=END)
    assert [(t.value, t.how) for t in found.thresholds] == [(90, "usual"), (180, "usual"), (3, "usual"), (90, "usual")]
    assert "Only 1 pauses" in (found.note or "")
    assert count(store, Loyalty(("slipping",)), END) == 1
    assert settled(store, LoyaltySettings(lost_after=50), END) == LoyaltySettings(49, 50, 3, 49)
    assert settled(store, LoyaltySettings(slipping_after=200), END) == LoyaltySettings(200, 201, 3, 200)
    assert settled(store, LoyaltySettings(slipping_after=99_999), END).lost_after == 100_000


def test_learned_by_hand(store: Store) -> None:
    """36 customers came back after 10 days, 4 after 25; the pause since then goes on, for 5 days so far."""
    events = [e for n in range(36) for e in bought(f"back {n}", 5, 15)]
    events += [e for n in range(4) for e in bought(f"late {n}", 5, 30)]
    put(store, World(events=tuple(events)))
    found = loyalty(store, as_of=END)
    assert [(t.name, t.value, t.how) for t in found.thresholds] == [
        ("slipping_after", 10, "learned"), ("lost_after", 11, "learned"), ("loyal_orders", 3, "usual"),
        ("new_within", 10, "learned"),
    ]  # fmt: skip
    assert found.ended == 40, "the 25 days of four stand in a tail of fewer than 30, and are not read"


def shop(seed: int) -> pd.DataFrame:
    """Orders (user, at) of 400 customers, each with a pace of their own, who stay for a while."""
    draw = np.random.default_rng(seed)
    rows = []
    for n in range(400):
        first, pace, stays = draw.uniform(0, 300), draw.gamma(2, 12), draw.geometric(0.25)
        times = first + np.concatenate([[0], np.cumsum(draw.exponential(pace, stays - 1))])
        rows += [(f"u{n}", END - timedelta(days=300) + timedelta(days=float(t))) for t in times if t < 300]
    return pd.DataFrame(rows, columns=["user", "at"])


@pytest.mark.parametrize("seed", [3, 4])
def test_learned_agree_with_pandas_in_any_order(store: Store, seed: int) -> None:
    rows = shop(seed)
    events = tuple(event(u, "purchase", at.to_pydatetime(), order_id=f"{n}") for n, (u, at) in enumerate(rows.values))
    put(store, World(events=events))
    orders = oracle_worth.orders_frame(rows.astype({"at": "datetime64[us]"}))
    for asked in (LoyaltySettings(), LoyaltySettings(slipping_after=20), LoyaltySettings(lost_after=40, new_within=7)):
        limits = oracle_worth.thresholds(orders, asked, END)
        assert settled(store, asked, END) == limits
        found = store.rows(Query("SELECT user_id, part FROM (") + staged(asked, END) + ") JOIN users USING (user_no)")
        assert {r["user_id"]: r["part"] for r in found} == oracle_worth.staged(orders, limits, END)
    seen = loyalty(store, as_of=END)
    put(store, World(events=tuple(reversed(events))))
    assert loyalty(store, as_of=END) == seen


def test_why_there_are_no_stages(store: Store) -> None:
    put(store, World(events=(event("a", "purchase"),)))
    assert "have no times" in (loyalty(store).problem or "")
    with pytest.raises(BadRule, match="loyalty needs event times"):
        count(store, Loyalty(("new",)))
    with pytest.raises(BadRule, match="loyalty needs event times"):
        settled(store, LoyaltySettings())
    put(store, World(events=(event("a", "view", "2024-01-01"),)))
    assert "no purchases" in (loyalty(store).problem or "")
    with pytest.raises(BadRule, match="at least 2 days"):
        LoyaltySettings(lost_after=1)
    with pytest.raises(BadRule, match="longer than slipping_after"):
        LoyaltySettings(30, 30)


@pytest.fixture(scope="module")
def rows(online_retail: Path) -> pd.DataFrame:
    return retail.read(online_retail)


@pytest.fixture(scope="module")
def shop_store(rows: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with new_store(tmp_path_factory.mktemp("loyal") / "shop.duckdb") as store:
        retail.put(store, rows)
        yield store


@pytest.mark.slow
def test_online_retail(shop_store: Store, rows: pd.DataFrame) -> None:
    found = loyalty(shop_store)
    sold = rows[rows["quantity"] > 0].groupby(["user", "order"])["at"].min().reset_index()
    orders = oracle_worth.orders_frame(sold)
    end = shop_store.as_of()
    assert end is not None
    limits = oracle_worth.thresholds(orders, LoyaltySettings(), end)
    assert found.settled == limits == LoyaltySettings(103, 258, 4, 103)
    expected = pd.Series(oracle_worth.staged(orders, limits, end))
    assert {s.name: s.users for s in found.stages if s.users} == expected.value_counts().to_dict()
    assert found.buyers == len(expected) == 4_339
    money = rows.groupby("user")["value"].sum()
    for stage in found.stages:
        own = set(expected[expected == stage.name].index)
        assert ids(shop_store, members(shop_store, Segment("x", found.rule(stage.name)))) == own
        assert stage.revenue == pytest.approx(money[list(own)].sum(), abs=0.01)


@pytest.mark.slow
def test_online_retail_by_quartiles(shop_store: Store, rows: pd.DataFrame) -> None:
    from core.segments import RfmSettings, rfm

    table = retail.rfm_by_pandas(rows)
    found = rfm(shop_store, settings=RfmSettings(scores=4, monetary="with_frequency"))
    scores: dict[str, Any] = {}
    for name, column in (("r", -table["recency"]), ("f", table["frequency"]), ("m", table["monetary"])):
        below = column.value_counts().sort_index().cumsum().iloc[:-1]
        cuts = [(below - q * len(column)).abs().idxmin() for q in (0.25, 0.5, 0.75)]
        scores[name] = sum(((column > cut).astype(int) for cut in cuts), start=1)
    cells = scores["r"].astype(str) + ((scores["f"] + scores["m"] + 1) // 2).astype(str)
    assert {c.cells[0]: c.users for c in found.cells if c.users} == cells.value_counts().to_dict()
    assert (found.buyers, len(found.cells)) == (4_339, 16)
    assert [(b.score, b.users) for b in found.frequency] == sorted(scores["f"].value_counts().items(), reverse=True)
