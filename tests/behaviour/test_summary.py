"""The summary by day against SQL: the same figures to the last digit, made once, and never of two versions at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from core.behaviour import (
    EVERYTHING,
    UNITS,
    Window,
    active_users,
    between,
    contents,
    events_over_time,
    last_days,
    overview,
    stickiness,
    trend,
)
from core.behaviour import summary as made
from core.behaviour.presence import read_presence
from core.behaviour.summary import Days, Summary, summary, whole_days
from core.store import Store
from tests.behaviour.conftest import Maker
from tests.behaviour.world import SHOP, E, build

# All that makes a day hard: anonymous and untimed events, impressions, dates after the end of the data (also on its
# last day), orders over several days, returns, values that are missing, and two users whose numbers lie a word apart.
_ODD = """
INSERT INTO events BY NAME SELECT
    CASE WHEN hash(i, 1) % 10 > 0 THEN (hash(i, 2) % 150)::INTEGER END AS user_no,
    CASE WHEN hash(i, 3) % 10 > 0 THEN (hash(i, 4) % 70)::INTEGER END AS item_no,
    ['view', 'impression', 'purchase', 'purchase', 'return', 'hug'][1 + (hash(i, 5) % 6)::INTEGER] AS event,
    CASE WHEN hash(i, 6) % 50 = 0 THEN NULL
        WHEN hash(i, 6) % 50 = 1 THEN TIMESTAMP '2026-01-02 00:00:00' + to_hours((hash(i, 7) % 400)::INTEGER)
        ELSE TIMESTAMP '2026-01-01 20:00:00' - to_minutes((hash(i, 8) % (100 * 1440))::INTEGER) END AS at_utc,
    CASE WHEN event = 'purchase' AND hash(i, 9) % 10 > 2 THEN 'o' || (hash(i, 10) % 9) END AS order_id,
    CASE WHEN event IN ('purchase', 'return') AND hash(i, 11) % 9 > 0
        THEN (hash(i, 12) % 100000 / 7)::DECIMAL(18, 4) * CASE event WHEN 'return' THEN -1 ELSE 1 END END AS value,
    1 AS batch_no
FROM range({rows}) t(i)
"""


def odd(path: Path, rows: int) -> Store:
    store = build(path, SHOP)
    with store.atomic() as w:
        w.run("DELETE FROM events")
        w.run(_ODD.format(rows=rows))
    return store


@pytest.fixture(scope="module", params=[60, 6_000], ids=["few", "many"])
def both(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with odd(tmp_path_factory.mktemp("odd") / "odd.duckdb", request.param) as store:
        yield store


def windows(store: Store) -> list[Window]:
    end = store.as_of()
    assert end is not None
    return [
        EVERYTHING,
        between(date(2025, 10, 15), date(2025, 12, 3)),
        Window(datetime(2025, 11, 20), None),
        Window(None, datetime(2025, 11, 20)),
        Window(datetime(2025, 1, 1), datetime(2025, 9, 27)),
        last_days(store, 30),
    ]


def figures(store: Store) -> dict[str, Any]:
    """Every figure that the summary answers, as plain values with their types."""
    told: dict[str, Any] = {"contents": contents(store)}
    for n, window in enumerate(windows(store)):
        told[f"overview {n}"] = overview(store, window)
        told[f"stickiness {n}"] = _plain(stickiness(store, window))
        for unit in UNITS:
            told[f"trend {n} {unit}"] = _plain(trend(store, window, unit))
            told[f"events {n} {unit}"] = _plain(events_over_time(store, unit, window))
            told[f"active {n} {unit}"] = _plain(active_users(store, unit, window))
    return told


def _plain(answer: Any) -> Any:
    frame: pd.DataFrame = answer.table
    return frame.astype(object).where(frame.notna(), None).to_dict("list"), list(frame.dtypes), answer.problem


def test_the_summary_and_sql_say_the_same(both: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    ours = figures(both)
    assert all(part(both) for part in (summary(both).presence, summary(both).counts, summary(both).orders))
    for name in ("presence", "counts", "orders"):
        monkeypatch.setattr(Summary, name, lambda *_: None)
    asked = figures(both)
    for name, answer in asked.items():
        assert ours[name] == answer, name


def test_windows_of_whole_days(make: Maker) -> None:
    store = make(SHOP)
    assert whole_days(store, Window(None, store.as_of())) == Days(None, None)
    assert whole_days(store, between(date(2025, 3, 2), date(2025, 3, 4))) == Days(date(2025, 3, 2), date(2025, 3, 5))
    assert whole_days(store, last_days(store, 7)) is None
    assert whole_days(make([E("ann", "mug", "view", None)]), EVERYTHING) is None


def test_orders_whose_days_are_not_known_are_left_to_sql(make: Maker) -> None:
    days = ("2025-03-01", "2025-03-12", "2025-03-25")
    store = make([E("ann", "mug", "purchase", day, "o1", 1, 5.0) for day in days])
    orders = summary(store).orders(store)
    assert orders is not None
    assert not orders.clear
    assert orders.within(None, None) == 1
    assert orders.within(date(2025, 3, 10), None) is None
    assert trend(store, unit="week").table["orders"].tolist() == [1, 0, 1, 0, 1]
    assert overview(store, between(date(2025, 3, 10), date(2025, 3, 14))).orders.value == 1


def test_two_who_ask_at_once_share_one_reading(make: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    store, read = make(SHOP), []

    def slowly(store: Store) -> Any:
        read.append(1)
        time.sleep(0.2)
        return read_presence(store)

    monkeypatch.setattr(made, "read_presence", slowly)
    answers: list[Any] = []
    threads = [threading.Thread(target=lambda: answers.append(stickiness(store).latest)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    active_users(store)
    assert len(answers) == 4
    assert len(read) == 1


def test_a_change_of_the_data_makes_a_new_summary(make: Maker) -> None:
    store = make(SHOP)
    before = overview(store).users.value
    with store.atomic() as w:
        w.run("DELETE FROM events WHERE user_no = 0")
    after = overview(store)
    assert before == 5
    assert after.users.value == 4
    assert stickiness(store).table["day"].tolist()[0] == date(2025, 3, 3)  # ann was the first


def test_a_load_in_the_midst_of_reading_is_not_mixed_in(make: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    store = make(SHOP)

    def overtaken(store: Store) -> Any:
        found = read_presence(store)
        with store.atomic() as w:
            w.run("DELETE FROM events WHERE user_no = 0")
        return found

    monkeypatch.setattr(made, "read_presence", overtaken)
    known = summary(store)
    assert known.presence(store) is None
    assert known.counts(store) is None
    assert summary(store) is not known
    monkeypatch.undo()
    assert overview(store).users.value == 4


def test_what_is_too_large_is_left_to_sql(make: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    store = make(SHOP)
    expected = figures_of(store)
    monkeypatch.setattr("core.behaviour.presence._MOST_CELLS", 100)
    monkeypatch.setattr(made, "_MOST_COUNTS", 3)
    with store.atomic() as w:
        w.run("UPDATE events SET session = 'new'")
    assert summary(store).presence(store) is None
    assert summary(store).counts(store) is None
    assert figures_of(store) == expected


def figures_of(store: Store) -> Any:
    return overview(store), _plain(trend(store)), _plain(stickiness(store)), contents(store)


def test_of_many_workspaces_the_oldest_summary_goes(make: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = make(SHOP), make(SHOP)
    old = summary(first)
    assert old.presence(first) is not None
    monkeypatch.setattr(made, "_MOST_BYTES", 1)
    new = summary(second)
    assert new.presence(second) is not None
    assert summary(second) is new
    assert summary(first) is not old
    assert overview(first).users.value == 5


def test_a_presence_of_days(make: Maker) -> None:
    store = make(SHOP)
    presence = summary(store).presence(store)
    assert presence is not None
    assert presence.first == date(2025, 3, 1)
    assert presence.row(date(2024, 1, 1)) == presence.row(presence.first) == 1
    assert presence.row(date(2030, 1, 1)) == len(presence.users) == 15
    day = presence.row(date(2025, 3, 6))  # dan saw an impression, and did nothing
    assert (int(presence.users[day, 0]), int(presence.active[day, 0])) == (0b1000, 0)
    wau = presence.reached(presence.active, 7)
    assert wau.tolist() == [1, 1, 2, 2, 3, 3, 3, 3, 3, 3, 2, 2, 2, 2]
    assert timedelta(days=len(wau)) == datetime(2025, 3, 15) - datetime(2025, 3, 1)
