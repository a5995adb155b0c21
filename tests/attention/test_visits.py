"""Visits: hand-dated people with every visit written out, and random data against pandas."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from core.attention import (
    VISIT_KINDS,
    PartBy,
    VisitRule,
    clock,
    clock_users,
    visit_parts,
    visit_parts_users,
    visits,
    visits_users,
)
from core.attention.visits_kept import all_visits
from core.behaviour import Window, share_interval, timelines
from core.errors import Refusal
from core.store import Query, Store
from tests.behaviour.world import E, build, ids
from tests.prepared import copied

# ann: 09:00 to 09:29:59 is one visit; 30 minutes later, to the second, a second one. bob: one view, not engaged; a cart
# alone is engaged. cat: two views in 9 seconds. An impression keeps no visit alive, a return is in none.
DAY = [
    E("ann", "mug", "view", "2025-03-03 09:00:00"),
    E("ann", "mug", "click", "2025-03-03 09:29:59"),
    E("ann", "mug", "purchase", "2025-03-03 09:59:59", "o1", 1, 5.0),
    E("bob", "mug", "view", "2025-03-03 10:00:00"),
    E("bob", None, "impression", "2025-03-03 10:20:00"),
    E("bob", "mug", "cart", "2025-03-03 10:40:00"),
    E("cat", "tea", "view", "2025-03-04 23:59:55"),
    E("cat", "tea", "view", "2025-03-05 00:00:04"),
    E("cat", "tea", "click", "2025-03-10 08:00:00"),
    E("cat", "tea", "click", "2025-03-10 08:00:09"),
    E("ann", "mug", "return", "2025-03-11 08:00:00", "o1", -1, -5.0),
    E(None, "tea", "view", "2025-03-11 09:00:00"),
]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with build(tmp_path / "w.duckdb", DAY) as made:
        yield made


def told(store: Store, rule: VisitRule) -> list[tuple[int, str, int, bool]]:
    """user, first moment, events, engaged of each visit."""
    held = all_visits(store, rule)
    starts = held.start.astype("datetime64[us]").astype("datetime64[s]").astype(str)
    return [
        (int(user), at[5:], int(events), bool(engaged))
        for user, at, events, engaged in zip(held.users, starts, held.events, held.engaged, strict=True)
    ]


def test_each_visit_of_a_few_people(store: Store) -> None:
    assert told(store, VisitRule()) == [
        (0, "03-03T09:00:00", 2, True),  # 29 min 59 s long
        (0, "03-03T09:59:59", 1, True),  # exactly 30 minutes later; a purchase
        (1, "03-03T10:00:00", 1, False),
        (1, "03-03T10:40:00", 1, True),  # a cart
        (2, "03-04T23:59:55", 2, True),  # two views in 9 seconds
        (2, "03-10T08:00:00", 2, False),  # 9 seconds, no view
    ]
    found = visits(store, unit="day")
    assert found.figures is not None
    assert (found.figures.visits, found.figures.engaged, found.figures.users) == (6, 4, 3)
    assert found.figures.engagement_rate == pytest.approx(4 / 6)
    assert found.figures.one_event == 3
    assert found.figures.views_per_visit == pytest.approx(4 / 6)
    assert found.figures.median_seconds == 9
    assert found.table.set_index("start")["visits"].to_dict() == {
        date(2025, 3, day): {3: 4, 4: 1, 10: 1}.get(day, 0) for day in range(3, 12)
    }
    low, high = share_interval([4], [6])
    assert (found.figures.rate_low, found.figures.rate_high) == (low[0], high[0])


def test_the_rule_is_the_analysts(store: Store) -> None:
    assert len(told(store, VisitRule(31))) == 5  # ann's two are one
    assert len(told(store, VisitRule(60))) == 4  # and bob's
    assert len(told(store, VisitRule(1))) == 7
    assert [row[3] for row in told(store, VisitRule(key_events=("click",)))] == [True, False, False, False, True, True]
    with pytest.raises(Refusal, match="cannot end a visit"):
        VisitRule(241)
    with pytest.raises(Refusal, match="No event of a known user carries"):
        visits(store, VisitRule(by="own"))


def test_every_bar_opens_its_users(store: Store) -> None:
    rule = VisitRule()
    found = visits(store, rule, "day")
    for row in found.table.to_dict("records"):
        assert len(ids(store, visits_users(store, rule, unit="day", start=row["start"]))) == row["users"]
    assert [sorted(ids(store, visits_users(store, rule, kind=kind))) for kind in VISIT_KINDS] == [
        ["ann", "bob", "cat"], ["ann", "bob", "cat"], ["bob", "cat"], ["ann", "bob"], ["ann"],
    ]  # fmt: skip
    with pytest.raises(Refusal, match="no visits called"):
        visits_users(store, rule, kind="long")


def test_own_sessions_dwell_and_nobody_known(store: Store) -> None:
    with store.atomic() as writer:  # two of ann's run side by side; one of nobody; cat's click has none
        writer.run("UPDATE events SET session = CASE event WHEN 'click' THEN 'b' ELSE 'a' END WHERE user_no = 0")
        writer.run("UPDATE events SET session = 'c' WHERE user_no = 1 OR (user_no = 2 AND event = 'view')")
        writer.run("UPDATE events SET session = 'd', dwell = 12 WHERE user_no IS NULL")
        writer.run("UPDATE events SET dwell = 40 WHERE user_no = 1 AND event = 'view'")
    assert len(told(store, VisitRule())) == 7  # 7 of 9 events carry one: fewer than 90 %
    assert told(store, VisitRule(by="own")) == [
        (-1, "03-11T09:00:00", 1, True),  # 12 seconds
        (0, "03-03T09:00:00", 2, True),
        (0, "03-03T09:29:59", 1, False),
        (1, "03-03T10:00:00", 2, True),
        (2, "03-04T23:59:55", 2, True),
    ]
    held = all_visits(store, VisitRule(by="own"))
    assert held.outside == 2
    found = visits(store, VisitRule(by="own"), "day").figures
    assert found is not None
    assert (found.users, found.nameless, found.dwell_seconds, found.dwelt) == (3, 1, 52, 2)
    assert found.dwell_missing == pytest.approx(1 - 2 / 5)


def test_windows_count_a_visit_where_it_began(store: Store) -> None:
    window = Window(datetime(2025, 3, 4), datetime(2025, 3, 5))
    found = visits(store, unit="day", window=window)
    assert found.figures is not None
    assert found.figures.visits == 1
    assert found.before is not None
    assert found.before.visits == 4
    assert visits(store, window=Window(datetime(2025, 3, 6), datetime(2025, 3, 7))).problem is not None


def random_shop(path: Path, seed: int = 7) -> tuple[Store, pd.DataFrame]:
    rng = np.random.default_rng(seed)
    kinds = ["view", "view", "click", "cart", "purchase", "impression", "return", "search"]
    rows = [
        E(
            None if rng.random() < 0.1 else f"u{rng.integers(12)}",
            f"i{rng.integers(5)}",
            str(rng.choice(kinds)),
            (datetime(2025, 3, 28) + timedelta(seconds=int(rng.integers(4 * 86400)))).isoformat(" "),
        )
        for _ in range(900)
    ]
    store = build(path, rows)
    with store.atomic() as writer:
        writer.run("UPDATE events SET channel = ['mail', 'web', NULL][1 + (hash(event_no) % 3)::INTEGER]")
        writer.run(
            "UPDATE events SET dwell = (hash(event_no * 3) % 50)::DOUBLE WHERE event = 'view' AND event_no % 3 > 0"
        )
    frame = store.read(Query("SELECT user_no, event, at_utc, event_no, channel, dwell FROM events")).to_pandas()
    return store, frame


def by_pandas(frame: pd.DataFrame, minutes: int = 30) -> pd.DataFrame:
    """One row per visit of known users."""
    events = frame[frame["user_no"].notna() & ~frame["event"].isin(["impression", "return"])]
    events = events.sort_values(["user_no", "at_utc", "event_no"])
    gap = events.groupby("user_no")["at_utc"].diff()
    events["visit"] = (gap.isna() | (gap >= pd.Timedelta(minutes=minutes))).cumsum()
    until = events["at_utc"] + pd.to_timedelta(events["dwell"].fillna(0), unit="s")
    grouped = events.assign(until=until, view=events["event"] == "view").groupby("visit")
    made = grouped.agg(
        user=("user_no", "first"), start=("at_utc", "min"), until=("until", "max"), events=("event", "size"),
        views=("view", "sum"), dwell=("dwell", "sum"), channel=("channel", lambda c: c.iloc[0]),
    )  # fmt: skip
    for name, words in (("key", ["cart", "purchase"]), ("bought", ["purchase"])):
        made[name] = events["event"].isin(words).groupby(events["visit"]).any()
    long = (made["until"] - made["start"]).dt.total_seconds() >= 10
    made["engaged"] = long | made["key"] | (made["views"] >= 2)
    return made


def test_random_visits_are_those_of_pandas(tmp_path: Path) -> None:
    store, frame = random_shop(tmp_path / "r.duckdb")
    with store:
        held, right = all_visits(store, VisitRule()), by_pandas(frame)
        assert len(held) == len(right) > 100
        for name, column in (("users", "user"), ("events", "events"), ("views", "views"), ("dwell", "dwell")):
            np.testing.assert_array_equal(getattr(held, name), right[column].to_numpy(), err_msg=name)
        for name in ("key", "bought", "engaged"):
            np.testing.assert_array_equal(getattr(held, name), right[name], err_msg=name)
        (line,) = timelines(store, most=16_000_000)
        assert len(line) > len(held)
        parts = visit_parts(store, PartBy("event", "channel")).table
        channels = right.assign(channel=right["channel"].fillna("not given")).groupby("channel")
        told_parts: dict[str, dict[Any, Any]] = {str(row.pop("part")): row for row in parts.to_dict("records")}
        for part, rows in channels:
            row = told_parts[str(part)]
            assert [row[name] for name in ("visits", "users", "engaged", "bought")] == [
                len(rows), rows["user"].nunique(), rows["engaged"].sum(), rows["bought"].sum(),
            ]  # fmt: skip
            users = visit_parts_users(store, PartBy("event", "channel"), str(part))
            assert len(ids(store, users)) == row["users"]
        assert parts["visits"].sum() == len(right)


def test_the_clock_is_that_of_pandas_across_summer_time(tmp_path: Path) -> None:
    store, frame = random_shop(tmp_path / "r.duckdb")  # Berlin moves its clocks on 30 March 2025
    with store:
        found = clock(store, "Europe/Berlin")
        assert len(found.table) == 168
        local = frame["at_utc"].dt.tz_localize("UTC").dt.tz_convert("Europe/Berlin")
        cell = local.dt.day_of_week * 24 + local.dt.hour
        done = frame["event"] != "impression"
        known = done & frame["user_no"].notna()
        right = {
            "events": cell[done].value_counts(),
            "users": frame[known].groupby(cell[known])["user_no"].nunique(),
            "visits": (by_pandas(frame)["start"].dt.tz_localize("UTC").dt.tz_convert("Europe/Berlin")).pipe(
                lambda at: (at.dt.day_of_week * 24 + at.dt.hour).value_counts()
            ),
        }
        for name, counts in right.items():
            np.testing.assert_array_equal(found.table[name], counts.reindex(range(168)).fillna(0), err_msg=name)
        first = frame[known & (frame["event"] == "purchase")].sort_values("at_utc")
        orders = first.groupby(["user_no", first["at_utc"].dt.date]).head(1).index  # no order numbers: user and day
        np.testing.assert_array_equal(
            found.table["purchases"], cell[orders].value_counts().reindex(range(168)).fillna(0)
        )
        for place in (0, 30, 90, 140, 167):
            users = clock_users(store, "users", place // 24, place % 24, "Europe/Berlin")
            assert len(ids(store, users)) == found.table["users"][place]
            began = clock_users(store, "visits", place // 24, place % 24, "Europe/Berlin")
            assert (len(ids(store, began)) > 0) == (found.table["visits"][place] > 0)
        with pytest.raises(Refusal, match="no time zone"):
            clock(store, "Mars/Base")


def test_the_samples_visits_are_those_that_were_planted(sample: Path, sample_workspace: Path, tmp_path: Path) -> None:
    with Store(copied(sample_workspace, tmp_path)) as store:
        own, gap = all_visits(store, VisitRule()), all_visits(store, VisitRule(by="gap"))
        assert own.choice.used == "own"
        (row,) = store.rows(Query("SELECT count(DISTINCT session) AS n FROM events WHERE at_utc < ?", (store.as_of(),)))
        assert len(own) == row["n"]
        # planted: 47,580 visits of shoppers and guests with a view or a purchase; a few lie in rows that were rejected
        truth = json.loads((sample / "truth.json").read_text("utf-8"))
        planted = sum(channel["sessions"] for channel in truth["channels"])
        roles = truth["roles"]
        numbers = {row["user_id"]: row["user_no"] for row in store.rows(Query("SELECT user_id, user_no FROM users"))}
        bots = [numbers[user] for user in roles["bots"] if user in numbers]
        apart = [numbers[u] for u in (*roles["resellers"], *roles["test_ids"]) if u in numbers]
        for held in (own, gap):
            real = ((held.views > 0) | held.bought) & ~np.isin(held.users, [*bots, *apart])
            assert abs(int(real.sum()) - planted) <= 10
            runs = np.isin(held.users, bots)
            assert 40 <= held.views[runs].mean() <= 94  # pages a run
            assert not held.bought[runs].any()
            assert np.isin(held.start[runs] // 3_600_000_000 % 24, range(6)).mean() > 0.7  # planted: 80 % at night
        # pauses find the same visits but for what has no session (opened mails) and visits that ran into each other
        mails = store.rows(Query("SELECT count(*) AS n FROM events WHERE event = 'open'"))[0]["n"]
        assert abs(len(gap) - len(own)) < mails
        channels = visit_parts(store, PartBy("event", "channel")).table.to_dict("records")
        rate: dict[str, Any] = {str(row["part"]): row["conversion"] for row in channels}
        assert rate["social"] < rate["organic_search"] < rate["email"] < rate["store"] == 1


def test_online_retail_holds_visits_to_buy(retail_workspace: Path, tmp_path: Path) -> None:
    with Store(copied(retail_workspace, tmp_path)) as store:
        found = visits(store, unit="month")
        bought = store.read(
            Query("SELECT user_no, at_utc FROM events WHERE user_no IS NOT NULL AND event = 'purchase'")
        )
        gap = bought.to_pandas().sort_values(["user_no", "at_utc"]).groupby("user_no")["at_utc"].diff()
        assert found.figures is not None
        assert found.figures.visits == found.figures.engaged == (gap.isna() | (gap >= pd.Timedelta(minutes=30))).sum()
        assert found.figures.visits == 17_046
        assert any("hold no views" in note for note in found.notes)
        assert any("same time" in note for note in found.notes)
