"""What a workspace has that rules can ask about: columns with their kinds, event words, saved segments."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from core.segments.parts import ANY_EVENT, BadRule, CompareOp
from core.segments.rule import Segment
from core.store import NAMES, Columns, Query, Store

ColumnKind = Literal["text", "number", "date", "boolean", "list"]
Of = Literal["user", "event", "item"]

_NUMBERS = tuple(op for op in get_args(CompareOp) if op != "exactly")
OPS: Mapping[ColumnKind, tuple[str, ...]] = {
    "text": ("is", "is_not", "contains", "not_contains", "starts", "ends", "matches", "missing"),
    "number": ("is", "is_not", *_NUMBERS, "missing"),
    "date": (
        "last_days", "next_days", "since", "after", "before", "during", "anniversary_within", "in_month", "missing",
    ),
    "boolean": ("is", "missing"),
    "list": ("any_of", "all_of", "none_of", "missing"),
}  # fmt: skip
"""The tests that a column admits, by what it holds, in the order in which pages offer them."""

# The plumbing of the tables, and the columns that rules reach by other words (event, window, the item's own columns).
_HIDDEN = {"user_no", "item_no", "event", "at_utc", "batch_no", "row_no", "event_no"}
_TYPES: Mapping[str, ColumnKind] = {"VARCHAR": "text", "DATE": "date", "BOOLEAN": "boolean", "VARCHAR[]": "list"}


@dataclass(frozen=True)
class Group:
    """A kept group of users, as rules see it.

    Attributes:
        name: as saved.
        kind: clusters, lookalike, list (from a file) or frozen (a segment's members at one moment).
        parts: number of a part -> its name; {} where the group has none.
        words: what it is, in a few words ("frozen 3 Nov 2026: at least 2 orders, ever").
    """

    name: str
    kind: str
    parts: Mapping[int, str] = field(default_factory=dict)
    words: str = ""


@dataclass(frozen=True)
class Schema:
    """What rules may name on one workspace.

    Attributes:
        user, event, item: column name -> kind; `user_id` and `item_id` among them.
        words: event words that occur in the data, the vocabulary's own in its order, then the analyst's by name.
        timed: whether any event has a time; without, only the window "ever" can be asked.
        segments: saved segments by lower-case name.
        groups: kept groups by lower-case name.
        types: table (users, events, items, batches) -> its columns with their SQL types, for an analyst's own SQL.
    """

    user: Mapping[str, ColumnKind]
    event: Mapping[str, ColumnKind]
    item: Mapping[str, ColumnKind]
    words: tuple[str, ...]
    timed: bool
    segments: Mapping[str, Segment] = field(default_factory=dict)
    groups: Mapping[str, Group] = field(default_factory=dict)
    types: Mapping[str, Columns] = field(default_factory=dict)

    def columns(self, of: Of) -> Mapping[str, ColumnKind]:
        """The columns of users, events or items."""
        return {"user": self.user, "event": self.event, "item": self.item}[of]

    def kind(self, of: Of, column: str, path: str) -> ColumnKind:
        """What a column holds. Raises BadRule where the workspace has no such column."""
        columns = self.columns(of)
        if column not in columns:
            known = ", ".join(columns) or "none"
            raise BadRule(f"{of}s have no column {column!r}", path, f"Columns of {of}s: {known}.")
        return columns[column]

    def check_word(self, event: str, path: str) -> None:
        """Refuse an event word that neither the data nor the vocabulary know: a slip of the pen, not a zero."""
        if event not in (ANY_EVENT, *self.words, *NAMES):
            raise BadRule(f"the data have no event {event!r}", path, f"They have: {', '.join(self.words) or 'none'}.")

    def segment(self, name: str, path: str) -> Segment:
        """A saved segment. Raises BadRule where there is none of that name."""
        found = self.segments.get(name.casefold())
        if found is None:
            known = ", ".join(s.name for s in self.segments.values()) or "none"
            raise BadRule(f"there is no saved segment {name!r}", path, f"Saved segments: {known}.")
        return found

    def group(self, name: str, path: str) -> Group:
        """A kept group. Raises BadRule where there is none of that name."""
        found = self.groups.get(name.casefold())
        if found is None:
            known = ", ".join(g.name for g in self.groups.values()) or "none"
            raise BadRule(f"there is no group {name!r}", path, f"Groups: {known}.")
        return found


def read_schema(store: Store, *, saved: tuple[Segment, ...] = ()) -> Schema:
    """What the workspace has now; `saved` are the segments that rules may refer to."""
    tables: dict[str, dict[str, ColumnKind]] = {"users": {}, "events": {}, "items": {}}
    types: dict[str, Columns] = {}
    for row in store.rows(_COLUMNS):
        table, column, kind = str(row["table_name"]), str(row["column_name"]), _kind(str(row["data_type"]))
        types[table] = (*types.get(table, ()), (column, str(row["data_type"])))
        if table in tables and column not in _HIDDEN and kind is not None:
            tables[table][column] = kind
    found = {str(row["event"]) for row in store.rows(Query("SELECT DISTINCT event FROM events"))}
    words = (*(w for w in NAMES if w in found), *sorted(found - set(NAMES)))
    return Schema(
        tables["users"],
        tables["events"],
        tables["items"],
        words,
        store.as_of() is not None,
        {segment.name.casefold(): segment for segment in saved},
        {group.name.casefold(): group for group in map(_group, store.rows(_GROUPS))},
        types,
    )


_GROUPS = Query("SELECT name, kind, parts, words FROM groupings ORDER BY lower(name), name")


def _group(row: Mapping[str, object]) -> Group:
    parts = {int(number): str(name) for number, name in json.loads(str(row["parts"])).items()}
    return Group(str(row["name"]), str(row["kind"]), parts, str(row["words"]))


_COLUMNS = Query(
    "SELECT table_name, column_name, data_type FROM duckdb_columns() "
    "WHERE schema_name = 'main' AND table_name IN ('users', 'events', 'items', 'batches') ORDER BY table_name, column_index"
)


def _kind(data_type: str) -> ColumnKind | None:
    if data_type.startswith("TIMESTAMP"):
        return "date"
    if data_type.startswith("DECIMAL") or data_type in ("DOUBLE", "FLOAT", "BIGINT", "INTEGER", "HUGEINT"):
        return "number"
    return _TYPES.get(data_type)
