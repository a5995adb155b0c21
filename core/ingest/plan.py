"""What a mapping asks of the load: what is read from each column of the file, how, and what counts as a fault."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from core.ingest import baskets, typed
from core.ingest.types import ColumnMap, Kind, Mapping, Role, Source, Type

CELL = "{cell}"
"""Stands for the cell of the file in the SQL of fields and faults."""

LONGEST_ID = 1_000
"""Characters of the longest id (user, item, order, session) or event word that is taken."""

ROLES: dict[Kind, tuple[Role, ...]] = {
    "events": (
        "user", "item", "event", "time", "clock", "order", "quantity", "price", "value", "rating", "session", "channel",
        "dwell", "device", "campaign", "count", "context", "title", "category", "contact", "ignore",
    ),
    "items": ("item", "title", "category", "price", "attribute", "ignore"),
    "users": ("user", "attribute", "contact", "consent", "ignore"),
}  # fmt: skip
"""The roles a column may have in each kind of file."""

KEYS: dict[Kind, Role] = {"items": "item", "users": "user"}
"""The role that an items or users file cannot do without."""

MANY: tuple[Role, ...] = ("count", "context", "attribute", "contact", "consent", "ignore")
"""The roles that several columns of one file may have."""

_RAW: dict[Role, str] = {"user": "user_raw", "item": "item_raw", "event": "event_raw"}
_TEXTS: dict[Role, str] = {
    "order": "order_id", "session": "session", "channel": "channel", "campaign": "campaign", "device": "device",
}  # fmt: skip
_NUMBERS: dict[Role, str] = {"quantity": "quantity", "rating": "rating", "dwell": "dwell"}


@dataclass(frozen=True)
class Fault:
    """One way in which a row can be refused.

    Attributes:
        column: the file's column at fault.
        code: stable reason, as in rejects.reason.
        message: for people; `{cell}` is the cell as it stood.
        when: SQL that is true for such a row, or None where the load finds it later, among distinct values.
    """

    column: str
    code: str
    message: str
    when: str | None = None


@dataclass(frozen=True)
class Field:
    """What is read from one column of the file.

    Attributes:
        name: of the staged column; ours, safe in SQL unquoted.
        sql_type: of the staged column.
        map: the file's column and its role.
        read: SQL of the value, over `{cell}`.
        staged: kept in the staging table (price and value are not: together they make the row's value).
    """

    name: str
    sql_type: str
    map: ColumnMap
    read: str
    staged: bool = True


@dataclass(frozen=True)
class Plan:
    """How the rows of a load are staged.

    Attributes:
        mapping: what it was made from.
        fields: what is read from the file's columns, one each.
        value: SQL of an event's value over the fields, or None.
        faults: all faults; a staged row names its faults by their place here.
        split_value: SQL of the values of a basket's parts over the fields, a list, where each part has its own.
        secret: the key of pseudonyms, where the mapping has any.
    """

    mapping: Mapping
    fields: tuple[Field, ...]
    value: str | None
    faults: tuple[Fault, ...]
    split_value: str | None = None
    secret: bytes | None = field(default=None, repr=False)

    def field(self, role: Role) -> Field | None:
        """The field of the first column with this role."""
        return next((f for f in self.fields if f.map.role == role), None)

    def all(self, *roles: Role) -> tuple[Field, ...]:
        """The fields of every column with one of these roles."""
        return tuple(f for f in self.fields if f.map.role in roles)

    def fault(self, column: str, code: str) -> int:
        """The place of a fault in `faults`."""
        return next(k for k, f in enumerate(self.faults) if (f.column, f.code) == (column, code))


def make_plan(mapping: Mapping, sources: Sequence[Source]) -> Plan:
    """The plan of a load, for a mapping that fits the files (core.ingest.fitting.check_fit)."""
    nul = any(source.format != "csv" for source in sources)  # a CSV's rows with NUL bytes are refused at opening
    fields = tuple(_field(k, c, mapping) for k, c in enumerate(mapping.columns) if c.role != "ignore")
    item = mapping.column("item")
    faults = [fault for field in fields for fault in _all_faults(field, mapping.kind, item, nul=nul)]
    value = split_value = None
    if mapping.kind == "events":
        value, split_value, overflow = _value({field.map.role: field for field in fields})
        faults += overflow
    return Plan(mapping, _with_clock(mapping, fields), value, tuple(faults), split_value)


def _with_clock(mapping: Mapping, fields: tuple[Field, ...]) -> tuple[Field, ...]:
    """The fields, the time's reading the time of day from the column beside it."""
    clock = next((k for k, f in enumerate(fields) if f.map.role == "clock"), None)
    if clock is None:
        return fields
    day_format = fields[clock].map.time_format
    return tuple(
        replace(f, read=typed.moment_by_clock(CELL, f.map.time_format, f"c{clock}", day_format, mapping.zone))
        if f.map.role == "time"
        else f
        for f in fields
    )


def _field(k: int, column: ColumnMap, mapping: Mapping) -> Field:
    field = _whole_field(k, column, mapping.kind)
    if column.role == "time":
        field = replace(field, read=typed.moment(CELL, column.time_format, mapping.zone))
    if column.split is None or column.role == "item":
        return field
    return replace(
        field, sql_type=f"{field.sql_type}[]", read=baskets.part_reader(field.read, column.split), staged=True
    )


def _whole_field(k: int, column: ColumnMap, kind: Kind) -> Field:
    role = column.role
    if role in _RAW and (kind == "events" or role == KEYS[kind]):
        return Field(_RAW[role], "VARCHAR", column, CELL)
    if role in _TEXTS:
        return Field(_TEXTS[role], "VARCHAR", column, typed.text(CELL))
    if role == "time":
        return Field("at_utc", "TIMESTAMP", column, typed.moment(CELL, column.time_format))
    if role == "clock":
        return Field("clock_us", "BIGINT", column, typed.clock(CELL, column.time_format), staged=False)
    if role in _NUMBERS:
        return Field(_NUMBERS[role], "DOUBLE", column, typed.number(CELL))
    if role == "value" or (role == "price" and kind == "events"):
        scale = 4 if role == "value" else 6
        return Field(f"x{k}", f"DECIMAL(18, {scale})", column, typed.decimal(CELL, scale), staged=False)
    if role == "count":
        return Field(f"x{k}", "DOUBLE", column, typed.number(CELL))
    as_type = column_type(column)
    return Field(f"x{k}", typed.SQL_TYPES[as_type], column, typed.typed(CELL, as_type, column.time_format))


def column_type(column: ColumnMap) -> Type:
    """The type in which a column is kept: its own for context and attributes, text or list for category, else fixed."""
    if column.role in ("context", "attribute") or (column.role == "category" and column.type == "list"):
        return column.type
    return "number" if column.role == "price" else "boolean" if column.role == "consent" else "text"


# ---- faults


def _all_faults(field: Field, kind: Kind, item: ColumnMap | None, *, nul: bool) -> list[Fault]:
    """The faults of a field; where its cells are split, those of any part, and parts that are too few or too many."""
    mark = field.map.split
    if mark is None or item is None or item.split is None:
        return _faults(field, kind, nul=nul)
    if field.map.role == "item":
        long, nuls = f"length({CELL}) > {LONGEST_ID}", f"contains({CELL}, chr(0))"
        return [
            replace(f, when=baskets.part_fault(w, mark))
            for f, w in zip(_faults(field, kind, nul=nul)[:2], (long, nuls), strict=True)
        ]
    whole = _whole_field(0, field.map, kind)
    each = replace(whole, name=f"({whole.read})")
    found = [replace(f, when=baskets.part_fault(f.when, mark)) for f in _faults(each, kind, nul=nul) if f.when]
    message = f"{CELL} has not as many parts as the row has items."
    return [
        *found,
        Fault(field.map.column, "parts_differ", message, baskets.parts_differ("item_raw", item.split, mark)),
    ]


def _faults(field: Field, kind: Kind, *, nul: bool) -> list[Fault]:
    column, name = field.map.column, field.name
    unread = f"({name} IS NULL AND {CELL} IS NOT NULL AND {typed.text(CELL)} IS NOT NULL)"
    if name in _RAW.values():
        found = [
            Fault(column, "too_long", f"The value is longer than {LONGEST_ID:,} characters."),
            Fault(column, "nul_byte", "The value holds a NUL byte."),
        ]
        if name == "event_raw":
            found.append(Fault(column, "missing_event", "The row does not say what happened: the cell is empty."))
        elif kind != "events":
            found.append(Fault(column, "missing_id", "The row does not say what it is about: the cell is empty."))
        if name == "user_raw":
            found.append(Fault(column, "erased_user", "The row is about a user who was erased from this workspace."))
        return found
    if field.sql_type == "VARCHAR":
        long = f"strlen({name}) > {LONGEST_ID} AND length({name}) > {LONGEST_ID}"
        found = [Fault(column, "nul_byte", "The value holds a NUL byte.", f"contains({name}, chr(0))")] if nul else []
        if field.map.role in _TEXTS:
            found.append(Fault(column, "too_long", f"The value is longer than {LONGEST_ID:,} characters.", long))
        return found
    wrong = _unread_fault(field, unread)
    return [wrong] if wrong else []


def _unread_fault(field: Field, unread: str) -> Fault | None:
    """The fault of a cell that cannot be read as its type."""
    column, name = field.map.column, field.name
    if field.sql_type == "TIMESTAMP":
        code = "bad_time" if field.map.role == "time" else "bad_date"
        wanted = _WRITTEN.get(field.map.time_format or "iso", f"written as {field.map.time_format}")
        wrong = f"{unread} OR {typed.outside(name, 'date')}"
        return Fault(column, code, f"{CELL} is not a {code[4:]} {wanted}.", wrong)
    if field.map.role == "clock":
        return Fault(column, "bad_clock", "{cell} is not a time of day, written as 14:05, 2:05 PM or 1405.", unread)
    if field.map.role == "count":
        odd = f"{name} < 0 OR {name} <> trunc({name}) OR {name} > 1e9"
        wrong = f"{unread} OR {typed.outside(name, 'number')} OR {odd}"
        return Fault(column, "bad_count", "{cell} is not a whole number of events, 0 or more.", wrong)
    if field.sql_type == "BOOLEAN":
        return Fault(column, "bad_yes_no", "{cell} is neither yes nor no.", unread)
    if field.sql_type.startswith("DECIMAL"):
        return Fault(column, "bad_number", "{cell} is not an amount of at most 14 digits.", unread)
    if field.sql_type == "DOUBLE":
        wrong = f"{unread} OR {typed.outside(name, 'number')}"
        return Fault(column, "bad_number", "{cell} is not a number.", wrong)
    return None


_WRITTEN = {
    "iso": "written as 2024-01-31 12:00:00",
    "epoch_s": "in seconds since 1970",
    "epoch_ms": "in milliseconds since 1970",
    "epoch_us": "in microseconds since 1970",
    "epoch_ns": "in nanoseconds since 1970",
}


# ---- value


def _value(has: dict[Role, Field]) -> tuple[str | None, str | None, list[Fault]]:
    """The row's value, those of its parts where they have their own, and what can be wrong with it."""
    given, price, units = has.get("value"), has.get("price"), has.get("quantity")
    split = given if given and given.map.split is not None else None
    if split:
        return f"try_cast(list_sum({split.name}) AS DECIMAL(18, 4))", split.name, []
    if price and not given and price.map.split is not None:
        names = (price.name, units.name if units else None)
        return baskets.row_value(*names), baskets.part_values(*names), []
    if price and (price.map.split is not None or (units and units.map.split is not None)):
        has = {role: field for role, field in has.items() if role != "price"}  # the row's own value counts
    value, faults = _row_value(has)
    return value, None, faults


def _row_value(has: dict[Role, Field]) -> tuple[str | None, list[Fault]]:
    """The row's value: as given, else quantity x price (one unit where only the price is known), exact to 4 places."""
    given, price = has.get("value"), has.get("price")
    if price is None:
        return (given.name if given else None), []
    units = f"coalesce({has['quantity'].name}, 1.0)" if "quantity" in has else "1.0"
    # 64-bit arithmetic where it cannot overflow; the 128-bit way takes five times as long.
    small = f"abs({units}) < 1e5 AND abs({price.name}) < 1000000 AND {units} = trunc({units})"
    fast = f"CAST(CAST({units} AS INTEGER) * {price.name} AS DECIMAL(18, 4))"
    exact = f"try_cast(try_cast({units} AS DECIMAL(20, 4)) * {price.name} AS DECIMAL(18, 4))"
    product = f"CASE WHEN {small} THEN {fast} ELSE {exact} END"
    value = f"coalesce({given.name}, {product})" if given else product
    overflow = f"{price.name} IS NOT NULL AND value IS NULL AND isfinite({units})"
    return value, [Fault(price.map.column, "value_too_large", "Quantity times price is too large to hold.", overflow)]
