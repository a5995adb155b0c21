"""Rows that earlier loads have: by all that they say, by a key; hidden and back as the earlier loads come and go."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from core.errors import Refusal
from core.ingest.types import LoadReport, Mapping
from core.ingest.undo import batches
from core.store import Query, Store
from tests.ingest.loading import column, events, load_text, mapping, reconciled, table, undo_batch, workspace

HOW = mapping(event="view", user="u", item="i", time="t", context="shop")
DROP = replace(HOW, overlap="drop")
DAY1 = "u,i,t,shop\n1,a,2024-01-01,N\n1,a,2024-01-01,N\n2,b,2024-01-02,\n"
DAY2 = "u,i,t,shop\n2,b,2024-01-02,\n2,b,2024-01-02,S\n,b,2024-01-02,\n3,c,2024-01-03,S\n"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with workspace(tmp_path) as store:
        yield store


def counts(report: LoadReport) -> tuple[int, int, int, int]:
    reconciled(report)
    return report.rows_read, report.rows_loaded, report.rows_duplicate, report.rows_overlap


def seen(store: Store, batch: int) -> list[tuple[Any, ...]]:
    """(user, item, shop) of the visible events of a batch."""
    found = events(store, "batch_no", "user_id", "item_id", "shop")
    return [row[1:] for row in found if row[0] == batch]


def history(store: Store, batch: int) -> tuple[int, ...]:
    row = next(b for b in batches(store) if b["batch_no"] == batch)
    return tuple(row[f"rows_{name}"] for name in ("read", "loaded", "duplicate", "overlap"))


def test_only_rows_that_say_the_very_same_are_left_out(store: Store) -> None:
    load_text(store, DAY1, HOW)
    report = load_text(store, DAY2, DROP)
    assert counts(report) == (4, 3, 1, 1)
    assert seen(store, 2) == [
        ("2", "b", "S"),
        ("3", "c", "S"),
        (None, "b", None),
    ]  # the missing shop equals a missing one
    assert (report.users, report.items, report.rows_anonymous) == (2, 2, 1)
    assert "1 row is there already from earlier loads; it was left out." in report.notes
    assert store.rows(Query("SELECT count(row_no) AS n FROM events WHERE batch_no = 1")) == [{"n": 0}]


def test_the_policy_is_the_later_loads(store: Store) -> None:
    load_text(store, DAY2, DROP)
    assert counts(load_text(store, DAY1, HOW)) == (3, 3, 0, 0)
    assert len(events(store, "item_id")) == 7


def test_repeats_inside_the_file_are_another_matter(store: Store) -> None:
    assert counts(load_text(store, DAY1, DROP)) == (3, 3, 0, 0)
    both = load_text(store, DAY1 + "9,z,2024-01-09,N\n9,z,2024-01-09,N\n", replace(DROP, repeats="drop"))
    assert counts(both) == (5, 1, 4, 2)  # one repeat of each pair, then rows 1 and 3


def test_undo_of_the_earlier_load_brings_rows_back(store: Store) -> None:
    load_text(store, DAY1, HOW)
    load_text(store, DAY2, DROP)
    gone = undo_batch(store, 1)
    assert (gone["events"], gone["users"], gone["items"]) == (3, 1, 1)
    assert (gone["back"], gone["rows_back"], gone["rows_hidden"]) == ([], 1, 0)
    assert history(store, 2) == (4, 4, 0, 0)
    assert seen(store, 2) == [("2", "b", "S"), ("2", "b", None), ("3", "c", "S"), (None, "b", None)]
    assert store.rows(Query("SELECT count(*) AS n FROM parked_events")) == [{"n": 0}]


def test_undo_of_a_replacing_load_hides_rows_again(store: Store) -> None:
    load_text(store, DAY1, HOW)
    load_text(store, "u,i,t\n7,q,2020-01-01\n", mapping(event="view", user="u", item="i", time="t"), mode="replace")
    assert counts(load_text(store, DAY2, DROP)) == (4, 4, 0, 0)
    gone = undo_batch(store, 2)
    assert (gone["back"], gone["rows_back"], gone["rows_hidden"]) == ([1], 0, 1)
    assert history(store, 3) == (4, 3, 1, 1)
    assert seen(store, 1) == [("1", "a", "N"), ("1", "a", "N"), ("2", "b", None)]


def test_of_three_the_middle_one_undone(store: Store) -> None:
    """The third loses its reason to be left out only when nobody before has the row."""
    for k in range(3):
        load_text(store, DAY2, DROP if k else HOW, f"{k}.csv", again=True)
    assert (history(store, 2), history(store, 3)) == ((4, 0, 4, 4), (4, 0, 4, 4))
    assert undo_batch(store, 1)["rows_back"] == 4
    assert (history(store, 2), history(store, 3)) == ((4, 4, 0, 0), (4, 0, 4, 4))
    assert undo_batch(store, 2)["rows_back"] == 4
    assert history(store, 3) == (4, 4, 0, 0)


def test_a_row_of_several_events_goes_whole_or_not(store: Store) -> None:
    one = mapping(event="view", user="u", item="i", rating="stars", count_click="clicks")
    load_text(store, "u,i,stars,clicks\n1,a,5,2\n2,a,4,0\n", one)
    report = load_text(store, "u,i,stars,clicks\n1,a,5,2\n2,a,4,3\n2,a,,0\n", replace(one, overlap="drop"))
    assert counts(report) == (3, 1, 2, 2)  # three clicks are new, so its view and rating come again
    assert report.events == {"click": 1, "rating": 1, "view": 1}


def test_rows_without_an_event_are_never_there_already(store: Store) -> None:
    how = Mapping("events", (column("u", "user"), column("i", "item"), column("s", "rating")), overlap="drop")
    load_text(store, "u,i,s\n1,a,5\n8,b,\n", how)
    assert counts(load_text(store, "u,i,s\n1,a,5\n9,b,\n", how)) == (2, 1, 1, 1)
    assert [row["user_id"] for row in table(store, "users")] == ["1"]  # 8 and 9 did nothing


# ---- by key

LINES = "bill,line,sku,qty,who\n1,1,A,2,ann\n1,2,B,1,ann\n2,1,A,1,bob\n,9,C,1,cy\n"
BY_LINE = replace(
    mapping(order="bill", context="line", item="sku", quantity="qty", user="who"), overlap="drop", key=("bill", "line")
)


def test_by_key_what_else_has_changed_does_not_matter(store: Store) -> None:
    load_text(store, LINES, BY_LINE)
    report = load_text(store, "bill,line,sku,qty,who\n1,2,Z,9,dan\n2,2,B,1,bob\n,9,C,1,cy\n1,,A,2,ann\n", BY_LINE)
    assert counts(report) == (4, 3, 1, 1)
    assert "1 row is there already (an earlier load has the same bill, line); it was left out." in report.notes
    # dan and Z are in the row left out alone: no users or items for now, but they come back with their numbers
    assert [row["user_id"] for row in table(store, "users")] == ["ann", "bob", "cy"]
    kept = store.rows(Query("SELECT user_no, user_id FROM retired_users"))
    assert [row["user_id"] for row in kept] == ["dan"]
    undo_batch(store, 1)
    assert kept == store.rows(Query("SELECT user_no, user_id FROM users WHERE user_id = 'dan'"))
    assert history(store, 2) == (4, 4, 0, 0)


def test_a_retired_id_that_a_load_names_has_its_number_again(store: Store) -> None:
    load_text(store, LINES, BY_LINE)
    load_text(store, "bill,line,sku,qty,who\n1,2,Z,9,dan\n", BY_LINE)
    number = store.rows(Query("SELECT user_no FROM retired_users"))[0]["user_no"]
    load_text(store, "bill,line,sku,qty,who\n7,7,A,1,dan\n8,8,A,1,eve\n", BY_LINE)
    users = {str(r["user_id"]): r["user_no"] for r in store.rows(Query("SELECT * FROM users"))}
    assert users["dan"] == number
    assert len(set(users.values())) == len(users) == 5
    assert store.rows(Query("SELECT * FROM retired_users")) == []


@pytest.mark.parametrize(
    "key, roles, code",
    [
        (("p",), {"price": "p"}, "key_not_kept"),
        (("p",), {"title": "p"}, "key_not_kept"),
        (("p",), {"ignore": "p"}, "key_not_kept"),
        (("p",), {}, "key_not_kept"),
        (("p",), {"count_click": "p"}, "key_not_kept"),
        (("nothing",), {"context": "p"}, "no_such_column"),
    ],
)
def test_keys_that_are_not_kept(store: Store, key: tuple[str, ...], roles: dict[str, str], code: str) -> None:
    how = replace(mapping(event="view", user="u", **roles), overlap="drop", key=key)
    with pytest.raises(Refusal) as refused:
        load_text(store, "u,p\n1,2\n", how)
    assert refused.value.code == code
    assert "u" in refused.value.hint


def test_overlap_is_a_matter_of_events(store: Store) -> None:
    how = replace(mapping("users", user="u", attribute="x"), overlap="drop")
    with pytest.raises(Refusal, match="latest values count") as refused:
        load_text(store, "u,x\n1,2\n", how)
    assert refused.value.code == "overlap_needs_events"
    with pytest.raises(Refusal) as refused:
        load_text(store, "u,x\n1,2\n", replace(how, overlap="often"))  # type: ignore[arg-type]
    assert refused.value.code == "bad_overlap"


# ---- another road


@pytest.mark.parametrize("key", [(), ("o",), ("u", "t")])
def test_against_pandas(store: Store, key: tuple[str, ...]) -> None:
    """Thousands of rows over a small world, in three files; pandas' merge counts what each has that was there."""
    rng = np.random.default_rng(7)
    how = mapping(event="view", user="u", item="i", time="t", order="o", context="shop", value="v")
    before: pd.DataFrame | None = None
    for k in range(3):
        n = 1_500
        frame = pd.DataFrame(
            {
                "u": rng.choice(["1", "2", "3", "4", ""], n),
                "i": rng.choice(["a", "b", "c"], n),
                "t": rng.choice(["2024-01-01", "2024-01-02", "2024-02-01", ""], n),
                "o": rng.choice([*map(str, range(60)), ""], n),
                "shop": rng.choice(["N", "S", ""], n),
                "v": rng.choice(["1.50", "2", ""], n),
            }
        )
        by = list(key) or list(frame.columns)
        there = pd.Series(data=False, index=frame.index)
        if before is not None:
            there = frame.merge(before[by].drop_duplicates(), on=by, how="left", indicator=True)["_merge"] == "both"
        if key:
            there &= (frame[by] != "").all(axis=1)
        report = load_text(store, frame.to_csv(index=False), replace(how, overlap="drop", key=key), f"{k}.csv")
        assert counts(report) == (n, n - there.sum(), there.sum(), there.sum())
        assert report.rows_anonymous == (frame["u"][~there] == "").sum()
        before = pd.concat([before, frame[~there]])
        assert k == 0 or 20 < there.sum() < n
