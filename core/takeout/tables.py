"""What an exported table holds: columns in a settled order, raw ids in place of numbers, types that files can say.

Order of columns, always:

- events: user_id, item_id, event, at_utc, order_id, quantity, value, rating, dwell, session, channel, campaign, device,
  then the analyst's own, in the order in which loads brought them. Empty user_id: an anonymous event.
- users, items: user_id or item_id, then the columns that files brought. Contacts are not among those of users.
- contacts: user_id, then a column for each contact column; users of whom at least one is known.
- batches: the history of loads. rejects: batch_no, file, line, column, reason, message, raw (the file's own text).
- segments: name, rule (JSON), as_of, created_at, updated_at, made_from (JSON; of a frozen segment the rule that chose
  its members). Rules, not members.
- groups: the members of kept groups (clusters, look-alikes, lists, frozen segments): name, kind, words, as_of, user_id,
  part, part_name, rank, score.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from core.errors import Refusal
from core.ingest import ColumnMap, Mapping, Type
from core.store import Query, Store, contact_columns, ident, joined
from core.store.cells import defuse, defuse_sql

TABLES = ("events", "users", "items", "contacts", "batches", "rejects", "segments", "groups")
"""What can be exported."""

PERSONAL = ("contacts", "rejects")
"""Tables that hold contacts, or lines of files in which contacts may stand: exported only on an explicit word."""

Format = Literal["csv", "parquet"]
FORMATS: tuple[Format, ...] = ("csv", "parquet")

_EVENTS = "user_id item_id event at_utc order_id quantity value rating dwell session channel campaign device".split()
_ROLES = {
    "user_id": "user", "item_id": "item", "event": "event", "at_utc": "time", "order_id": "order",
    "quantity": "quantity", "value": "value", "rating": "rating", "dwell": "dwell", "session": "session",
    "channel": "channel", "campaign": "campaign", "device": "device",
}  # fmt: skip
_TYPES: dict[str, Type] = {
    "VARCHAR": "text",
    "DOUBLE": "number",
    "TIMESTAMP": "date",
    "BOOLEAN": "boolean",
    "VARCHAR[]": "list",
}
_BATCHES = (
    "batch_no kind files mapping rows_read rows_loaded rows_rejected rows_duplicate rows_overlap rows_repeated "
    "rows_anonymous events_added events_gone mode loaded_at undone_at".split()
)


@dataclass(frozen=True)
class Column:
    """One column of an export: its name in the workspace, SQL of its value, DuckDB's type of it, its role there."""

    name: str
    sql: str
    kind: str
    role: str = ""


@dataclass(frozen=True)
class Table:
    """One exported table: its columns, and the FROM clause that they read."""

    name: str
    columns: tuple[Column, ...]
    source: str

    def query(self, form: Format, *, raw: bool) -> Query:
        """The rows as they stand in the file: CSV as text (defused unless `raw`), Parquet in their types."""
        cells = (
            f"{_cell(column, form, raw=raw)} AS {ident(name)}"
            for column, name in zip(self.columns, self.header(form, raw=raw), strict=True)
        )
        return Query(f"SELECT {', '.join(cells)} FROM {self.source}")

    def header(self, form: Format, *, raw: bool) -> list[str]:
        """The names of the columns as the file has them."""
        safe = form == "csv" and not raw
        return [defuse(column.name) if safe else column.name for column in self.columns]


def table_of(store: Store, name: str) -> Table:
    """How a table of TABLES is exported from this workspace. Raises Refusal `no_such_table`."""
    if name not in TABLES:
        raise Refusal("no_such_table", f"There is no table {name!r} to export.", f"There are: {', '.join(TABLES)}.")
    if name == "contacts":
        return _contacts(store)
    if name == "groups":
        return _groups()
    physical = _physical(store, name)
    if name == "events":
        return _events(store, physical)
    if name in ("users", "items"):
        return _facts(store, name, physical)
    wanted = _BATCHES if name == "batches" else list(physical)
    named = {"column_name": "column"} if name == "rejects" else {}
    columns = tuple(Column(named.get(c, c), f"t.{ident(c)}", physical[c]) for c in wanted)
    return Table(name, columns, f"{name} t")


def table_rows(store: Store) -> dict[str, int]:
    """Table of TABLES -> the rows that its export would have now."""
    counts = (Query(f"SELECT '{name}' AS name, count(*) AS n FROM {table_of(store, name).source}") for name in TABLES)
    return {str(row["name"]): int(row["n"]) for row in store.rows(joined(" UNION ALL ", list(counts)))}


def export_mapping(store: Store, name: str, *, form: Format = "csv", raw: bool = False) -> Mapping | None:
    """The mapping with which `load` takes an exported table back as it is; None for tables that no load makes.

    Words of events are kept as they are, returns are events of their own already, times are UTC.
    """
    table = table_of(store, name)
    header = table.header(form, raw=raw)
    if name == "events":
        columns = tuple(_event_column(c, h) for c, h in zip(table.columns, header, strict=True))
        words = [str(row["event"]) for row in store.rows(Query("SELECT DISTINCT event FROM events ORDER BY event"))]
        odd = {word.strip(): word for word in words if word.strip().lower() != word}
        return Mapping("events", columns, events=odd, returns="none")
    if name in ("users", "items", "contacts"):
        columns = tuple(_fact_column(c, h) for c, h in zip(table.columns, header, strict=True))
        return Mapping("items" if name == "items" else "users", columns)
    return None


# ---- the tables


def _events(store: Store, physical: dict[str, str]) -> Table:
    ids = {"user_id": "u.user_id", "item_id": "i.item_id"}
    columns = [Column(c, ids.get(c, f"e.{c}"), physical.get(c, "VARCHAR"), _ROLES[c]) for c in _EVENTS]
    ours = {*_EVENTS, "user_no", "item_no", "batch_no", "row_no", "event_no"}
    columns += [Column(c, f"e.{ident(c)}", kind, "context") for c, kind in physical.items() if c not in ours]
    source = "events e LEFT JOIN users u USING (user_no) LEFT JOIN items i USING (item_no)"
    return Table("events", tuple(columns), source)


def _facts(store: Store, name: str, physical: dict[str, str]) -> Table:
    key = name[:-1]
    roles = _roles(store, name)
    columns = [Column(f"{key}_id", f"t.{key}_id", "VARCHAR", key)]
    for column, kind in physical.items():
        role = roles.get(column.lower(), "attribute")
        if column not in (f"{key}_no", f"{key}_id") and role != "contact":
            columns.append(Column(column, f"t.{ident(column)}", kind, role))
    return Table(name, tuple(columns), f"{name} t")


def _contacts(store: Store) -> Table:
    """Contact columns, wherever they are kept: with the users, or apart from all else in contact_facts."""
    physical = _physical(store, "users")
    with_users = {c: k for c, k in physical.items() if _roles(store, "users").get(c.lower()) == "contact"}
    apart = [name for name in contact_columns(store) if name not in with_users]
    columns = [Column("user_id", "t.user_id", "VARCHAR", "user")]
    columns += [Column(c, f"t.{ident(c)}", kind, "contact") for c, kind in with_users.items()]
    source = "users t"
    for k, c in enumerate(apart):
        named = "'" + c.replace("'", "''") + "'"
        latest = "SELECT user_no, arg_max(value, batch_no) AS value FROM contact_facts c "
        latest += "SEMI JOIN live_batches b ON b.batch_no = c.batch_no "
        latest += f"WHERE lower(c.column_name) = lower({named}) GROUP BY user_no"
        source += f" LEFT JOIN ({latest}) c{k} ON c{k}.user_no = t.user_no"
        columns.append(Column(c, f"c{k}.value", "VARCHAR", "contact"))
    known = " OR ".join(f"{column.sql} IS NOT NULL" for column in columns[1:]) or "false"
    return Table("contacts", tuple(columns), f"{source} WHERE {known}")


def _groups() -> Table:
    of = {"name": "VARCHAR", "kind": "VARCHAR", "words": "VARCHAR", "as_of": "TIMESTAMP"}
    own = {"user_id": "VARCHAR", "part": "INTEGER", "rank": "INTEGER", "score": "DOUBLE"}
    columns = [Column(c, f"g.{c}", kind) for c, kind in of.items()]
    for c, kind in own.items():
        columns.append(Column(c, f"m.{c}", kind))
        if c == "part":
            columns.append(Column("part_name", "json_extract_string(g.parts, '$.\"' || m.part || '\"')", "VARCHAR"))
    return Table("groups", tuple(columns), "grouping_members m JOIN groupings g USING (name)")


def _physical(store: Store, table: str) -> dict[str, str]:
    """Column -> DuckDB's type, in the table's order."""
    rows = store.rows(
        Query(
            "SELECT column_name, data_type FROM duckdb_columns() WHERE schema_name = 'main' AND table_name = ? "
            "AND database_name = current_database() ORDER BY column_index",
            (table,),
        )
    )
    return {str(row["column_name"]): str(row["data_type"]) for row in rows}


def _roles(store: Store, table: str) -> dict[str, str]:
    rows = store.rows(Query("SELECT column_name, role FROM columns WHERE table_name = ?", (table,)))
    return {str(row["column_name"]).lower(): str(row["role"]) for row in rows}


# ---- cells


def _cell(column: Column, form: Format, *, raw: bool) -> str:
    sql, kind = column.sql, column.kind
    if kind == "VARCHAR[]":  # a JSON array in both formats: parts may hold any sign
        return f"to_json({sql})::VARCHAR"
    if form == "parquet":
        return f"{sql}::VARCHAR" if kind == "JSON" else sql
    if kind == "TIMESTAMP":
        whole = f"microsecond({sql}) % 1000000 = 0"
        short, full = (f"strftime({sql}, '%Y-%m-%dT%H:%M:%S{more}')" for more in ("", ".%f"))
        return f"CASE WHEN {whole} THEN {short} ELSE {full} END"
    if kind in ("VARCHAR", "JSON") and not raw:
        return defuse_sql(f"{sql}::VARCHAR" if kind == "JSON" else sql)
    return f"{sql}::VARCHAR"


# ---- mappings


def _event_column(column: Column, header: str) -> ColumnMap:
    if column.role == "time":
        return ColumnMap(header, "time", time_format="iso")
    if column.role == "context":
        return _typed(column, header)
    return ColumnMap(header, column.role)  # type: ignore[arg-type]  # from _ROLES


def _fact_column(column: Column, header: str) -> ColumnMap:
    role, kind = column.role, column.kind
    if role in ("user", "item", "title", "contact") or (role == "price" and kind == "DOUBLE"):
        return ColumnMap(header, role)  # type: ignore[arg-type]  # a role of that kind of file
    if role == "category":
        return ColumnMap(header, "category", type=_TYPES[kind])
    if role == "consent" and kind == "BOOLEAN" and column.name.startswith("consent_"):
        return ColumnMap(header, "consent", event=column.name.removeprefix("consent_"))
    return _typed(column, header, "attribute")


def _typed(column: Column, header: str, role: Literal["context", "attribute"] = "context") -> ColumnMap:
    kind = _TYPES[column.kind]
    return ColumnMap(header, role, kind, time_format="iso" if kind == "date" else None)
