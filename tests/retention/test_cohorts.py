"""Retention on hand-dated people, every bucket written out; against pandas; the users behind each cell."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from core.behaviour import Window, count_people
from core.errors import Refusal
from core.retention import ALL, Retain, read_brackets, retention, retention_rule, retention_users, ways
from core.segments import count
from core.store import Query, Store
from tests.examples import EVERY
from tests.prepared import new_store

Event = tuple[str | None, str, datetime | None, str | None]
_BATCH = (
    "INSERT INTO batches VALUES (1, 'events', '[]', '{}', 0, 0, 0, 0, 0, 0, 0, TIMESTAMP '2030-01-01', NULL, "
    "'append', 0, 0)"
)


def filled(path: Path, events: list[Event], users: dict[str, str] | None = None) -> Store:
    """A workspace of (user, event, moment, channel); users' attribute `country` from `users`."""
    store = new_store(path)
    names = sorted({user for user, *_ in events if user})
    with store.atomic() as writer:
        writer.run(_BATCH)
        writer.run("ALTER TABLE users ADD COLUMN country VARCHAR")
        writer.run("INSERT INTO columns VALUES ('users', 'country', 'attribute')")
        for no, name in enumerate(names):
            writer.run(Query("INSERT INTO users VALUES (?, ?, ?)", (no, name, (users or {}).get(name))))
        rows = [(names.index(u) if u else None, e, at, c, n) for n, (u, e, at, c) in enumerate(events)]
        for start in range(0, len(rows), 500):
            part = rows[start : start + 500]
            marks = ", ".join("(?, ?, ?::TIMESTAMP, ?, ?)" for _ in part)
            writer.run(
                Query(
                    "INSERT INTO events BY NAME SELECT *, 1 AS batch_no FROM (VALUES "
                    + marks
                    + ") v(user_no, event, at_utc, channel, event_no)",
                    tuple(value for row in part for value in row),
                )
            )
    return store


def at(day: int, hour: int = 10) -> datetime:
    return datetime(2025, 3, 3) + timedelta(days=day, hours=hour)  # 2025-03-03 was a Monday


FACTS: list[Event] = [
    ("ann", "view", at(0), None), ("bob", "view", at(0, 12), None), ("cat", "view", at(0, 14), None),
    ("ann", "view", at(1, 15), None), ("bob", "view", at(5, 18), None),
    (None, "view", at(7, 0), None),
]  # fmt: skip


def percents(found: Any) -> list[int]:
    return [round(100 * share) for share in found.mean["share"]][1:]


@pytest.mark.parametrize("clock", ["calendar", "own"])
def test_the_fixture_to_the_digit(tmp_path: Path, clock: Any) -> None:
    """FACTS.md: three users, one returns on day 1 and one on day 5."""
    with filled(tmp_path / "w.duckdb", [*FACTS, (None, "view", at(9, 0), None)]) as store:
        n_day = retention(store, Retain("day", "n-day", clock=clock, periods=6))
        assert percents(n_day) == [33, 0, 0, 0, 33, 0]
        unbounded = retention(store, Retain("day", "unbounded", clock=clock, periods=6))
        assert percents(unbounded) == [67, 33, 33, 33, 33, 0]
        ranges = Retain("day", "bracket", clock=clock, brackets=read_brackets("0,1-3,4-6"))
        assert retention(store, ranges).mean["returned"].tolist() == [3, 1, 1]


# ann: bought twice on 3 March and once a week later; ben: 5 March, back on the 6th for a look, bought on the 20th.
# dan: 12 March, once. eva: an impression (no activity), then a view on the 13th. Anonymous and undated count nowhere.
PEOPLE: list[Event] = [
    ("ann", "purchase", at(0, 9), "mail"), ("ann", "purchase", at(0, 20), None), ("ann", "purchase", at(7, 8), "ads"),
    ("ben", "view", at(2, 23), "ads"), ("ben", "view", at(3, 1), None), ("ben", "purchase", at(17), None),
    ("dan", "purchase", at(9), "mail"),
    ("eva", "impression", at(1), "mail"), ("eva", "view", at(10), None),
    (None, "purchase", at(1), "mail"), ("ann", "view", None, "mail"), (None, "view", at(20, 23), None),
]  # fmt: skip


@pytest.fixture
def people(tmp_path: Path) -> Any:
    with filled(tmp_path / "p.duckdb", PEOPLE, {"ann": "DE", "ben": "FR", "dan": "DE"}) as store:
        yield store


def cells(found: Any, part: str = ALL) -> dict[date, list[tuple[Any, ...]]]:
    """Of each cohort: (label, users, returned, complete)."""
    made: dict[date, list[tuple[Any, ...]]] = {}
    for row in found.cells[found.cells["part"] == part].to_dict("records"):
        made.setdefault(row["cohort"], []).append((row["label"], row["users"], row["returned"], bool(row["complete"])))
    return made


FIRST, SECOND = date(2025, 3, 3), date(2025, 3, 10)


def test_weeks_with_every_bucket(people: Store) -> None:
    found = retention(people, Retain("week"))
    # data up to 23 March 23:00: the third week, from the 17th, is not over
    assert cells(found) == {
        FIRST: [("0", 2, 2, True), ("1", 2, 1, True), ("2", 2, 1, False)],
        SECOND: [("0", 2, 2, True), ("1", 2, 0, False)],
    }
    assert found.cohorts[["start", "end", "size", "complete"]].to_numpy().tolist() == [
        [FIRST, SECOND, 2, True], [SECOND, date(2025, 3, 17), 2, True],
    ]  # fmt: skip
    mean = found.mean[["label", "cohorts", "users", "returned"]].to_numpy().tolist()
    assert mean == [["0", 2, 4, 4], ["1", 1, 2, 1]], "the second cohort's week 1 is not over: not in the mean"
    later = retention(people, Retain("week", "unbounded"))
    assert cells(later)[FIRST] == [("0", 2, 2, True), ("1", 2, 2, True), ("2", 2, 1, False)]
    ranges = retention(people, Retain("week", "bracket", brackets=((0, 0), (1, 2), (3, 5))))
    assert cells(ranges)[FIRST] == [("0", 2, 2, True), ("1-2", 2, 2, False)]


def test_from_the_first_purchase(people: Store) -> None:
    """Ben starts on 20 March; his views before it are no coming back, and ann's second order that day is period 0."""
    found = retention(people, Retain("week", start="purchase", back="purchase"))
    assert cells(found) == {
        FIRST: [("0", 1, 1, True), ("1", 1, 1, True), ("2", 1, 0, False)],
        SECOND: [("0", 1, 1, True), ("1", 1, 0, False)],
        date(2025, 3, 17): [("0", 1, 1, False)],
    }
    viewed = retention(people, Retain("week", start="purchase", back="view"))
    assert cells(viewed)[date(2025, 3, 17)] == [("0", 1, 0, False)], "views before the first purchase do not count"
    bought = retention(people, Retain("week", start="view", back="purchase"))
    # ben's purchase comes 2 weeks after his first view; eva never bought
    assert cells(bought)[FIRST] == [("0", 1, 0, True), ("1", 1, 0, True), ("2", 1, 1, False)]


def test_own_clocks_count_those_alone_who_were_seen_so_long(people: Store) -> None:
    found = retention(people, Retain("week", clock="own"))
    # ann: 20 d 14 h known = 2 weeks over; ben 18 d = 2; dan 11 d 13 h = 1; eva 10 d 13 h = 1
    # ann is back after 6 d 23 h (still her week 0); ben after 14 d 11 h (week 2, not over for him)
    assert cells(found) == {
        FIRST: [("0", 2, 2, True), ("1", 2, 0, True)],
        SECOND: [("0", 2, 2, True)],
    }
    daily = retention(people, Retain("day", clock="own", periods=7))
    assert cells(daily)[FIRST][6:] == [("6", 1, 1, True), ("7", 1, 0, True)], "6 d 23 h after her start"


def test_parts(people: Store) -> None:
    assert {"event:channel", "user:country"} <= set(ways(people))
    found = retention(people, Retain("week", by="channel"))
    assert found.parts == (ALL, "mail", "ads", "Not known")
    assert cells(found, "mail") == {FIRST: [("0", 1, 1, True), ("1", 1, 1, True), ("2", 1, 0, False)],
                                    SECOND: [("0", 1, 1, True), ("1", 1, 0, False)]}  # fmt: skip
    assert cells(found, "ads")[FIRST] == [("0", 1, 1, True), ("1", 1, 0, True), ("2", 1, 1, False)]
    assert cells(found, "Not known") == {SECOND: [("0", 1, 1, True), ("1", 1, 0, False)]}
    assert cells(found) == cells(retention(people, Retain("week")))
    assert retention(people, Retain("week", by="country")).parts == (ALL, "DE", "FR", "Not known")


def test_bad_questions(people: Store, tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="Users cannot be parted"):
        retention(people, Retain("week", by="colour"))
    for text in ("1-", "x", "1,,2", "5-3", "1-3,3-5", "0-9999"):
        with pytest.raises(Refusal):
            Retain("day", "bracket", brackets=read_brackets(text))
    with filled(tmp_path / "n.duckdb", [("ann", "view", None, None)]) as store:
        assert "carry no time" in str(retention(store, Retain()).problem)
    nobody = retention(people, Retain(start="view"), Window(at(19), None))
    assert "Nobody started" in str(nobody.problem)


def many(seed: int) -> list[Event]:
    rng = np.random.default_rng(seed)
    kinds = ["view", "purchase", "impression", "share"]
    rows: list[Event] = []
    for user in range(40):
        begin, rate = rng.uniform(0, 60), rng.uniform(1, 20)
        moments = begin + np.cumsum(rng.exponential(rate, 12))
        rows.extend(
            (
                f"u{user:02}",
                kinds[rng.integers(4)],
                at(0, 0) + timedelta(days=float(moment)),
                ["a", "b", None][rng.integers(3)],
            )
            for moment in moments[moments < 90]
        )
    return rows


def twin(events: list[Event], question: Retain, until: datetime) -> dict[tuple[date, int], tuple[int, int]]:
    """(cohort, slot) -> (users, returned) by plain pandas and Python, user by user."""
    frame = pd.DataFrame(events, columns=["user", "event", "at", "channel"])
    known = frame[frame["at"] < until]

    def of(word: str) -> pd.DataFrame:
        return known[known["event"] != "impression"] if word == "*" else known[known["event"] == word]

    code = {"day": "D", "week": "W", "month": "M"}[question.unit]
    made: dict[tuple[date, int], tuple[int, int]] = {}
    for user, first in of(question.start).groupby("user")["at"].min().items():
        cohort = first.to_period(code)
        again = of(question.back)
        times = again[(again["user"] == user) & (again["at"] >= first)]["at"]
        length = timedelta(days={"day": 1, "week": 7, "month": 30}[question.unit])
        if question.clock == "own":
            ns = [(moment - first) // length for moment in times]
        else:
            ns = [(moment.to_period(code) - cohort).n for moment in times]
        for slot, (low, high) in enumerate(question.slots):
            if question.clock == "own":
                if first + length * (high + 1) > until:
                    continue
            elif (pd.Timestamp(until) - pd.Timedelta(1, "us")).to_period(code) < cohort + low:
                continue
            back = any(n >= low for n in ns) if question.kind == "unbounded" else any(low <= n <= high for n in ns)
            users, returned = made.get((cohort.start_time.date(), slot), (0, 0))
            made[cohort.start_time.date(), slot] = (users + 1, returned + back)
    return made


QUESTIONS = (
    ("n-day", "*", "*"), ("unbounded", "purchase", "*"), ("bracket", "purchase", "purchase"),
    ("n-day", "purchase", "view"), ("unbounded", "view", "share"),
)  # fmt: skip


@pytest.mark.laws
@pytest.mark.parametrize("clock", ["calendar", "own"])
@pytest.mark.parametrize("unit", ["day", "week", "month"])
def test_against_pandas_and_the_users_behind(tmp_path: Path, unit: Any, clock: Any) -> None:
    events = many(7)
    with filled(tmp_path / "m.duckdb", events) as store:
        until = store.as_of()
        assert until is not None
        # In a quick run each clock has its questions, in a proof both have all.
        for kind, start, back in QUESTIONS if EVERY else QUESTIONS[clock == "own" :: 2]:
            question = Retain(unit, kind, start, back, clock=clock, periods=9)  # type: ignore[arg-type]
            found = retention(store, question)
            rows = found.cells.to_dict("records")
            assert {(r["cohort"], r["slot"]): (r["users"], r["returned"]) for r in rows} == twin(
                events, question, until
            )
            behind(store, question, found)


def behind(store: Store, question: Retain, found: Any) -> None:
    """The users of some cells and of each mean are as many as it says; a rule, where there is one, chooses them."""
    for row in found.cells.to_dict("records")[::61]:
        for came in (True, False):
            users = retention_users(store, question, row["slot"], row["cohort"], came=came)
            wanted = row["returned"] if came else row["users"] - row["returned"]
            assert count_people(store, users) == wanted
            rule = retention_rule(store, question, row["slot"], row["cohort"], came=came)
            assert rule is None or count(store, rule) == wanted
    for row in found.mean.to_dict("records")[1::6]:
        assert count_people(store, retention_users(store, question, row["slot"])) == row["returned"]
        lost = retention_users(store, question, row["slot"], came=False)
        assert count_people(store, lost) == row["users"] - row["returned"]


def test_windows_and_parts_behind(tmp_path: Path) -> None:
    events = many(11)
    with filled(tmp_path / "m.duckdb", events) as store:
        window = Window(at(20, 0), at(70, 0))
        question = Retain("week", "unbounded", by="channel", periods=5)
        found = retention(store, question, window)
        inside = [e for e in events if e[2] and e[2] < at(70, 0)]
        firsts = pd.DataFrame([e for e in inside if e[1] != "impression"]).groupby(0)[2].min()
        assert found.cohorts[found.cohorts["part"] == ALL]["size"].sum() == (firsts >= at(20, 0)).sum()
        for row in found.cells[found.cells["part"] != ALL].to_dict("records")[::12]:
            users = retention_users(store, question, row["slot"], row["cohort"], row["part"], window)
            assert count_people(store, users) == row["returned"]
        assert retention_rule(store, question, 1, date(2025, 3, 24), window) is None, "later events would count too"
