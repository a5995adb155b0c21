"""What the roles, types and formats of a mapping are called on the page, and what is still missing in one."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from core.ingest import Kind, Mapping, Role, Source, Type
from pages._ui import format as fmt

KINDS: dict[Kind, str] = {
    "events": "What users did (events, orders, ratings)",
    "items": "About items (titles, categories, prices)",
    "users": "About users (attributes, contacts, consent)",
}
KIND_NOUNS: dict[Kind, str] = {"events": "events", "items": "items", "users": "users"}

ROLES: dict[Role, str] = {
    "user": "User: who",
    "item": "Item: about what",
    "event": "Event: what",
    "time": "Time: when",
    "clock": "Time of day, beside the date",
    "order": "Order number",
    "quantity": "Quantity (units)",
    "price": "Price of one unit",
    "value": "Value of the row",
    "rating": "Rating",
    "session": "Session (visit)",
    "channel": "Channel",
    "dwell": "Time spent (s)",
    "device": "Device",
    "campaign": "Campaign",
    "count": "A count of events",
    "context": "Own column",
    "title": "Item's title",
    "category": "Item's category",
    "attribute": "Attribute",
    "contact": "Contact",
    "consent": "Consent",
    "ignore": "Leave out",
}

OWN_NAMES: dict[Kind, dict[Role, str]] = {
    "events": {},
    "items": {"item": "Item: its id", "price": "Price"},
    "users": {"user": "User: the id"},
}
"""Where a role has another name in a file about items or users."""

TYPES: dict[Type, str] = {
    "text": "Text",
    "number": "Number",
    "date": "Date",
    "boolean": "Yes or no",
    "list": "List (a|b|c)",
}

READ_AS: dict[Role, str] = {
    "user": "Read as text", "item": "Read as text", "order": "Read as text", "session": "Read as text",
    "channel": "Read as text", "device": "Read as text", "campaign": "Read as text", "title": "Read as text",
    "category": "Read as text", "contact": "Read as text", "quantity": "Read as a number",
    "rating": "Read as a number", "dwell": "Read as a number", "price": "Read as an amount",
    "value": "Read as an amount", "event": "Words: see below", "ignore": "Not loaded",
    "clock": "Read as hours and minutes",
}  # fmt: skip

MANY: tuple[Role, ...] = ("count", "context", "attribute", "contact", "consent", "ignore")
"""Roles that more than one column may have."""

CHANNELS = ("email", "sms", "post", "phone", "push", "whatsapp")

_FIXED_TIMES = {
    "iso": "2011-12-31 13:05, year first",
    "epoch_s": "1325336700, seconds since 1970",
    "epoch_ms": "1325336700000, milliseconds since 1970",
    "epoch_us": "1325336700000000, microseconds since 1970",
    "epoch_ns": "1325336700000000000, nanoseconds since 1970",
}
TIME_FORMATS = (
    "iso",
    "%m/%d/%Y %H:%M",
    "%d/%m/%Y %H:%M",
    "%d.%m.%Y %H:%M",
    "%m/%d/%Y",
    "%d/%m/%Y",
    "%d.%m.%Y",
    "%Y%m%d",
    "epoch_s",
    "epoch_ms",
    "epoch_us",
    "epoch_ns",
)
_EXAMPLE = datetime(2011, 12, 31, 13, 5)


def role_word(role: Role, kind: Kind) -> str:
    """What a role is called in a file of this kind."""
    return OWN_NAMES[kind].get(role, ROLES[role])


def time_word(pattern: str) -> str:
    """A time format as a person recognises it: by the same moment written so.

    >>> time_word("%m/%d/%Y %H:%M")
    '12/31/2011 13:05, month first'
    """
    if pattern in _FIXED_TIMES:
        return _FIXED_TIMES[pattern]
    at = {part: pattern.find(part) for part in ("%d", "%m", "%Y", "%y") if part in pattern}
    first = min(at, key=lambda part: at[part]) if at else ""
    order = {"%d": "day first", "%m": "month first"}.get(first, "year first")
    try:
        return f"{_EXAMPLE.strftime(pattern)}, {order}"
    except ValueError:
        return pattern


def written(source: Source) -> str:
    """How a file is laid out, in a few words."""
    parts = [fmt.count(source.rows, "row"), fmt.count(len(source.columns), "column"), fmt.size(source.bytes)]
    if source.format == "csv":
        named = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar", " ": "spaces"}
        parts.append(f"CSV, parted by {named.get(source.delimiter, repr(source.delimiter))}")
        parts.append(source.encoding.upper() + (", gzipped" if source.compression else ""))
        if not source.header:
            parts.append("no header")
    elif source.sheet:
        parts.append(f"sheet “{source.sheet}”")
    else:
        parts.append({"parquet": "Parquet", "jsonl": "JSON lines", "excel": "Excel"}[source.format])
    return " · ".join(parts)


NO_KEY = ("",)
"""The key of a mapping whose rows are to be known by columns that nobody has chosen yet."""


def called(source: Source) -> str:
    """What a file is called, with its sheet where it is one of a workbook's."""
    return f"{source.name}, sheet {source.sheet}" if source.sheet else source.name


def problems(mapping: Mapping) -> list[str]:
    """What must be settled before files can be loaded so, in the words of the page; empty when nothing."""
    kind, found = mapping.kind, []
    for role, times in Counter(c.role for c in mapping.columns if c.role not in MANY).items():
        if times > 1:
            found.append(f"{times} columns are “{role_word(role, kind)}”: only one can be.")
    if kind == "items" and not mapping.column("item"):
        found.append("Say which column holds the item's id.")
    if kind == "users" and not mapping.column("user"):
        found.append("Say which column holds the user's id.")
    for column in mapping.columns:
        if column.role == "count" and not (column.event or "").strip():
            found.append(f"Say what {column.column} counts.")
        if column.role == "consent" and not (column.event or "").strip():
            found.append(f"Say which channel {column.column} is consent for.")
        if column.role == "time" and not column.time_format:
            found.append(f"Say how the times in {column.column} are written.")
    if kind == "events":
        found += _event_problems(mapping)
    return found


def _event_problems(mapping: Mapping) -> list[str]:
    found = []
    if not mapping.column("user") and not mapping.column("item"):
        found.append("Say which column holds the user, or the item: a row must be about at least one of them.")
    said: tuple[Role, ...] = ("event", "quantity", "price", "value", "order", "dwell", "rating", "count")
    if not mapping.event and not any(mapping.column(role) for role in said):
        found.append("Say what each row records: a view, a purchase, ...")
    if mapping.returns.startswith("pattern:"):
        if mapping.returns == "pattern:":
            found.append("Say how the order numbers of returns begin.")
        if not mapping.column("order"):
            found.append("Returns are told by the order number, so say which column holds it.")
    if mapping.overlap == "drop" and mapping.key == NO_KEY:
        found.append("Choose the columns by which a row is known, or another answer about rows loaded already.")
    if mapping.column("clock") and not mapping.column("time"):
        found.append("Say which column holds the date that the time of day belongs to.")
    return found


REASONS: dict[str, str] = {
    "bad_time": "The time cannot be read",
    "bad_date": "A date cannot be read",
    "bad_number": "A number cannot be read",
    "bad_count": "A count is not a whole number",
    "bad_yes_no": "Neither yes nor no",
    "missing_event": "What happened is not said",
    "missing_id": "The id is missing",
    "too_long": "A value is too long",
    "nul_byte": "The row holds a NUL byte",
    "value_too_large": "Quantity times price is too large",
    "wrong_columns": "Too few or too many values",
    "not_json": "The line is not JSON",
    "bad_clock": "The time of day cannot be read",
    "parts_differ": "Not as many parts as there are items",
    "erased_user": "The user was erased",
}
"""Reasons for refusing a row, in plain words; a code without an entry is shown as it is."""
