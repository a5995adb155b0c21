"""The retention rule: counted back from today, carried out at every load, and never by surprise."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from core.errors import Refusal
from core.ingest.retention import apply_retention, due, retention, set_retention
from core.store import Query, Store
from core.store.digest import content_digest
from tests.ingest.loading import events, load_text, mapping, reconciled, table, undo_batch, workspace

NOW = datetime(2024, 3, 31, 15, 30)
EVENTS = mapping("events", event="view", user="u", item="i", time="t")
TEXT = "u,i,t\n1,a,2024-01-01 00:00:00\n2,b,2024-01-01 23:59:59\n3,b,2024-01-02 00:00:00\n4,c,2024-03-31\n5,c,\n"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with workspace(tmp_path) as store:
        yield store


def rule(store: Store, days: int | None, now: datetime = NOW, **more: Any) -> None:
    with store.atomic(data=False) as writer:
        set_retention(writer, days, now=now, **more)


def applied(store: Store, now: datetime = NOW) -> dict[str, Any]:
    with store.atomic() as writer:
        return apply_retention(writer, now=now)


def test_old_events_go_with_those_whom_only_they_named(store: Store) -> None:
    load_text(store, TEXT, EVENTS)
    with store.atomic() as writer:
        writer.run("INSERT INTO parked_events (event, at_utc, batch_no) VALUES ('view', TIMESTAMP '2023-05-05', 1)")
    assert due(store, NOW).events == 0
    assert retention(store) is None
    rule(store, 89)  # 31 March less 89 days: 2 January is the first day that is kept
    waiting = due(store, NOW)
    assert (waiting.cutoff, waiting.events, waiting.parked, waiting.kept, waiting.untimed) == (
        datetime(2024, 1, 2),
        2,
        1,
        2,
        1,
    )
    assert (waiting.by_batch, waiting.oldest) == ({1: 3}, datetime(2023, 5, 5))
    done = applied(store)
    assert {k: done[k] for k in ("events", "parked", "users", "items", "by_batch")} == {
        "events": 2, "parked": 1, "users": 2, "items": 1, "by_batch": {1: 3},
    }  # fmt: skip
    assert [row[0] for row in events(store, "user_id")] == ["3", "4", "5"]
    assert [row["user_id"] for row in table(store, "users")] == ["3", "4", "5"]
    assert store.rows(Query("SELECT events_gone AS n, rows_loaded AS l FROM batches")) == [{"n": 3, "l": 5}]
    assert due(store, NOW).events + due(store, NOW).parked == 0
    assert applied(store)["events"] == 0


def test_a_day_ends_at_midnight_utc(store: Store) -> None:
    load_text(store, TEXT, EVENTS)
    rule(store, 89)
    east = timezone(timedelta(hours=14))
    for now in (
        datetime(2024, 3, 31, tzinfo=UTC),
        datetime(2024, 3, 31, 23, 59, 59),
        datetime(2024, 4, 1, 13, tzinfo=east),
    ):
        assert due(store, now).events == 2
    assert due(store, datetime(2024, 4, 1)).events == 3


def test_a_load_carries_the_rule_out(store: Store) -> None:
    today = datetime.now(UTC).replace(tzinfo=None)
    old, young = today - timedelta(days=11), today - timedelta(days=1)
    load_text(store, f"u,i,t\n0,z,{young:%Y-%m-%d}\n", EVENTS, "first.csv")
    rule(store, 10, today)
    text = f"u,i,t\n1,a,{old:%Y-%m-%d}\n1,a,{young:%Y-%m-%d}\n2,b,{old:%Y-%m-%d}\n"
    report = reconciled(load_text(store, text, EVENTS, "second.csv"))
    day = f"{today - timedelta(days=10):%-d %b %Y}"
    assert f"2 events older than {day} were dropped by the retention rule (10 days)." in report.notes
    assert [row["user_id"] for row in table(store, "users")] == ["0", "1"]
    assert report.events == {"view": 3}
    # undoing the first load leaves what the second alone would have left
    undo_batch(store, 1)
    digest = content_digest(store)
    (store.path.parent / "b").mkdir()
    with workspace(store.path.parent / "b") as alone:
        rule(alone, 10, today)
        load_text(alone, text, EVENTS, "second.csv")
        assert content_digest(alone) == digest


def test_no_surprise(store: Store) -> None:
    load_text(store, TEXT, EVENTS)
    later = NOW + timedelta(days=400)
    with pytest.raises(Refusal, match=r"All 4 events .* latest is of 31 Mar 2024") as refused:
        rule(store, 30, later)
    assert refused.value.code == "drops_everything"
    assert retention(store) is None
    rule(store, 30, later, even_all=True)
    found = retention(store)
    assert found
    assert found.days == 30
    for days in (0, -1, 36_501):
        with pytest.raises(Refusal) as refused:
            rule(store, days)
        assert refused.value.code == "bad_days"
    rule(store, None)
    assert retention(store) is None
    assert applied(store)["days"] is None
