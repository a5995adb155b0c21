"""Daily volume in a workspace: what is told, of what, once; and the days that selections choose."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from core.errors import Refusal
from core.quality import Asked, Finding, Selection, daily
from core.quality.ask import ask
from core.quality.kinds import chosen
from core.quality.volume import detect
from core.store import Query, Store
from tests.prepared import copied, new_store

START = datetime(2025, 1, 1)


@contextmanager
def shop(path: Path, days: dict[str, np.ndarray]) -> Iterator[Asked]:
    """A workspace with so many events of each word on each day from 1 January 2025, spread over the day."""
    with new_store(path / "w.duckdb") as store:
        with store.atomic() as writer:
            writer.run(
                "INSERT INTO batches (batch_no, kind, files, mapping, rows_read, rows_loaded, rows_rejected, "
                "rows_duplicate, rows_repeated, rows_anonymous, events_added, loaded_at) VALUES "
                "(1, 'events', '[]', '{}', 1, 1, 0, 0, 0, 0, 1, TIMESTAMP '2027-01-01')"
            )
            for word, counts in days.items():
                for place, count in enumerate(counts):
                    if count:
                        writer.run(_EVENTS(word, START + timedelta(days=place), int(count)))
            writer.run("UPDATE events SET event_no = rowid")
        yield ask(store, store.as_of())


def _EVENTS(word: str, day: datetime, count: int) -> Query:
    return Query(
        "INSERT INTO events (event, at_utc, value, batch_no) SELECT ?, ?::TIMESTAMP + to_seconds((i * 86000) // ?), "
        "CASE WHEN ? = 'purchase' THEN 10 END, 1 FROM range(?) t(i)",
        (word, day, count, word, count),
    )


def told(found: list[Finding]) -> set[tuple[str, str | None]]:
    return {(one.code, one.facts.get("event")) for one in found if one.level != "note"}


def check_counts(asked: Asked, found: list[Finding]) -> None:
    for one in found:
        if one.selection:
            rows = asked.reader.read(chosen(asked, one.selection))[0].to_pylist()
            assert len(set(rows)) == one.count, one.title
            assert one.count <= one.of


def test_each_is_told_once_and_of_what_it_is_about(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    days = {word: rng.poisson(level, 90) for word, level in (("view", 40), ("cart", 15), ("purchase", 12))}
    days["cart"][30] = 150  # one word alone
    for counts in days.values():
        counts[50] *= 4  # all of them
        counts[60:63] = 0
    days["purchase"][75] = 0
    days["view"][89] = days["cart"][89] = days["purchase"][89] = 1  # the last day is there in part
    with shop(tmp_path, days) as asked:
        found = detect(asked)
        check_counts(asked, found)
    by = {(one.code, one.facts.get("event"), one.level): one for one in found}
    assert told(found) == {("spike", None), ("spike", "cart"), ("gap", None), ("gap", "purchase")}
    assert [row["day"] for row in by["spike", None, "look"].facts["each"]] == ["2025-02-20"]
    assert [row["day"] for row in by["spike", "cart", "look"].facts["each"]] == ["2025-01-31"]
    assert by["gap", None, "look"].facts["days"] == ["2025-03-02", "2025-03-03", "2025-03-04"]
    assert by["gap", "purchase", "look"].facts["days"] == ["2025-03-17"]
    partly = next(one for one in found if one.code == "drop")
    assert partly.level == "note"
    assert "2025-03-31" in partly.title


def test_a_drop_a_word_that_ends_and_bursts(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    days = {"view": rng.poisson(60, 120), "search": rng.poisson(10, 120), "impression": np.zeros(120, int)}
    days["view"][40] = 5
    days["search"][100:] = 0
    days["impression"][[10, 50, 90]] = 400
    with shop(tmp_path, days) as asked:
        found = detect(asked)
        check_counts(asked, found)
        series = daily(asked, "impression")
    assert ("gap", "search") in told(found)
    # Views are most of the events, and the only ones that are low: they are told of, all events are not.
    drop = next(one for one in found if one.code == "drop")
    assert drop.facts["event"] == "view"
    assert drop.facts["each"][0]["day"] == "2025-02-10"
    assert drop.facts["each"][0]["count"] == 5
    burst = next(one for one in found if one.facts.get("event") == "impression")
    assert (burst.code, burst.level, burst.count, burst.of) == ("spike", "note", 1200, 1200)
    assert series.bursts
    assert [str(day) for day in series.dates(series.on("spike"))] == ["2025-01-11", "2025-02-20", "2025-04-01"]


def test_a_clean_shop_says_nothing_and_a_lonely_old_day_does_not_stretch_it(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    days = {"view": rng.poisson(30, 400)}
    days["view"][:300] = 0
    days["view"][0] = 1
    with shop(tmp_path, days) as asked:
        assert detect(asked) == []
        assert len(daily(asked).day) == 100


def test_without_times_or_days_enough(tmp_path: Path) -> None:
    with shop(tmp_path, {"view": np.array([50, 0, 0, 50])}) as asked:
        assert detect(asked) == []
        assert np.isnan(daily(asked).high).all()
        with pytest.raises(Refusal, match="no event 'cart'"):
            daily(asked, "cart")
    (tmp_path / "empty").mkdir()
    with shop(tmp_path / "empty", {}) as asked:
        assert detect(asked) == []
        with pytest.raises(Refusal, match="No event has a time"):
            daily(asked)


def test_days_that_are_none_are_refused(tmp_path: Path) -> None:
    with shop(tmp_path, {"view": np.array([3, 4])}) as asked:
        for days in ((), ("2025-02-30",), ("'; drop",), None, "2025-01-01"):
            with pytest.raises(Refusal) as refusal:
                chosen(asked, Selection.of("days", days=days))
            assert refusal.value.code == "bad_selection"
        assert asked.reader.read(chosen(asked, Selection.of("days", days=("2025-01-02",)))).num_rows == 4


def test_sample(sample_workspace: Path, sample: Path, tmp_path: Path) -> None:
    import json

    truth = json.loads((sample / "truth.json").read_text())["days"]
    with Store(copied(sample_workspace, tmp_path)) as store:
        asked = ask(store, store.as_of())
        found = detect(asked)
        check_counts(asked, found)
    days = {kind: {row["day"] for one in found if one.code == kind and one.level == "look"
                   for row in one.facts.get("each", ()) if one.facts["event"] is None}
            for kind in ("spike", "drop")}  # fmt: skip
    assert days["drop"] == set(truth["outage"])
    assert truth["spike"] in days["spike"]
    bursts = {one.facts["event"] for one in found if "bursts" in one.title}
    assert bursts == {"impression", "open"}
    assert len([one for one in found if one.level == "look"]) <= 6


def test_online_retail(retail_workspace: Path, tmp_path: Path) -> None:
    with Store(copied(retail_workspace, tmp_path)) as store:
        asked = ask(store, store.as_of())
        found = detect(asked)
        check_counts(asked, found)
    closed = [one for one in found if one.level == "note" and "Saturdays" in one.title]
    assert len(closed) == 1
    assert closed[0].count == 50  # the other three lie in the gaps of Christmas and Easter
    gap = next(one for one in found if one.code == "gap" and one.level == "look")
    assert gap.examples[0]["from"] == "2010-12-24"
    assert gap.examples[0]["to"] == "2011-01-03"
    assert {"2011-04-22", "2011-04-25", "2011-05-30", "2011-08-29"} <= set(gap.facts["days"])
