"""Small loads for tests: files written from text, loaded into a workspace of their own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from core.ingest.load import load
from core.ingest.source import open_source
from core.ingest.types import ColumnMap, Kind, LoadReport, Mapping, Mode, Role, Source
from core.ingest.undo import undo
from core.store import Query, Store
from tests.prepared import new_store


@contextmanager
def workspace(folder: Path) -> Iterator[Store]:
    """A new workspace in `folder`, which may read the folder's files."""
    with new_store(folder / "w.duckdb", [folder]) as store:
        yield store


def mapping(kind: Kind = "events", /, event: str | None = None, returns: str = "negative", **roles: str) -> Mapping:
    """A mapping from role=column; `role__x` for further columns of a role, `count_click`, `consent_email` for words."""
    columns = []
    for key, column in roles.items():
        role, _, word = key.partition("_")
        name, _, time_format = column.partition("@")
        columns.append(ColumnMap(name, role, time_format=time_format or None, event=word.strip("_") or None))  # type: ignore[arg-type]
    return Mapping(kind, tuple(columns), event=event, returns=returns)


def column(name: str, role: Role, **more: Any) -> ColumnMap:
    """A ColumnMap."""
    return ColumnMap(name, role, **more)


def source(store: Store, text: str | bytes, name: str = "file.csv") -> Source:
    """A file with this content beside the workspace, recognised."""
    path = store.path.parent / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return open_source(path, spool=store.spool)


def load_text(
    store: Store,
    text: str | bytes,
    how: Mapping,
    name: str = "file.csv",
    *,
    mode: Mode = "append",
    again: bool = False,
) -> LoadReport:
    """Load a file with this content."""
    return load_sources(store, [source(store, text, name)], how, mode=mode, again=again)


def load_sources(
    store: Store, sources: Sequence[Source], how: Mapping, *, mode: Mode = "append", again: bool = False
) -> LoadReport:
    """Load files in a transaction of their own."""
    with store.atomic() as writer:
        return load(writer, sources, how, mode=mode, again=again)


def reconciled(report: LoadReport) -> LoadReport:
    """The report, its rows checked to add up."""
    assert report.rows_read == report.rows_loaded + report.rows_rejected + report.rows_duplicate
    return report


def undo_batch(store: Store, batch_no: int) -> dict[str, Any]:
    """Undo a batch in a transaction of its own."""
    with store.atomic() as writer:
        return undo(writer, batch_no)


def events(store: Store, *columns: str) -> list[tuple[Any, ...]]:
    """These columns of all events with raw ids, in order of all of them; missing values last."""
    picked = ", ".join(f'"{c}"' for c in columns)
    query = f"SELECT {picked} FROM (SELECT e.*, u.user_id, i.item_id FROM events e LEFT JOIN users u USING (user_no) "
    query += "LEFT JOIN items i USING (item_no)) ORDER BY ALL"
    return [tuple(row.values()) for row in store.rows(Query(query))]


def table(store: Store, name: str) -> list[dict[str, object]]:
    """A table of users or items without its numbers, in order of ids."""
    rows = store.rows(Query(f"SELECT * FROM {name} ORDER BY 2"))
    return [{k: v for k, v in row.items() if k not in ("user_no", "item_no")} for row in rows]


def rejects(store: Store) -> list[tuple[Any, ...]]:
    """(line, column, reason) of all rejects, in order."""
    rows = store.rows(Query("SELECT line, column_name, reason FROM rejects ORDER BY file, line, column_name"))
    return [tuple(row.values()) for row in rows]
