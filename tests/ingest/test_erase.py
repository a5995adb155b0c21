"""Erasing a user: what is left is what their rows never being in the files would leave, and no trace of the id."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from core.errors import Refusal
from core.ingest.erase import BY_NUMBER, REPAIRED, Receipt, erase
from core.ingest.erased import erased_users
from core.ingest.mentions import mentions
from core.ingest.types import Mapping
from core.store import Query, Store
from core.store.digest import content_digest
from tests.ingest.loading import column, load_text, mapping, reconciled, rejects, undo_batch, workspace

GONE = "Zq7-kTn4w_VICTIM.x9@example"
EVENTS = Mapping(
    "events",
    (column("u", "user"), column("i", "item"), column("t", "time"), column("n", "quantity"), column("c", "context")),
    event="view",
)
USERS = mapping("users", user="u", attribute="city", contact="mail")
ITEMS = mapping("items", item="i", title="name")
ROWS = (
    f"{GONE},a,2024-01-01,1,x", "2,a,2024-01-02,2,", f" {GONE} ,b,2024-01-03,,y", "2,b,,1,",
    f"{GONE},only,2024-01-04,5,",
    "3,b,soon,1,", f"{GONE},b,soon,1,", f"2,b,{GONE},1,", ",a,2024-01-05,1,",
)  # fmt: skip
PEOPLE = (f"{GONE},Rome,{GONE}@x.org", "2,Oslo,", "4,Bonn,d@x.org")


def texts(rows: tuple[str, ...], head: str, *, without: bool) -> str:
    return "\n".join([head, *(row for row in rows if not (without and GONE in row.split(",")[0]))]) + "\n"


def fill(store: Store, *, without: bool = False) -> None:
    load_text(store, texts(ROWS, "u,i,t,n,c", without=without), EVENTS, "events.csv")
    load_text(store, texts(PEOPLE, "u,city,mail", without=without), USERS, "users.csv")
    load_text(store, "i,name\na,Lamp\nb,Bed\nonly,Rug\n", ITEMS, "items.csv")  # items that only one user touched stay


def erased(store: Store, user_id: str = GONE) -> Receipt:
    with store.atomic() as writer:
        return erase(writer, user_id)


def trail(store: Store) -> None:
    """The user in every table that may know one, beside what loads bring."""
    of = Query("SELECT user_no FROM users WHERE user_id = ?", (GONE,))
    with store.atomic() as writer:
        writer.run(
            Query("INSERT INTO parked_events (user_no, event, batch_no) SELECT user_no, 'view', 1 FROM (") + of + ")"
        )
        writer.run(Query("INSERT INTO contact_facts SELECT 2, user_no, 'phone', '1' FROM (") + of + ")")
        for label in ("a", "b"):
            writer.run(
                Query("INSERT INTO run_users (run_id, label, user_no) SELECT 'r1', ?, user_no FROM (", (label,))
                + of
                + ")"
            )
        writer.run(Query("INSERT INTO run_chosen SELECT 'r2', 'w', 0, user_no, true FROM (") + of + ")")
        writer.run(Query("INSERT INTO retired_users VALUES (900, ?)", (GONE,)))
        writer.run(
            Query(
                "INSERT INTO saved_members VALUES ('L', 'control', ?, 1, NULL), ('L', 'control', '2', 2, NULL)", (GONE,)
            )
        )
        writer.run("INSERT INTO model_arrays VALUES ('m1', 'a', 0, '<f4', '{}', encode('abc'))")
        writer.run("INSERT INTO models VALUES ('m1', '{}', 1, '', TIMESTAMP '2024-01-01', 1, 1, 1, 1, '{}', NULL)")
        job = "INSERT INTO jobs VALUES (?, 'k', 'x', ?, 'sql', 'done', ?, ?, NULL, TIMESTAMP '2024-01-01', NULL)"
        spec, told = {"user": GONE, "item": GONE, "of": [GONE, "2"]}, {"model_id": "m1", "why": f"for {GONE}: 3"}
        writer.run(Query(job, ("j1", f"Look at {GONE}", json.dumps(spec), json.dumps(told))))
        writer.run(Query(job, ("j2", "Other", '{"user": "2"}', "{}")))
        rule = {"all": [{"user": "user_id", "is": GONE}, {"event": "x", "is": GONE}]}
        writer.run(
            Query(
                "INSERT INTO segments VALUES ('S', ?, NULL, now()::TIMESTAMP, now()::TIMESTAMP, ?)",
                (json.dumps(rule), json.dumps({"any": [{"sql": f"SELECT '{GONE}' AS user_id"}, rule["all"][0]]})),
            )
        )
        answer: dict[str, object] = {
            "map_ids": ["2", GONE],
            "parts": {"0": {"examples": [GONE]}},
            "notes": [f"Nearest to {GONE}."],
        }
        question = {"rule": rule}
        words = f"frozen 3 Nov 2026 (2 users): user_id is “{GONE}”"
        group = "INSERT INTO groupings VALUES ('G', 'frozen', '{}', ?, ?, ?, NULL, NULL, 1, now()::TIMESTAMP)"
        writer.run(Query(group, (words, json.dumps(question), json.dumps(answer))))
        writer.run(
            Query("INSERT INTO grouping_members (name, user_id, rank) VALUES ('G', ?, 1), ('G', '2', 2)", (GONE,))
        )


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with workspace(tmp_path) as store:
        fill(store)
        yield store


def test_what_is_left_is_what_others_said(store: Store, tmp_path: Path) -> None:
    receipt = erased(store)
    (tmp_path / "b").mkdir()
    with workspace(tmp_path / "b") as never:
        fill(never, without=True)
        assert content_digest(never) == content_digest(store)
        # undo still takes back exactly what the others said
        for one in (store, never):
            undo_batch(one, 2)
        assert content_digest(never) == content_digest(store)
    assert receipt.rows == {"events": 3, "user_facts": 1, "contact_facts": 1, "users": 1, "rejects": 2}
    assert receipt.batches == (1, 2)
    assert store.rows(Query("SELECT batch_no, events_gone AS n, rows_loaded FROM batches ORDER BY 1"))[0] == {
        "batch_no": 1, "n": 3, "rows_loaded": 6,
    }  # fmt: skip


def test_every_table_is_cleaned_and_the_receipt_says_so(store: Store) -> None:
    trail(store)
    receipt = erased(store, f"  {GONE}\t")
    assert receipt.rows == {
        "events": 3, "parked_events": 1, "user_facts": 1, "contact_facts": 2, "run_users": 2, "run_chosen": 1,
        "users": 1,
        "retired_users": 1, "saved_members": 1, "rejects": 2, "jobs": 1, "segments": 1, "grouping_members": 1,
        "groupings": 3,
    }  # fmt: skip
    assert (receipt.lists, receipt.runs, receipt.models) == (("L",), ("r1", "r2"), 1)
    assert GONE not in json.dumps(receipt.as_json())
    [job] = store.rows(
        Query("SELECT title, key, spec::VARCHAR AS spec, result::VARCHAR AS result FROM jobs WHERE job_id = 'j1'")
    )
    assert (job["title"], job["key"]) == ("Look at (erased)", "")
    # an item may have the same id: it is another thing
    assert json.loads(job["spec"]) == {"user": "(erased)", "item": GONE, "of": ["(erased)", "2"]}
    assert json.loads(job["result"])["why"] == "for (erased): 3"
    [rule] = store.rows(Query("SELECT rule::VARCHAR AS r FROM segments"))
    assert json.loads(rule["r"])["all"] == [{"user": "user_id", "is": "(erased)"}, {"event": "x", "is": GONE}]
    [made] = store.rows(Query("SELECT made_from::VARCHAR AS m FROM segments"))
    assert json.loads(made["m"])["any"] == [
        {"sql": "SELECT '(erased)' AS user_id"}, {"user": "user_id", "is": "(erased)"},
    ]  # fmt: skip
    [group] = store.rows(Query("SELECT words, answer::VARCHAR AS answer, spec::VARCHAR AS spec FROM groupings"))
    assert group["words"].endswith("user_id is “(erased)”")
    assert json.loads(group["answer"]) == {
        "map_ids": ["2", "(erased)"], "parts": {"0": {"examples": ["(erased)"]}}, "notes": ["Nearest to (erased)."],
    }  # fmt: skip
    assert json.loads(group["spec"])["rule"]["all"][0]["is"] == "(erased)"
    assert store.rows(Query("SELECT user_id FROM grouping_members")) == [{"user_id": "2"}]
    said = store.rows(Query("SELECT line, raw, message FROM rejects ORDER BY line"))
    assert [(row["line"], row["raw"]) for row in said] == [(7, "3,b,soon,1,"), (8, None), (9, None)]
    assert not any(GONE in str(row["message"]) for row in said)


def test_no_byte_of_the_file_names_the_user(store: Store) -> None:
    store.checkpoint()
    assert GONE.encode() in store.path.read_bytes()  # or this test would see nothing
    version = store.version
    erased(store)
    before, after = store.compact()
    data = store.path.read_bytes()
    assert GONE.encode() not in data
    assert (len(data), before > 0) == (after, True)
    wal = store.path.with_name(f"{store.path.name}.wal")
    assert not wal.exists() or GONE.encode() not in wal.read_bytes()
    assert store.version == version + 1
    with store.atomic() as writer:  # it goes on working
        writer.run("INSERT INTO events (event, batch_no) VALUES ('view', 1)")
    assert store.rows(Query("SELECT count(*) AS n FROM events"))[0]["n"] == 4


def test_later_loads_leave_the_user_out(store: Store) -> None:
    erased(store)
    assert erased_users(store) == 1
    text = texts(ROWS, "u,i,t,n,c", without=False) + f"9,a,2024-01-01,1,x,too,many,{GONE}\n"
    report = reconciled(load_text(store, text, EVENTS, "again.csv", again=True))
    assert report.reasons == {"erased_user": 4, "bad_time": 2, "too_many_cells": 1}
    assert [r for r in rejects(store) if r[2] == "erased_user"] == [(n, "u", "erased_user") for n in (2, 4, 6, 8)]
    kept = store.rows(Query("SELECT raw, message FROM rejects WHERE batch_no = ?", (report.batch_no,)))
    assert not any(GONE in str(row.values()) for row in kept)
    people = load_text(store, texts(PEOPLE, "u,city,mail", without=False), USERS, "people.csv", again=True)
    assert (people.rows_loaded, people.reasons) == (2, {"erased_user": 1})
    store.compact()
    assert GONE.encode() not in store.path.read_bytes()
    with pytest.raises(Refusal, match="erased from the workspace already"):
        erased(store)


def test_nobody_of_that_id(store: Store) -> None:
    digest, version = content_digest(store), store.version
    for nobody in ("nobody", "", "  ", GONE.lower(), "2,a"):
        with pytest.raises(Refusal) as refused:
            erased(store, nobody)
        assert refused.value.code == "no_such_user"
    assert (content_digest(store), store.version, erased_users(store)) == (digest, version, 0)


def test_no_table_that_knows_users_is_forgotten(store: Store) -> None:
    rows = store.rows(
        Query(
            "SELECT DISTINCT c.table_name AS t FROM duckdb_columns() c JOIN duckdb_tables() USING (table_name) "
            "WHERE c.column_name IN ('user_no', 'user_id') AND c.schema_name = 'main'"
        )
    )
    assert {str(row["t"]) for row in rows} == {*BY_NUMBER, *REPAIRED, "saved_members", "grouping_members"}


MENTIONS = (
    ("1003,BULB,1", "1003", True), ("1003,BULB,1", "100", False), ("2013,1.5,x", "1", False), ("a;b|c", "b", True),
    ('{"u": "a\\"b"}', 'a"b', True), ('"a""b",2', 'a"b', True), ("Ann Lee", "Ann", True), (".*", "x", False),
    ("a.b,1", "axb", False), ("x" * 996 + ",ann", "anna", True), ("x" * 90 + ",ann", "anna", False),
    ("é1,é", "é", True),
)  # fmt: skip


def test_what_counts_as_a_mention(tmp_path: Path) -> None:
    with workspace(tmp_path) as store:
        for raw, user_id, found in MENTIONS:
            query = Query("SELECT ") + mentions("raw", user_id) + Query(" AS f FROM (SELECT ?::VARCHAR AS raw)", (raw,))
            assert store.rows(query)[0]["f"] is found, (raw, user_id)


def test_the_receipt_is_json(store: Store) -> None:
    told = json.loads(json.dumps(erased(store).as_json()))
    assert datetime.fromisoformat(told["erased_at"]).year >= 2024
    assert len(told["id_hash"]) == 64
    assert told["notes"]
