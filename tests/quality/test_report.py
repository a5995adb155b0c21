"""The report as a whole: order, a failing detector, cancelling, JSON, keeping it, the job, rows and users behind."""

from __future__ import annotations

import csv
import json
import logging
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from core.behaviour import count_people, sample_people
from core.errors import Refusal
from core.ingest import erase
from core.jobs import JobSpec, runner_for
from core.progress import Cancelled, Step
from core.quality import (
    Exclude,
    Finding,
    Kind,
    Repair,
    Report,
    Selection,
    figures,
    headline,
    keep_report,
    kinds,
    last_report,
    quality_job,
    report,
    rows_behind,
    stream_rows_csv,
    users_behind,
)
from core.quality.types import Asked
from core.store import Query, Store
from tests.behaviour.world import SHOP, TITLES, build, ids
from tests.prepared import new_store


def _of_order(asked: Asked, params: Any) -> Query:
    return Query("SELECT event_no FROM events WHERE order_id = ?", (params["order"],))


def _named(asked: Asked, params: Any) -> pa.Array:
    rows = asked.reader.rows(Query("SELECT user_no FROM users WHERE user_id = ?", (params["user"],)))
    return pa.array([row["user_no"] for row in rows], pa.int64())


def _item(asked: Asked, params: Any) -> Query:
    return Query("SELECT item_no FROM items WHERE item_id = ?", (params["item"],))


@pytest.fixture(autouse=True)
def test_kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    for made in (
        Kind("t_order", "events", "of this test", {"order": None}, _of_order),
        Kind("t_user", "users", "of this test", {"user": None}, _named),
        Kind("t_item", "items", "of this test", {"item": None}, _item),
    ):
        monkeypatch.setitem(kinds.KINDS, made.code, made)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with build(tmp_path / "w.duckdb", SHOP, titles=TITLES) as opened:
        yield opened


ORDER, USER, ITEM = (
    Selection.of("t_order", order="o1"),
    Selection.of("t_user", user="bob"),
    Selection.of("t_item", item="pot"),
)


def little(asked: Asked) -> list[Finding]:
    """Three findings of one level: nothing, a little and much money is theirs; and a note with a large share."""
    return [
        Finding("note", "note", "A note.", "", "columns", 9, 10, column="device"),
        Finding(
            "nothing", "look", "Nothing chosen.", "", "events", 0, 18, selection=Selection.of("t_order", order="x")
        ),
        Finding("t_order", "look", "An order.", "", "events", 3, 18, selection=ORDER, facts={"at": asked.end}),
        Finding("t_item", "look", "An item.", "", "items", 1, 18, selection=ITEM, repairs=(Repair(ITEM, Exclude()),)),
    ]


def grave(asked: Asked) -> list[Finding]:
    """A serious finding with an example that JSON has no words for as it is."""
    example = asked.reader.rows(Query("SELECT at_utc, value, 'NaN'::DOUBLE AS odd FROM events WHERE value > 12"))[0]
    return [Finding("t_user", "serious", "One user.", "", "users", 1, 5, selection=USER, examples=(example,))]


def broken(asked: Asked) -> list[Finding]:
    """A detector with a defect, whose message holds an id."""
    asked.reader.rows(Query("SELECT no_such_column FROM users WHERE user_id = ?", ("secret-4711",)))
    return []


def refusing(asked: Asked) -> list[Finding]:
    """A detector that says what is missing."""
    raise Refusal("no_times", "The events have no times.", "")


def test_the_worst_comes_first_then_the_most_money(store: Store) -> None:
    made = report(store, detectors=[little, grave])
    assert [f.code for f in made.findings] == ["t_user", "t_item", "t_order", "nothing", "note"]
    assert made.figures == figures(store)
    assert (made.version, made.end) == (store.version, store.as_of())
    by_code = {f.code: f for f in made.findings}
    item, nothing = by_code["t_item"].effect, by_code["nothing"].effect
    assert item is not None
    assert nothing is not None
    assert item.with_.revenue - item.without.revenue == 60.0  # three pots at 20, and one without a price
    assert item.leave == ("pot",)
    assert nothing.without == made.figures
    assert by_code["note"].effect is None
    assert all(f.effect is None for f in report(store, detectors=[little, grave], effects=False).findings)
    assert headline(made) == "1 serious and 3 to look at. The first: One user."


def test_a_failing_detector_does_not_take_the_report_with_it(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR, "limelight.quality"):
        made = report(store, detectors=[broken, refusing, grave])
    assert [f.code for f in made.findings] == ["t_user", "not_checked", "not_checked"]
    reasons = [f.meaning for f in made.findings[1:]]
    assert "The events have no times." in reasons
    assert any("BinderException at" in reason for reason in reasons)
    assert "BinderException" in caplog.text
    assert "4711" not in caplog.text + json.dumps(made.to_json())


def test_it_can_be_cancelled_and_says_what_it_does(store: Store) -> None:
    class Told(Step):
        def __init__(self, stop: str = "-") -> None:
            self.notes: list[str] = []
            self.shares: list[float] = []
            self.stop = stop

        def _tell(self, share: float, note: str) -> None:
            self.notes.append(note)
            self.shares.append(share)

        def cancelled(self) -> bool:
            return any(self.stop in note for note in self.notes)

    told = Told()
    report(store, step=told, detectors=[little, grave])
    assert told.shares == sorted(told.shares)
    assert told.shares[-1] == 1.0
    assert {"Working out the key figures", "Looking at the figures without them"} <= set(told.notes)
    with pytest.raises(Cancelled):
        report(store, step=Told("Choosing"), detectors=[little, grave])


def test_it_is_kept_and_read_again_until_the_data_change(store: Store) -> None:
    assert last_report(store) is None
    made = report(store, detectors=[little, grave])
    told = made.to_json()
    assert Report.from_json(json.loads(json.dumps(told, allow_nan=False))) == made
    assert set(told["findings"][0]) >= {"code", "count", "share", "column", "level", "title", "meaning", "scope", "of",
                                        "selection", "examples", "facts", "effect", "repairs", "users"}  # fmt: skip
    before = store.version
    for _ in range(2):
        with store.atomic(data=False) as writer:
            keep_report(writer, made)
    assert store.version == before
    assert last_report(store) == made
    assert store.rows(Query("SELECT count(*) AS n FROM quality_reports")) == [{"n": 1}]
    with store.atomic():
        pass
    kept = last_report(store)
    assert kept is not None
    assert kept.version != store.version
    with store.atomic(data=False) as writer:
        writer.run("UPDATE quality_reports SET answer = '{\"version\": 1}'")
    assert last_report(store) is None


def test_erasing_a_user_takes_the_kept_report(store: Store) -> None:
    with store.atomic(data=False) as writer:
        keep_report(writer, report(store, detectors=[grave]))
    with store.atomic() as writer:
        erase(writer, "bob")
    assert last_report(store) is None


def test_as_a_job(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules["core.quality.report"], "DETECTORS", (little, grave))
    runner = runner_for(store)
    try:
        spec = JobSpec("quality", "Check the data", data=False, reuse=True)
        job = runner.wait(runner.submit(spec, quality_job).id, 60)
        assert job is not None
        assert job.error is None
        assert job.result is not None
        assert {k: job.result[k] for k in ("version", "serious", "look", "note")} == {
            "version": store.version, "serious": 1, "look": 3, "note": 1,
        }  # fmt: skip
        assert runner.submit(spec, quality_job).id == job.id  # the same data: nothing is done twice
        kept = last_report(store)
        assert kept is not None
        assert kept.version == store.version
    finally:
        runner.close()


def test_rows_and_users_behind(store: Store, tmp_path: Path) -> None:
    rows = rows_behind(store, ORDER)
    assert rows.column_names[:2] == ["user_id", "item_id"]
    assert [(r["user_id"], r["item_id"], r["event"]) for r in rows.to_pylist()] == [
        ("ann", "mug", "purchase"), ("ann", "tea", "purchase"), ("ann", "mug", "return"),
    ]  # fmt: skip
    assert rows_behind(store, ORDER, limit=1, columns=["event"]).to_pylist() == [{"event": "purchase"}]
    assert rows_behind(store, USER).to_pylist() == [{"user_id": "bob"}]
    assert rows_behind(store, USER, table="events").num_rows == 4
    with pytest.raises(Refusal, match="no column"):
        rows_behind(store, ORDER, columns=["no such"])
    assert ids(store, users_behind(store, ORDER)) == {"ann"}
    assert ids(store, users_behind(store, USER)) == {"bob"}
    assert ids(store, users_behind(store, ITEM)) == {"bob", "eve"}  # and somebody without a name
    assert count_people(store, users_behind(store, ITEM)) == 2
    assert list(sample_people(store, users_behind(store, USER))["user_id"]) == ["bob"]
    file = tmp_path / "rows.csv"
    assert stream_rows_csv(store, ITEM, file) == 1
    with file.open(newline="") as lines:
        assert list(csv.DictReader(lines)) == [{"item_id": "pot", "title": ""}]


def test_the_file_is_safe_for_spreadsheets_and_has_no_contacts(store: Store, tmp_path: Path) -> None:
    with store.atomic() as writer:
        writer.run('ALTER TABLE users ADD COLUMN "=cmd()" VARCHAR')
        writer.run("ALTER TABLE users ADD COLUMN likes VARCHAR[]")
        writer.run("ALTER TABLE users ADD COLUMN email VARCHAR")
        writer.run("INSERT INTO columns VALUES ('users', 'email', 'contact')")
        writer.run(
            """UPDATE users SET "=cmd()" = '=1+1', likes = ['a,"b', '@c'], email = 'bob@x.org' WHERE user_id = 'bob'"""
        )
    file = tmp_path / "rows.csv"
    assert stream_rows_csv(store, USER, file) == 1
    with file.open(newline="") as lines:
        assert list(csv.reader(lines)) == [["user_id", "'=cmd()", "likes"], ["bob", "'=1+1", 'a,"b|@c']]
    assert stream_rows_csv(store, USER, file, table="events", columns=["at_utc", "value", "quantity"]) == 4
    with file.open(newline="") as lines:
        assert next(iter(csv.DictReader(lines)))["at_utc"] == "2025-03-03T10:00:00"


def test_of_a_workspace_without_anything(tmp_path: Path) -> None:
    with new_store(tmp_path / "w.duckdb") as store:
        made = report(store, detectors=[little])
        assert made.figures.events == 0
        assert {f.code for f in made.findings} == {"note", "nothing", "t_order", "t_item"}
