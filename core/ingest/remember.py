"""A mapping that was accepted for a file of the same shape is proposed again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from core.ingest import typed
from core.ingest.profile import ColumnFacts, Facts, table
from core.ingest.types import ColumnMap, Kind, Mapping, Source
from core.progress import Step, no_step
from core.store import Query, Store, ident

_NUMBERS = ("quantity", "price", "value", "rating", "dwell", "count")
_MOST_FILES = 3


@dataclass(frozen=True)
class Remembered:
    """The mapping of an earlier load, for the columns of this file, and which of them no longer suit their values.

    Attributes:
        batch_no: the load.
        mapping: with the columns' names as this file writes them, in its order.
        said: "as in load 3 of 5 May 2026 (shop_april.csv)".
        doubtful: columns whose values do not fit their role any longer.
    """

    batch_no: int
    mapping: Mapping
    said: str
    doubtful: frozenset[str]


def recall(store: Store, source: Source, found: Facts, kind: Kind | None, step: Step = no_step) -> Remembered | None:
    """The latest load, undone or not, of the same kind whose mapping names exactly the file's columns, or None.

    Where a file has no header, names say nothing: there the values must suit the roles too.
    """
    lower = {name.lower(): name for name in source.columns}
    loads = Query("SELECT batch_no, kind, files, mapping, loaded_at FROM batches ORDER BY batch_no DESC")
    for row in store.rows(loads, step=step):
        mapping = Mapping.from_json(str(row["mapping"]))
        named = [c.column.lower() for c in mapping.columns]
        if (kind and row["kind"] != kind) or len(named) != len(lower) or set(named) != set(lower):
            continue
        by_name = {lower[c.column.lower()]: c for c in mapping.columns}
        columns = tuple(replace(by_name[name], column=name) for name in source.columns)
        key = tuple(lower.get(name.lower(), name) for name in mapping.key)
        doubtful = frozenset(
            c.column for c in columns if not _suits(store, source, found, found.named(c.column), c, step)
        )
        if doubtful and not source.header:
            continue
        files = [str(file["name"]) for file in json.loads(str(row["files"]))]
        said = f"as in load {row['batch_no']} of {_day(row['loaded_at'])} ({_some(files)})"
        return Remembered(int(str(row["batch_no"])), replace(mapping, columns=columns, key=key), said, doubtful)
    return None


def _suits(store: Store, source: Source, found: Facts, column: ColumnFacts, mapped: ColumnMap, step: Step) -> bool:
    """Whether nine of ten values can be read as the mapping says; a column without values suits any role."""
    if not column.filled or mapped.role == "ignore" or mapped.split is not None:
        return True
    own = mapped.role in ("context", "attribute")
    cell = ident(column.name)
    if mapped.role == "time" or (own and mapped.type == "date"):
        parse = column.times.get(mapped.time_format or "iso")
        if parse is None:
            parse = _parsed(store, source, found, typed.moment(cell, mapped.time_format), step)
        return parse >= 0.9 * column.filled
    if mapped.role == "clock":
        return _parsed(store, source, found, typed.clock(cell, mapped.time_format), step) >= 0.9 * column.filled
    if mapped.role in _NUMBERS or (own and mapped.type == "number"):
        return column.numbers >= 0.9 * column.filled
    if mapped.role == "consent" or (own and mapped.type == "boolean"):
        return column.booleans >= 0.9 * column.filled
    return True


def _parsed(store: Store, source: Source, found: Facts, read: str, step: Step) -> int:
    query = Query(f"SELECT count({read}) AS n FROM ") + table(source, found.sampled)
    return int(str(store.rows(query, step=step)[0]["n"]))


def _some(files: Sequence[str]) -> str:
    more = len(files) - _MOST_FILES
    return ", ".join(files[:_MOST_FILES]) + (f" and {more:,} more" if more > 0 else "")


def _day(moment: object) -> str:
    assert isinstance(moment, datetime)
    return f"{moment.day} {moment:%b %Y}"
