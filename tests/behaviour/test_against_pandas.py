"""Every figure a second time, in plain pandas and Python, on random shops and on Online Retail."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from core.behaviour import (
    MEASURES,
    UNITS,
    Unit,
    Window,
    active_users,
    active_users_users,
    count_people,
    events_over_time,
    funnel,
    funnel_users,
    overview,
    stickiness,
    top_items,
    top_users,
    trend,
)
from core.store import Store
from tests.behaviour.world import E, build, ids
from tests.examples import examples

DAYS = 75
FIRST = datetime(2025, 1, 1)


@st.composite
def events(draw: st.DrawFn) -> list[E]:
    made = []
    for _ in range(draw(st.integers(1, 60))):
        event = draw(st.sampled_from(["view", "cart", "purchase", "return", "impression"]))
        moment = FIRST + timedelta(minutes=draw(st.integers(0, DAYS * 24 * 60 // 30)) * 30)
        size = draw(st.integers(1, 3))
        made.append(
            E(
                draw(st.sampled_from(["ann", "bob", "cat", "dan", None])),
                draw(st.sampled_from(["x", "y", "z", None])),
                event,
                str(moment),
                draw(st.sampled_from(["1", "2", None])) if event == "purchase" else None,
                {"purchase": size, "return": -size}.get(event),
                {"purchase": size * 2.5, "return": -size * 2.5}.get(event),
            )
        )
    return made


def frame(made: list[E]) -> pd.DataFrame:
    table = pd.DataFrame(made, columns=E._fields)
    table["at"] = pd.to_datetime(table["at"])
    table["day"] = table["at"].dt.date
    return table


def order_keys(bought: pd.DataFrame) -> set[tuple[object, ...]]:
    keys: set[tuple[object, ...]] = set()
    for row in bought[bought["event"] == "purchase"].to_dict("records"):
        user = None if pd.isna(row["user"]) else row["user"]
        if not pd.isna(row["order"]):
            keys.add((user, "id", row["order"]))
        elif user is not None:
            keys.add((user, "day", row["day"]))
    return keys


def period(day: date, unit: Unit) -> date:
    ends = pd.Timestamp(day).to_period({"day": "D", "week": "W-SUN", "month": "M"}[unit])
    return ends.start_time.date()


def kept_pairs(rows: pd.DataFrame, upto: pd.DataFrame) -> set[tuple[str, str]]:
    bought = rows[(rows["event"] == "purchase") & rows["user"].notna() & rows["item"].notna()]
    pairs = set(zip(bought["user"], bought["item"], strict=True))
    gone = set()
    for pair, trade in upto[upto["event"].isin(["purchase", "return"])].groupby(["user", "item"]):
        if (trade["event"] == "return").any() and trade["quantity"].sum() <= 0:
            gone.add(pair)
    return pairs - gone


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


# Not shrunk: each example builds a workspace, and its few dozen events can be read as they are.
@settings(max_examples=examples(12), phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(made=events(), start=st.integers(0, DAYS - 1), length=st.integers(1, DAYS), whole=st.booleans())
def test_all_figures(folder: Path, made: list[E], start: int, length: int, whole: bool) -> None:
    path = folder / "w.duckdb"
    path.unlink(missing_ok=True)
    all_rows = frame(made)
    end = min(FIRST + timedelta(days=start + length), all_rows["at"].max().to_pydatetime() + timedelta(microseconds=1))
    begin = FIRST + timedelta(days=start)
    if begin >= end:
        whole = True
    with build(path, made) as store:
        if whole:
            window, rows = Window(), all_rows
        else:
            window, rows = Window(begin, end), all_rows[(all_rows["at"] >= begin) & (all_rows["at"] < end)]
        upto = all_rows if whole else all_rows[all_rows["at"] < end]
        check_overview(store, window, rows)
        check_periods(store, window, rows, upto)
        check_rolling(store, window, upto)
        check_top(store, window, rows, upto)
        check_funnel(store, window, rows)


def check_overview(store: Store, window: Window, rows: pd.DataFrame) -> None:
    o = overview(store, window)
    bought = rows[rows["event"] == "purchase"]
    traded = rows[rows["event"].isin(["purchase", "return"])]
    assert o.events.value == len(rows)
    assert o.anonymous.value == rows["user"].isna().sum()
    assert o.items.value == rows["item"].nunique()
    if o.users.problem is None:
        assert o.users.value == rows["user"].nunique()
    if o.orders.problem is None:
        assert o.orders.value == len(order_keys(rows))
    if o.buyers.problem is None:
        assert o.buyers.value == bought["user"].nunique()
    if o.revenue.problem is None:
        assert o.revenue.value == Decimal(str(traded["value"].sum()))


def check_periods(store: Store, window: Window, rows: pd.DataFrame, upto: pd.DataFrame) -> None:
    acting = upto[upto["user"].notna() & (upto["event"] != "impression")]
    firsts = acting.groupby("user")["at"].min()
    for unit in UNITS:
        found = events_over_time(store, unit, window)
        if rows.empty:
            continue
        starts = rows["day"].map(lambda d, u=unit: period(d, u))
        counted = rows.groupby([starts, "event"]).size()
        for row in found.table.to_dict("records"):
            assert row["events"] == counted.get((row["start"], row["event"]), 0)
        assert found.table["events"].sum() == len(rows)
        by_period = trend(store, window, unit).table
        active = active_users(store, unit, window)
        for n, row in enumerate(by_period.to_dict("records")):
            mine = rows[starts == row["start"]]
            assert (row["users"], row["events"], row["orders"]) == (
                mine["user"].nunique(),
                len(mine),
                len(order_keys(mine)),
            )
            did = mine[mine["user"].notna() & (mine["event"] != "impression")]
            come = set(did["user"])
            new = {u for u in come if firsts[u] in set(did.loc[did["user"] == u, "at"])}
            if active.problem is None:
                shown = active.table.iloc[n]
                assert (shown["start"], shown["users"], shown["new"]) == (row["start"], len(come), len(new))
                if n % 4 != len(rows) % 4:  # of 75 days every fourth, other ones in each example: two questions each
                    continue
                assert ids(store, active_users_users(store, window, unit, row["start"], "new")) == new
                assert ids(store, active_users_users(store, window, unit, row["start"], "returning")) == come - new


def check_rolling(store: Store, window: Window, upto: pd.DataFrame) -> None:
    found = stickiness(store, window)
    acting = upto[upto["user"].notna() & (upto["event"] != "impression")]
    for row in found.table.to_dict("records"):
        ages = acting["day"].map(lambda d, t=row["day"]: (t - d).days)
        for days, value in ((1, row["dau"]), (7, row["wau"]), (30, row["mau"])):
            assert value == acting.loc[(ages >= 0) & (ages < days), "user"].nunique()
        if row["stickiness"] == row["stickiness"]:
            lately = acting[(ages >= 0) & (ages < 30)]
            assert row["stickiness"] == pytest.approx(len(lately[["user", "day"]].drop_duplicates()) / 30 / row["mau"])


def check_top(store: Store, window: Window, rows: pd.DataFrame, upto: pd.DataFrame) -> None:
    named = rows[rows["item"].notna()]
    traded = named[named["event"].isin(["purchase", "return"])]
    kept = kept_pairs(rows, upto)
    want = {
        "events": named.groupby("item").size(),
        "users": named.groupby("item")["user"].nunique(),
        "orders": pd.Series({item: len(order_keys(mine)) for item, mine in named.groupby("item")}, dtype="int64"),
        "buyers": pd.Series({item: sum(i == item for _, i in kept) for item in "xyz"}, dtype="int64"),
        "units": traded.groupby("item")["quantity"].sum(),
        "revenue": traded.groupby("item")["value"].sum(),
    }
    for measure in MEASURES:
        top = top_items(store, measure, 10, window)
        expected = want[measure] if measure in ("units", "revenue") else want[measure][want[measure] > 0]
        assert dict(zip(top.table["label"], top.table["value"], strict=True)) == expected.to_dict()
        if measure in ("users", "buyers"):
            for row in top.table.to_dict("records"):
                assert count_people(store, top_users(store, measure, window, row["key"])) == row["value"]


def check_funnel(store: Store, window: Window, rows: pd.DataFrame) -> None:
    steps = ("view", "cart", "purchase")
    in_order: list[set[object]] = [set(), set(), set()]
    any_order: list[set[object]] = [set(), set(), set()]
    for user, mine in rows[rows["user"].notna()].groupby("user"):
        at = datetime.min
        for i, step in enumerate(steps):
            later = (
                mine[(mine["event"] == step) & (mine["at"] >= at)]
                if at != datetime.min
                else mine[mine["event"] == step]
            )
            if later.empty:
                break
            at = later["at"].min()
            in_order[i].add(user)
        for i in range(3):
            if set(steps[: i + 1]) <= set(mine["event"]):
                any_order[i].add(user)
    assert funnel(store, steps, window).table["users"].tolist() == [len(s) for s in in_order]
    assert funnel(store, steps, window, "any").table["users"].tolist() == [len(s) for s in any_order]
    for i in range(3):
        assert ids(store, funnel_users(store, steps, i, window)) == in_order[i]
        assert ids(store, funnel_users(store, steps, i, window, "any")) == any_order[i]
        if i:
            assert ids(store, funnel_users(store, steps, i, window, lost=True)) == in_order[i - 1] - in_order[i]
