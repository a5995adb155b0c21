"""The timeline against a plain sort, and in slabs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.behaviour import NO_ITEM, beside, timeline, timelines
from core.errors import Refusal
from core.store import Query, Store
from tests.prepared import new_store

_MANY = """
INSERT INTO events BY NAME SELECT CASE WHEN hash(i) % 11 > 0 THEN (hash(i) % 40)::INTEGER END AS user_no,
    CASE WHEN hash(i * 3) % 5 > 0 THEN (hash(i * 3) % 9)::INTEGER END AS item_no,
    ['view', 'cart', 'a', 'zoo'][1 + (hash(i * 5) % 4)::INTEGER] AS event,
    CASE WHEN hash(i * 7) % 13 > 0 THEN TIMESTAMP '2025-01-01' + to_seconds((hash(i * 7) % 5000)::BIGINT) END AS at_utc,
    i AS event_no, 1 AS batch_no FROM range(3000) AS rows(i)
"""


ORDER = " ORDER BY user_no, at_utc, event_no"  # as a load writes them


def shop(path: Path, order: str = "") -> Store:
    store = new_store(path)
    with store.atomic() as writer:
        writer.run(
            "INSERT INTO batches VALUES (1, 'events', '[]', '{}', 0, 0, 0, 0, 0, 0, 0, TIMESTAMP '2030-01-01', NULL, "
            "'append', 0, 0)"
        )
        writer.run(_MANY + order)
    return store


@pytest.fixture(params=["", ORDER], ids=["in any order", "as loaded"])
def store(tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.setattr(timeline, "BATCH", 2048)  # DuckDB's own least: several batches
    with shop(tmp_path / "w.duckdb", request.param) as store:
        yield store


def test_events_stand_by_user_and_time(store: Store) -> None:
    (line,) = timelines(store)
    rows = store.rows(Query("SELECT user_no, at_utc, event, item_no, event_no FROM events"))
    known = [r for r in rows if r["user_no"] is not None and r["at_utc"] is not None]
    known.sort(key=lambda r: (r["user_no"], r["at_utc"], r["event_no"]))
    assert len(line) == len(known) > 2000
    assert line.users.tolist() == [r["user_no"] for r in known]
    assert line.numbers.tolist() == [r["event_no"] for r in known]
    assert [line.kinds[code] for code in line.kind] == [r["event"] for r in known]
    assert line.items.tolist() == [NO_ITEM if r["item_no"] is None else r["item_no"] for r in known]
    moments = line.at.astype("datetime64[us]").tolist()
    assert moments == [r["at_utc"] for r in known]
    assert line.of("cart", "zoo").tolist() == [r["event"] in ("cart", "zoo") for r in known]
    assert not line.of("nothing").any()
    assert len(line.begins) - 1 == len({r["user_no"] for r in known})


def test_slabs_hold_the_same_and_part_no_user(store: Store) -> None:
    slabs = list(timelines(store, most=700))
    assert len(slabs) > 2
    seen = [set(slab.users.tolist()) for slab in slabs]
    assert sum(map(len, seen)) == len(set.union(*seen)), "no user in two slabs"
    (whole,) = timelines(store)
    np.testing.assert_array_equal(np.concatenate([s.numbers for s in slabs]), whole.numbers)


_LATE = "INSERT INTO events (user_no, event, at_utc, event_no, batch_no) VALUES (?, 'view', ?, 9000, 1)"


@pytest.mark.parametrize(
    ("order", "user", "at", "sorts"),
    [
        (ORDER, None, None, 0),
        ("", None, None, 1),
        (ORDER, 1, datetime(2025, 1, 2), 1),
        (ORDER, 39, datetime(2024, 12, 31), 1),
        (ORDER, 39, datetime(2025, 1, 2), 0),
    ],
    ids=["as loaded", "in any order", "an earlier user later", "an earlier time later", "more of the last user"],
)
def test_what_lies_in_order_is_not_sorted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, order: str, user: int | None, at: datetime | None, sorts: int
) -> None:
    asked: list[str] = []
    read = Store.read

    def heard(self: Store, query: Query, **more: Any) -> Any:
        asked.append(query.sql)
        return read(self, query, **more)

    monkeypatch.setattr(Store, "read", heard)
    with shop(tmp_path / "w.duckdb", order) as store:
        if user is not None:
            with store.atomic() as writer:
                writer.run(Query(_LATE, (user, at)))
        (line,) = timelines(store)
        assert sum("ORDER BY user_no" in sql for sql in asked) == sorts
        np.testing.assert_array_equal(np.lexsort((line.numbers, line.at, line.users)), np.arange(len(line)))
        assert (9000 in line.numbers.tolist()) == (user is not None)


@pytest.mark.parametrize("apart", [1, 1000], ids=["numbers in a row", "numbers far apart"])
def test_what_stands_beside_the_events(store: Store, apart: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timeline, "_PIECE", 150)
    with store.atomic() as writer:
        writer.run(f"UPDATE events SET event_no = event_no * {apart}")
    (line,) = timelines(store)
    found = beside(store, line, Query("CASE WHEN event = 'cart' THEN event_no * 2 END"))
    expected = np.where(line.of("cart"), line.numbers * 2.0, np.nan)
    np.testing.assert_array_equal(found, expected)
    assert len(line.pieces) > 5
    np.testing.assert_array_equal(np.concatenate([piece.here(found) for piece in line.pieces]), expected)


@pytest.mark.parametrize(
    "change",
    ["DELETE FROM events WHERE event = 'zoo'", "UPDATE events SET event_no = event_no + 5000 WHERE event = 'zoo'"],
    ids=["fewer events", "other events"],
)
@pytest.mark.parametrize("late", [False, True], ids=["version known", "version still to rise"])
def test_what_stands_beside_other_events_is_refused(store: Store, change: str, late: bool) -> None:
    (line,) = timelines(store)
    with store.atomic() as writer:
        writer.run(change)
    if late:
        store._version = line.version
    with pytest.raises(Refusal) as refused:
        beside(store, line, Query("1"))
    assert refused.value.code == "data_changed"


def test_a_word_that_comes_while_events_are_read_is_refused(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the listing of the words and the reading: it would have no code."""
    rows = store.rows
    done: list[bool] = []

    def late(query: Query) -> list[dict[str, Any]]:
        found = rows(query)
        if "GROUP BY event" in query.sql and not done:
            done.append(True)
            with store.atomic() as writer:
                writer.run("UPDATE events SET event = 'a new word' WHERE event = 'zoo'")
        return found

    monkeypatch.setattr(store, "rows", late)
    with pytest.raises(Refusal) as refused:
        list(timelines(store))
    assert refused.value.code == "data_changed"
    assert done
    (again,) = timelines(store)
    assert "zoo" not in again.kinds


def test_pieces_hold_the_same_and_part_no_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timeline, "_PIECE", 150)
    with shop(tmp_path / "w.duckdb") as store:
        (line,) = timelines(store)
        assert len(line.pieces) > 5
        for name in ("users", "at", "kind", "items", "numbers"):
            joined = np.concatenate([getattr(piece, name) for piece in line.pieces])
            np.testing.assert_array_equal(joined, getattr(line, name))
        seen = [set(piece.users.tolist()) for piece in line.pieces]
        assert sum(map(len, seen)) == len(set.union(*seen))


def test_dwell_is_held_where_any_event_carries_it(tmp_path: Path) -> None:
    with shop(tmp_path / "w.duckdb") as store:
        assert next(iter(timelines(store))).dwell is None
        with store.atomic() as writer:
            writer.run("UPDATE events SET dwell = event_no / 2 WHERE event = 'view'")
        (line,) = timelines(store)
        assert line.dwell is not None
        expected = np.where(line.of("view"), line.numbers / 2, np.nan)
        np.testing.assert_array_equal(line.dwell, expected)
        np.testing.assert_array_equal(np.concatenate([p.dwell for p in line.pieces]), expected)
