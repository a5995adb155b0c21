"""The timeline against a plain sort, and in slabs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.behaviour import NO_ITEM, Beside, Timeline, beside, timeline, timelines
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


def shop(path: Path) -> Store:
    store = new_store(path)
    with store.atomic() as writer:
        writer.run(
            "INSERT INTO batches VALUES (1, 'events', '[]', '{}', 0, 0, 0, 0, 0, 0, 0, TIMESTAMP '2030-01-01', NULL, "
            "'append', 0, 0)"
        )
        writer.run(_MANY)
    return store


def test_events_stand_by_user_and_time(tmp_path: Path) -> None:
    with shop(tmp_path / "w.duckdb") as store:
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


def test_slabs_hold_the_same_and_part_no_user(tmp_path: Path) -> None:
    with shop(tmp_path / "w.duckdb") as store:
        slabs = list(timelines(store, most=700))
        assert len(slabs) > 2
        seen = [set(slab.users.tolist()) for slab in slabs]
        assert sum(map(len, seen)) == len(set.union(*seen)), "no user in two slabs"
        (whole,) = timelines(store)
        np.testing.assert_array_equal(np.concatenate([s.numbers for s in slabs]), whole.numbers)


def test_what_is_kept_goes_with_the_data(tmp_path: Path) -> None:
    with shop(tmp_path / "w.duckdb") as store:
        (before,) = timelines(store)
        (again,) = timelines(store)
        assert again is before
        with store.atomic() as writer:
            writer.run("DELETE FROM events WHERE event = 'zoo'")
        (after,) = timelines(store)
        assert len(after) < len(before)
        assert "zoo" not in after.kinds
    with new_store(tmp_path / "none.duckdb") as empty:
        assert list(timelines(empty)) == []


def test_what_stands_beside_the_events(tmp_path: Path) -> None:
    with shop(tmp_path / "w.duckdb") as store:
        line, near = _carts(store)
        assert near.numbers is None
        with store.atomic() as writer:  # and once more with numbers far apart, which are searched
            writer.run("UPDATE events SET event_no = event_no * 1000")
        with pytest.raises(Refusal) as refused:
            beside(store, line, Query("1"))
        assert refused.value.code == "data_changed"
        assert _carts(store)[1].numbers is not None


def _carts(store: Store) -> tuple[Timeline, Beside]:
    (line,) = timelines(store)
    found = beside(store, line, Query("CASE WHEN event = 'cart' THEN event_no * 2 ELSE -1 END"))
    cart, some = line.of("cart"), slice(100, 200, 3)
    assert found.of(line.numbers).tolist() == np.where(cart, line.numbers * 2, -1).tolist()
    assert found.of(line.numbers[some]).tolist() == np.where(cart, line.numbers * 2, -1)[some].tolist()
    return line, found


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
