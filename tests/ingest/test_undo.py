"""Undo: every answer is as if the batch had never been loaded, in any order."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import Refusal
from core.ingest.types import ColumnMap, Mapping
from core.ingest.undo import batches, last_batch
from core.store import Query, Store
from core.store.digest import content_digest
from tests.examples import examples
from tests.ingest.loading import column, events, load_text, mapping, table, undo_batch, workspace


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with workspace(tmp_path) as store:
        yield store


def snapshot(store: Store) -> dict[str, Any]:
    """Everything that answers depend on, without numbers given at load."""
    described: dict[str, Any] = {}
    for name in ("events", "users", "items"):
        names = [str(r["column_name"]) for r in store.rows(Query(f"SELECT column_name FROM (DESCRIBE {name})"))]
        kinds = store.rows(
            Query(f"SELECT lower(column_name) AS n, column_type AS t FROM (DESCRIBE {name}) ORDER BY ALL")
        )
        described[name] = [tuple(k.values()) for k in kinds]
        if name == "events":
            kept = [n for n in sorted(names, key=str.lower) if not n.endswith("_no")]
            described["rows"] = sorted(repr(row) for row in events(store, "user_id", "item_id", *kept))
    listed = store.rows(Query("SELECT table_name, lower(column_name) AS name, role FROM columns ORDER BY ALL"))
    lower = [[{k.lower(): v for k, v in row.items()} for row in table(store, name)] for name in ("users", "items")]
    rejected = store.rows(Query("SELECT file, line, column_name, reason, raw FROM rejects ORDER BY ALL"))
    users_and_items = [[dict(sorted(row.items())) for row in rows] for rows in lower]
    return {"tables": described, "columns": listed, "said": users_and_items, "rejects": rejected}


@dataclass(frozen=True)
class Load:
    name: str
    text: str
    mapping: Mapping


def _users(kind: str) -> Mapping:
    return Mapping("users", (column("u", "user"), column("x", "attribute", type=kind), column("city", "attribute")))


def _events(*context: ColumnMap) -> Mapping:
    base = (column("u", "user"), column("i", "item"), column("name", "title"), column("t", "time"))
    return Mapping("events", (*base, *context), event="view")


LOADS = (
    Load(
        "e1",
        "u,i,name,t,store\n1,a,Lamp,2024-01-01,7\n2,b,Bed,2024-01-02,8\n3,b,Bed,soon,9\n",
        _events(column("store", "context", type="number")),
    ),
    Load("e2", "u,i,name,t,store\n1,c,Sofa,2024-02-01,S1\n4,a,LAMP,2024-02-02,\n", _events(column("store", "context"))),
    Load("e3", "u,i,name,t,note\n5,a,,2023-01-01,x\n,d,Rug,,y\n", _events(column("note", "context"))),
    Load("u1", "u,x,city\n1,10,Rome\n9,20,Oslo\n", _users("number")),
    Load("u2", "u,x,city\n1,yes,\n2,no,Bonn\n", _users("boolean")),
    Load("i1", "i,name,price\na,Lamp 1,5\nz,Zed,1\n", mapping("items", item="i", title="name", price="price")),
)


@pytest.mark.slow
@settings(max_examples=examples(5))
@given(order=st.permutations(range(len(LOADS))), gone=st.sets(st.integers(0, len(LOADS) - 1)), data=st.data())
def test_undone_batches_leave_no_trace(
    tmp_path_factory: pytest.TempPathFactory, order: list[int], gone: set[int], data: st.DataObject
) -> None:
    with workspace(tmp_path_factory.mktemp("a")) as store:
        number = {k: load_text(store, LOADS[k].text, LOADS[k].mapping, LOADS[k].name).batch_no for k in order}
        for k in data.draw(st.permutations(sorted(gone))):
            undo_batch(store, number[k])
        undone, digest = snapshot(store), content_digest(store)
    with workspace(tmp_path_factory.mktemp("b")) as never:
        for k in order:
            if k not in gone:
                load_text(never, LOADS[k].text, LOADS[k].mapping, LOADS[k].name)
        assert snapshot(never) == undone
        assert content_digest(never) == digest


NOTHING_BACK = {"back": [], "rows_back": 0, "rows_hidden": 0}


def test_undo_says_what_went(store: Store) -> None:
    for load in LOADS:
        load_text(store, load.text, load.mapping, load.name)
    assert undo_batch(store, 2) == {"batch": 2, "events": 2, "users": 1, "items": 1, "files": ["e2"], **NOTHING_BACK}
    assert undo_batch(store, 4) == {"batch": 4, "events": 0, "users": 1, "items": 0, "files": ["u1"], **NOTHING_BACK}
    history = batches(store)
    assert [b["batch_no"] for b in history] == [1, 2, 3, 4, 5, 6]
    assert [b["undone_at"] is not None for b in history] == [False, True, False, True, False, False]
    assert history[0]["files"][0]["name"] == "e1"
    assert Mapping.from_json(json.dumps(history[0]["mapping"])) == LOADS[0].mapping
    assert last_batch(store) == 6


def test_what_cannot_be_undone(store: Store) -> None:
    with pytest.raises(Refusal, match="No batch is loaded"):
        last_batch(store)
    load_text(store, LOADS[0].text, LOADS[0].mapping)
    with pytest.raises(Refusal, match=r"There is no batch 7. .*: 1") as refused:
        undo_batch(store, 7)
    assert refused.value.code == "no_such_batch"
    undo_batch(store, 1)
    with pytest.raises(Refusal, match="was undone on") as refused:
        undo_batch(store, 1)
    assert refused.value.code == "already_undone"
    assert store.rows(Query("SELECT * FROM users")) == []


def test_an_undone_file_can_be_loaded_again(store: Store) -> None:
    load = LOADS[0]
    load_text(store, load.text, load.mapping)
    undo_batch(store, 1)
    assert load_text(store, load.text, load.mapping).batch_no == 2
