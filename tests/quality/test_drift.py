"""Drift between loads of a workspace: each kind planted and found, and loads that are alike left in peace."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from core.errors import Refusal
from core.quality import Finding, Selection
from core.quality.ask import ask
from core.quality.drift import detect
from core.quality.kinds import chosen
from core.store import Query, Store
from tests.prepared import new_store

USERS = 900


def load(seed: int, rows: int = 4000) -> pd.DataFrame:
    """A load of clean events: users come often or seldom, each with a device of their own."""
    rng = np.random.default_rng(seed)
    user = rng.choice(USERS, rows, p=np.random.default_rng(0).dirichlet(np.ones(USERS)))
    event = rng.choice(["view", "cart", "purchase"], rows, p=[0.6, 0.2, 0.2])
    hour = np.clip(np.round(rng.normal(13, 3, rows)), 0, 23).astype(int)
    bought = event == "purchase"
    return pd.DataFrame(
        {
            "user_id": [f"{number:06d}" for number in user],
            "event": event,
            "at_utc": pd.Timestamp("2026-01-01")
            + pd.to_timedelta(seed % 50 * 7 + rng.integers(0, 7, rows), "D")
            + pd.to_timedelta(hour * 3600 + rng.integers(0, 3600, rows), "s"),
            "quantity": np.where(bought, rng.poisson(1, rows) + 1.0, np.nan),
            "value": np.where(bought, np.round(rng.lognormal(2.5, 0.6, rows), 2), np.nan),
            "channel": np.where(event == "view", rng.choice(["web", "app"], rows, p=[0.7, 0.3]), "web"),
            "device": np.array(["phone", "desktop", "tablet"])[user % 3],
        }
    )


@contextmanager
def workspace(path: Path, loads: list[pd.DataFrame]) -> Iterator[Store]:
    with new_store(path / "w.duckdb") as store:
        numbers: dict[str, int] = {}
        for rows in loads:
            for name in rows["user_id"]:
                numbers.setdefault(name, len(numbers))
        users = pa.table({"user_no": pa.array(numbers.values(), pa.int32()), "user_id": pa.array(list(numbers))})
        with store.atomic() as writer:
            with writer.table("incoming", users):
                writer.run("INSERT INTO users SELECT * FROM incoming")
            for number, rows in enumerate(loads, start=1):
                writer.run(
                    Query(
                        "INSERT INTO batches (batch_no, kind, files, mapping, rows_read, rows_loaded, rows_rejected, "
                        "rows_duplicate, rows_repeated, rows_anonymous, events_added, loaded_at) "
                        "VALUES (?, 'events', '[]', '{}', 1, 1, 0, 0, 0, 0, 1, TIMESTAMP '2027-01-01')",
                        (number,),
                    )
                )
                table = rows.assign(
                    user_no=rows["user_id"].map(numbers).astype("int32"),
                    batch_no=number,
                    event_no=(number << 40) + np.arange(len(rows)),
                ).drop(columns="user_id")
                with writer.table("incoming", pa.Table.from_pandas(table, preserve_index=False)):
                    writer.run("INSERT INTO events BY NAME SELECT * FROM incoming")
        yield store


def found(path: Path, loads: list[pd.DataFrame]) -> list[Finding]:
    with workspace(path, loads) as store:
        asked = ask(store, store.as_of())
        told = detect(asked)
        for one in told:
            assert one.selection is not None
            keys = asked.reader.read(chosen(asked, one.selection))[0].to_pylist()
            assert len(set(keys)) == one.count
            assert one.of == sum(map(len, loads))
        return told


def test_loads_that_are_alike_say_nothing(tmp_path: Path) -> None:
    told = 0
    for seed in range(2):
        (folder := tmp_path / str(seed)).mkdir()
        loads = [load(100 * seed + place, [4000, 300, 60, 2500][place % 4]) for place in range(8)]
        told += len(found(folder, loads))
    assert told <= 1  # 2 x 7 loads with 9 comparisons each


def test_one_load_is_held_against_nothing(tmp_path: Path) -> None:
    assert found(tmp_path, [load(1)]) == []


def test_a_load_of_other_words_is_a_change_of_words_alone(tmp_path: Path) -> None:
    other = load(3)
    other = other[(other["event"] != "view") | (np.arange(len(other)) % 10 == 0)]
    told = found(tmp_path, [load(1), load(2), other])
    assert [(one.column, one.level) for one in told] == [("event", "look")]
    shares = [(rows["event"] == "view").mean() for rows in (pd.concat([load(1), load(2)]), other)]
    assert "“view” falls" in told[0].title
    assert f"{shares[0] * 100:.1f} %" in told[0].title
    assert f"{shares[1] * 100:.1f} %" in told[0].title


def pence(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(value=rows["value"] * 100)


def no_device(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(device=rows["device"].where(np.arange(len(rows)) % 2 == 0))


def new_device(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(device=rows["device"].where(rows["device"] != "tablet", "television"))


def later(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(at_utc=rows["at_utc"] + pd.Timedelta(hours=5))


def no_time(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(at_utc=rows["at_utc"].dt.normalize())


def no_zeros(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(user_id=rows["user_id"].str.lstrip("0"))


def from_sheet(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(user_id=rows["user_id"].str.lstrip("0") + ".0")


def other_ids(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(user_id="customer-" + rows["user_id"])


def crates(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(quantity=rows["quantity"] * 3 + 4, value=rows["value"] * (rows["quantity"] * 3 + 4))


PLANTED = [
    (pence, "price", "unit", "serious"),
    (no_device, "device", "missing", "look"),
    (new_device, "device", "categories", "look"),
    (later, "at_utc", "hours", "serious"),
    (no_time, "at_utc", "no_time", "look"),
    (no_zeros, "user", "ids", "serious"),
    (from_sheet, "user", "ids", "serious"),
    (other_ids, "user", "ids", "look"),
    (crates, "quantity", "numbers", "look"),
]


@pytest.mark.parametrize("change, column, what, level", PLANTED, ids=lambda one: getattr(one, "__name__", None))
def test_a_planted_change_is_told_of_the_load_it_begins_with(
    tmp_path: Path, change: object, column: str, what: str, level: str
) -> None:
    assert callable(change)
    told = found(tmp_path, [load(1), load(2), change(load(3)), change(load(4))])
    hits = [one for one in told if (one.column, one.facts["change"]) == (column, what)]
    assert [(one.facts["load"], one.level) for one in hits] == [(3, level)], [one.title for one in told]
    assert hits[0].selection == Selection.of("load", batch_no=3)
    others = {one.column for one in told} - {column}
    assert others <= ({"price"} if what == "numbers" else set()), [one.title for one in told]


def test_facts_of_planted_changes(tmp_path: Path) -> None:
    told = found(tmp_path, [load(1), later(no_zeros(pence(load(2))))])
    by = {one.facts["change"]: one.facts for one in told}
    assert by["unit"]["factor"] == 100
    assert by["hours"]["hours"] == 5
    before, now = set(load(1)["user_id"]), set(load(2)["user_id"])
    assert by["ids"]["alike"] == pytest.approx(len(before & now) / len(now))
    assert by["ids"]["known"] == 0


def test_attributes_of_users(tmp_path: Path) -> None:
    with new_store(tmp_path / "w.duckdb") as store:
        with store.atomic() as writer:
            for table in ("users", "user_facts"):
                writer.run(f"ALTER TABLE {table} ADD COLUMN country VARCHAR")
            for number in (1, 2):
                writer.run(
                    Query(
                        "INSERT INTO batches (batch_no, kind, files, mapping, rows_read, rows_loaded, rows_rejected, "
                        "rows_duplicate, rows_repeated, rows_anonymous, events_added, loaded_at) "
                        "VALUES (?, 'users', '[]', '{}', 1, 1, 0, 0, 0, 0, 1, TIMESTAMP '2027-01-01')",
                        (number,),
                    )
                )
            writer.run(
                "INSERT INTO user_facts (batch_no, user_no, country) SELECT 1 + i // 1000, i, "
                "CASE WHEN i < 1000 THEN ['UK', 'FR'][1 + i % 2] WHEN i % 4 = 0 THEN NULL ELSE 'UK' END "
                "FROM range(2000) t(i)"
            )
        told = {one.facts["change"]: one for one in detect(ask(store, None))}
    assert set(told) == {"missing", "categories"}
    assert told["missing"].facts["now"] == 0.25
    assert (told["categories"].scope, told["categories"].count, told["categories"].of) == ("users", 1000, 2000)
    assert told["categories"].selection is None


def test_a_load_needs_a_number(tmp_path: Path) -> None:
    with workspace(tmp_path, [load(1, 50)]) as store:
        for wrong in (None, "1", 1.5, True):
            with pytest.raises(Refusal) as refusal:
                chosen(ask(store, None), Selection.of("load", batch_no=wrong))
            assert refusal.value.code == "bad_selection"
