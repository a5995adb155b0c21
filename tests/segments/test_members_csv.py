"""The file of members: every one, ids as they were, nothing a spreadsheet would run."""

from __future__ import annotations

import csv
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.progress import Cancelled, Step
from core.segments import All, Did, Prop, Test, members_csv
from core.store import Query, Store
from core.store.cells import defuse
from tests.prepared import new_store
from tests.segments.world import World, event, put

END = datetime(2024, 3, 31)
HOSTILE = {
    "=cmd|' /C calc'!A0": "'=cmd|' /C calc'!A0",
    "+1+cmd|x": "'+1+cmd|x",
    "-2+3": "'-2+3",
    "@SUM(A1)": "'@SUM(A1)",
    "\tx": "'\tx",
    "-5": "-5",
    "+44 20 7946 0000": "+44 20 7946 0000",
    "007": "007",
    "-1,234.50": "-1,234.50",
    'quote " comma , line\nend': 'quote " comma , line\nend',
    "": "",
}


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_every_column_and_fact(store: Store, tmp_path: Path) -> None:
    put(
        store,
        World(
            users={"007": {"email": "j@x.org", "tags": ["a", "b"], "age": -3.0, "vip": True, "joined": END}, "1": {}},
            events=(
                event("007", "purchase", "2024-03-01T12:30", order_id="a", value="2.5"),
                event("2", "view", "2024-03-02"),
            ),
        ),
    )
    out = tmp_path / "m.csv"
    assert members_csv(store, All(), out, END) == 3
    first, second, third = read(out)
    assert first == {
        "user_id": "007", "country": "", "age": "-3", "joined": "2024-03-31", "vip": "true", "tags": "a|b",
        "email": "j@x.org", "orders": "1", "net_value": "2.5000", "last_order": "2024-03-01T12:30:00",
        "last_seen": "2024-03-01T12:30:00",
    }  # fmt: skip
    assert (second["user_id"], second["orders"], second["net_value"], second["last_seen"]) == ("1", "0", "", "")
    assert (third["user_id"], third["orders"], third["last_seen"]) == ("2", "0", "2024-03-02T00:00:00")
    assert [p.name for p in tmp_path.iterdir() if p.suffix == ".part"] == []


def test_cells_that_spreadsheets_would_run(store: Store, tmp_path: Path) -> None:
    people = {f"u{n}": {"country": value, "tags": [value]} for n, value in enumerate(HOSTILE)}
    put(store, World(users={**people, "=id": {}}))
    out = tmp_path / "m.csv"
    assert members_csv(store, All(), out) == len(people) + 1
    found = {row["user_id"]: row for row in read(out)}
    assert "'=id" in found
    for n, value in enumerate(HOSTILE.values()):
        assert found[f"u{n}"]["country"] == found[f"u{n}"]["tags"] == value


def test_column_names_are_defused_and_set_apart(tmp_path: Path) -> None:
    with new_store(tmp_path / "w.duckdb") as store:
        with store.atomic() as writer:
            writer.run('ALTER TABLE users ADD COLUMN "=2+5" VARCHAR')
            writer.run('ALTER TABLE users ADD COLUMN "Orders" DOUBLE')
            writer.run("INSERT INTO users VALUES (1, 'a', 'x', 9)")
        members_csv(store, All(), tmp_path / "m.csv")
        (row,) = read(tmp_path / "m.csv")
    assert (row["'=2+5"], row["Orders"], row["orders_limelight"]) == ("x", "9", "0")


BLANKS = "".join(map(chr, range(0x21))) + "\xa0"  # what spreadsheets look past before the first sign


@given(st.text(max_size=6))
@example(" =")
@example("＝1")
@example("\t")
def test_defusing_never_changes_anything_else(text: str) -> None:
    assert defuse(text) in (text, f"'{text}")
    if text[:1] in ("=", "@"):
        assert defuse(text) == f"'{text}"
    if text[:1] not in set("\t\r\n") and text.lstrip(BLANKS)[:1] not in set("=+-@＝＋－＠"):
        assert defuse(text) == text


def test_two_hundred_thousand_rows_and_nobody(tmp_path: Path) -> None:
    with new_store(tmp_path / "w.duckdb") as store:
        with store.atomic() as writer:
            writer.run("INSERT INTO users SELECT i, printf('%07d', i) FROM range(200000) t(i)")
        assert members_csv(store, All(), tmp_path / "m.csv") == 200_000
        lines = (tmp_path / "m.csv").read_text().splitlines()
        assert (len(lines), lines[1].split(",")[0], lines[-1].split(",")[0]) == (200_001, "0000000", "0199999")
        assert members_csv(store, Prop("user_id", Test("is", ("none",))), tmp_path / "none.csv") == 0
        assert read(tmp_path / "none.csv") == []


def test_a_cancelled_file_does_not_appear(store: Store, tmp_path: Path) -> None:
    class Stopped(Step):
        def cancelled(self) -> bool:
            return True

    put(store, World(users={"a": {}}))
    with pytest.raises(Cancelled):
        members_csv(store, Did("view"), tmp_path / "m.csv", END, step=Stopped())
    assert not list(tmp_path.glob("m.csv*"))
    assert len(store.rows(Query("SELECT 1 FROM users"))) == 1
