"""Any sequence of loads and undos answers as if the undone loads had never been."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.ingest.types import ColumnMap, LoadReport, Mapping, Mode
from core.ingest.undo import batches
from core.store import Query, Store
from core.store.digest import content_digest
from tests.examples import examples
from tests.ingest.loading import column, events, load_text, reconciled, table, undo_batch, workspace


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with workspace(tmp_path) as store:
        yield store


# ---- any sequence


@dataclass(frozen=True)
class Load:
    text: str
    mapping: Mapping
    mode: Mode = "append"


def _events(*more: ColumnMap, event: str | None = "view", **how: Any) -> Mapping:
    base = (column("u", "user"), column("i", "item"), column("t", "time"), column("name", "title"))
    return Mapping("events", (*base, *more), event=event, **how)


_SHOP_TYPES = (
    ("text", ("7", "8", "S1", "")),
    ("number", ("7", "8.5", "-0", "")),
    ("list", ("7", "a|b", '["a|b"]', "[]", "")),
)
_IDS = ("1", "2", "3", "")


@st.composite
def event_loads(draw: st.DrawFn) -> Load:
    """A few rows over a small world, so that loads have rows in common; own columns of several types."""
    kind, values = draw(st.sampled_from(_SHOP_TYPES))
    shape = draw(st.sampled_from(("plain", "shop", "bought")))
    policy = {"overlap": draw(st.sampled_from(("keep", "drop", "drop")))}
    policy["repeats"] = draw(st.sampled_from(("keep", "drop")))
    key = draw(st.sampled_from(((), (), ("u", "t"), ("o",)))) if policy["overlap"] == "drop" else ()
    names = {"plain": "u,i,t,name", "shop": "u,i,t,name,shop,o", "bought": "u,i,t,name,o,q,stars,clicks"}[shape]
    cells = {"u": _IDS, "i": ("a", "b", ""), "t": ("2024-01-01", "2024-01-02", ""), "name": ("Lamp", "Bed", "")}
    cells |= {"shop": values, "o": ("o1", "o2", ""), "q": ("1", "-1", ""), "stars": ("5", ""), "clicks": ("0", "2")}
    row = st.tuples(*(st.sampled_from(cells[name]) for name in names.split(",")))
    rows = draw(st.lists(row, min_size=1, max_size=6))
    text = "\n".join([names, *(",".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in rows)]) + "\n"
    more: tuple[ColumnMap, ...] = ()
    if shape == "shop":
        more = (column("shop", "context", type=kind), column("o", "context"))
    elif shape == "bought":
        more = (column("o", "order"), column("q", "quantity"), column("stars", "rating"))
        more += (column("clicks", "count", event="click"),)
    key = () if "o" in key and shape == "plain" else key
    how = _events(*more, event=None if shape == "bought" else "view", key=key, **policy)
    return Load(text, how, draw(st.sampled_from(("append", "append", "append", "replace"))))


@st.composite
def fact_loads(draw: st.DrawFn) -> Load:
    kind, values = draw(st.sampled_from(_SHOP_TYPES))
    about: Literal["users", "items"] = draw(st.sampled_from(("users", "items")))
    key = about[0]
    ids = ("1", "2", "9") if about == "users" else ("a", "b", "z")
    rows = draw(st.lists(st.tuples(st.sampled_from(ids), st.sampled_from(values)), min_size=1, max_size=3))
    text = "\n".join([f"{key},x", *(f'{one},"{value.replace(chr(34), chr(34) * 2)}"' for one, value in rows)]) + "\n"
    how = Mapping(about, (column(key, "user" if about == "users" else "item"), column("x", "attribute", type=kind)))
    return Load(text, how, draw(st.sampled_from(("append", "append", "replace"))))


def answers(store: Store) -> dict[str, Any]:
    """All that answers depend on, and the counts of the loads that count."""
    counts = "rows_read rows_loaded rows_rejected rows_duplicate rows_overlap rows_anonymous rows_repeated".split()
    counts += ["kind", "mode", "events_added", "live"]
    types: dict[str, Any] = {}
    for name in ("events", "users", "items"):
        shown = store.rows(Query(f"SELECT lower(column_name) AS n, column_type AS t FROM (DESCRIBE {name})"))
        types[name] = sorted((str(row["n"]), str(row["t"])) for row in shown)
    named = [str(n) for n, _ in types["events"] if n not in ("user_no", "item_no", "batch_no", "row_no", "event_no")]
    history = [b for b in batches(store) if b["undone_at"] is None]
    return {
        "digest": content_digest(store),
        "events": sorted(map(repr, events(store, "user_id", "item_id", *named))),
        "users": table(store, "users"),
        "items": table(store, "items"),
        "columns": store.rows(Query("SELECT * FROM columns ORDER BY ALL")),
        "types": types,
        "batches": [{name: b[name] for name in counts} for b in history],
    }


def whole(store: Store) -> None:
    """What must hold at every moment."""
    for b in batches(store):
        assert b["rows_read"] == b["rows_loaded"] + b["rows_rejected"] + b["rows_duplicate"]
        assert b["rows_overlap"] <= b["rows_duplicate"]
    counts = store.rows(
        Query("SELECT batch_no, events_added, (SELECT count(*) FROM events e WHERE e.batch_no = b.batch_no) AS seen "
              "FROM batches b SEMI JOIN live_batches USING (batch_no)")
    )  # fmt: skip
    assert [row for row in counts if row["events_added"] != row["seen"]] == []
    for key in ("user", "item"):
        numbers = store.rows(Query(f"SELECT {key}_no AS n FROM {key}s UNION ALL SELECT {key}_no FROM retired_{key}s"))
        assert len({row["n"] for row in numbers}) == len(numbers)
        named = f"SELECT {key}_no AS n FROM parked_events UNION SELECT {key}_no FROM parked_{key}_facts"
        lost = store.rows(Query(f"SELECT n FROM ({named}) WHERE n IS NOT NULL"))
        assert {row["n"] for row in lost} <= {row["n"] for row in numbers}


def carry_out(store: Store, one: Load, k: int) -> LoadReport:
    return reconciled(load_text(store, one.text, one.mapping, f"{k}.csv", mode=one.mode, again=True))


@settings(max_examples=examples(9), suppress_health_check=list(HealthCheck))
@given(loads=st.lists(st.one_of(event_loads(), event_loads(), fact_loads()), min_size=3, max_size=6), data=st.data())
def test_undone_loads_have_never_been(
    tmp_path_factory: pytest.TempPathFactory, loads: list[Load], data: st.DataObject
) -> None:
    standing: dict[int, Load] = {}
    with workspace(tmp_path_factory.mktemp("a")) as store:
        for k, one in enumerate(loads):
            standing[carry_out(store, one, k).batch_no] = one
            if k and data.draw(st.booleans(), label="undo now"):
                gone = data.draw(st.sampled_from(sorted(standing)), label="which")
                undo_batch(store, gone)
                del standing[gone]
        if len(standing) > 1:
            gone = data.draw(st.sampled_from(sorted(standing)), label="at the end")
            undo_batch(store, gone)
            del standing[gone]
        whole(store)
        found = answers(store)
    with workspace(tmp_path_factory.mktemp("b")) as never:
        for k, number in enumerate(sorted(standing)):
            carry_out(never, standing[number], k)
        assert answers(never) == found
