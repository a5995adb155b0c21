"""What a load notes of cells without a value: batch_columns."""

from __future__ import annotations

from pathlib import Path

from core.ingest.undo import undo
from core.store import Query, Store
from tests.ingest.loading import load_text, mapping, workspace

NOTED = Query("SELECT batch_no, column_name, role, rows, missing, negative FROM batch_columns ORDER BY ALL")


def _noted(store: Store) -> dict[str, tuple[str, int, int, int | None]]:
    return {r["column_name"]: (r["role"], r["rows"], r["missing"], r["negative"]) for r in store.rows(NOTED)}


def test_blanks_of_an_events_file(tmp_path: Path) -> None:
    text = "u,i,name,q,p,c\na,x,One,1,2,web\n ,x,,-2,2,web\nb,,  ,,,\nc,y,Two,bad,1,web\n"
    how = mapping(event="purchase", user="u", item="i", title="name", quantity="q", price="p", channel="c")
    with workspace(tmp_path) as store:
        batch = load_text(store, text, how).batch_no
        assert _noted(store) == {
            "u": ("user", 3, 1, None), "i": ("item", 3, 1, None), "name": ("title", 3, 2, None),
            "q": ("quantity", 3, 1, 1), "p": ("price", 3, 1, None), "c": ("channel", 3, 1, None),
        }  # fmt: skip
        with store.atomic() as writer:
            undo(writer, batch)
        assert _noted(store) == {}


def test_blanks_of_a_users_file_with_contacts(tmp_path: Path) -> None:
    text = "id,age,mail\n1,20,a@example.com\n2,,\n3,30,\n3,31,c@example.com\n"
    with workspace(tmp_path) as store:
        load_text(store, text, mapping("users", user="id", attribute="age", contact="mail"))
        noted = _noted(store)
        assert noted["id"][1:3] == (4, 0)
        assert noted["age"][1:3] == (4, 1)
        assert noted["mail"] == ("contact", 4, 2, None)


def test_rows_that_are_dropped_are_not_counted(tmp_path: Path) -> None:
    from dataclasses import replace

    how = replace(mapping(event="view", user="u", channel="c"), repeats="drop")
    with workspace(tmp_path) as store:
        load_text(store, "u,c\na,\na,\nb,web\n", how)
        assert _noted(store) == {"u": ("user", 2, 0, None), "c": ("channel", 2, 1, None)}
