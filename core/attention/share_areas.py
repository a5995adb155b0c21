"""What attention is divided among (items, categories, channels, the analyst's own columns), and what counts as it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from core.behaviour import NOT_ACTIVE, active
from core.errors import Refusal
from core.segments import ColumnKind, read_schema
from core.store import Query, Store, ident, joined

Of = Literal["item", "items", "event", "user"]
Counts = Literal["views", "looks", "dwell", "users", "events"]
COUNTS: tuple[Counts, ...] = get_args(Counts)
LOOKS = ("view", "click", "search", "favourite")
_CONTEXT = ("channel", "device", "campaign")
_PARTS: tuple[ColumnKind, ...] = ("text", "boolean", "list")

COUNT_WORDS: Mapping[Counts, str] = {
    "views": "views",
    "looks": "views, clicks, searches and favourites",
    "dwell": "seconds of dwell",
    "users": "users",
    "events": "events of any kind",
}
COUNT_DEFINITIONS: Mapping[Counts, str] = {
    "views": "Attention here is the number of views. A view is a proxy: it says that a page was opened, not read.",
    "looks": (
        "Attention here is the number of views, clicks, searches and favourites. Clicks are a proxy for attention: they"
        " say that something was touched, not that it was looked at."
    ),
    "dwell": "Attention here is the dwell time, in seconds, of all events that carry one.",
    "users": "Attention here is the number of users who came to it: each counts once in a period, however often.",
    "events": (
        f"Attention here is the number of events of any kind, {NOT_ACTIVE[0]}s aside, since those are done to a user."
        " Events are a proxy for attention."
    ),
}


@dataclass(frozen=True)
class Area:
    """What attention is divided among.

    Attributes:
        of: "item" = each item on its own; "items" = a column of the items (a category, a brand); "event" = a column
            of the events (channel, device, campaign, the analyst's own); "user" = an attribute of the users.
        column: its name; "" for "item".
        lists: the column holds lists: an item counts in each of its entries.
    """

    of: Of = "item"
    column: str = ""
    lists: bool = False

    @property
    def name(self) -> str:
        """What people call it: "item", "category", "users' country"."""
        return {"item": "item", "user": f"users' {self.column}"}.get(self.of, self.column)

    @property
    def key(self) -> str:
        """Its name where several must be told apart: "item", "items.category", "event.channel", "user.country"."""
        return self.of if self.of == "item" else f"{self.of}.{self.column}"


ITEM = Area()


def areas(store: Store) -> tuple[Area, ...]:
    """What attention can be divided among here: items, their columns, columns of events that hold something, users'."""
    schema = read_schema(store)
    roles = {(str(r["table_name"]), str(r["column_name"])): str(r["role"]) for r in store.rows(_ROLES)}
    found = [ITEM] if _any(store, [Query("item_no IS NOT NULL")])[0] else []
    for role in ("category", "attribute") if found else ():
        found += [
            Area("items", column, kind == "list")
            for column, kind in schema.item.items()
            if roles.get(("items", column)) == role and kind in _PARTS
        ]
    own = [column for (table, column), role in roles.items() if table == "events" and role == "context"]
    held = [column for column in (*_CONTEXT, *own) if schema.event.get(column) in _PARTS]
    some = _any(store, [Query(f"{ident(column)} IS NOT NULL") for column in held])
    found += [Area("event", c, schema.event[c] == "list") for c, there in zip(held, some, strict=True) if there]
    found += [
        Area("user", column, kind == "list")
        for column, kind in schema.user.items()
        if roles.get(("users", column)) == "attribute" and kind in _PARTS
    ]
    return tuple(found)


_ROLES = Query("SELECT table_name, column_name, role FROM columns")


def area_named(store: Store, name: str) -> Area:
    """The area called `name`: a column, or a key such as "user.country". Raises Refusal `no_such_area`."""
    known = areas(store)
    wanted = name.casefold()
    for area in known:
        if wanted in (area.key.casefold(), area.column.casefold() or area.of, area.name.casefold()):
            return area
    raise Refusal(
        "no_such_area",
        f"Attention cannot be divided by {name!r}: no column that holds a value is called so.",
        f"There are: {', '.join(area.key for area in known) or 'none'}.",
    )


def default_counts(store: Store) -> Counts:
    """Views where there are any, else events of any kind."""
    return "views" if has(store, "views") else "events"


def has(store: Store, counts: Counts) -> bool:
    """Whether the data hold any of this attention."""
    return _any(store, [counted(counts)])[0]


def counts_there(store: Store) -> tuple[Counts, ...]:
    """What attention can be counted in here: the kinds that the data hold; views before all else."""
    found = _any(store, [counted(counts) for counts in COUNTS])
    return tuple(counts for counts, there in zip(COUNTS, found, strict=True) if there)


def _any(store: Store, conditions: Sequence[Query]) -> list[bool]:
    """Whether any event meets each condition. Looking stops at the first."""
    if not conditions:
        return []
    asked = [
        Query("(SELECT true FROM events WHERE ") + condition + f" LIMIT 1) AS c{place}"
        for place, condition in enumerate(conditions)
    ]
    found = store.rows(Query("SELECT ") + joined(", ", asked))[0]
    return [bool(found[f"c{place}"]) for place in range(len(conditions))]


def counted(counts: Counts) -> Query:
    """The SQL condition on `events` for what counts as attention, without a bound in time."""
    match counts:
        case "views":
            return Query("event = ?", ("view",))
        case "looks":
            return Query("event IN (?, ?, ?, ?)", LOOKS)
        case "dwell":
            return Query("dwell > 0")
        case "users":
            return active()
        case _:
            return Query(f"event NOT IN ({', '.join('?' * len(NOT_ACTIVE))})", NOT_ACTIVE)


OTHERS, NOT_GIVEN = -1, -2
"""The codes of all areas but the leading ones, and of attention whose area the data do not give."""


def keyed(area: Area, counts: Counts, window: Query) -> Query:
    """The events that count, each with its `area_key` (NULL = not given): user_no, at_utc, dwell, event_no, item_no.

    Items' keys are item_no, all others text. Events without an item are left out where attention is divided among
    items or their columns. An item with several entries of a list counts once in each of them.
    """
    if area.of == "item":
        return _events(area, counts, window, ", item_no AS area_key")
    if area.of == "event":
        return _events(area, counts, window, f", {text_of(ident(area.column), area.lists)} AS area_key")
    names, number = names_of(area)
    events = Query(f"SELECT {_COLUMNS}, area_key FROM (") + _events(area, counts, window, "")
    return events + f") LEFT JOIN ({names}) USING ({number})"


def coded(area: Area, counts: Counts, window: Query, leading: Sequence[int | str]) -> Query:
    """The same events with a `code` in place of the key: the place in `leading`, OTHERS or NOT_GIVEN."""
    marks = ", ".join(f"(?, {n})" for n in range(len(leading))) or "(NULL, 0)"
    leaders = Query(f"(VALUES {marks}) AS leaders(area_key, code)", tuple(leading))
    code = f"CASE WHEN area_key IS NULL THEN {NOT_GIVEN} ELSE coalesce(code, {OTHERS}) END AS code"
    if area.of in ("item", "event"):
        keys = keyed(area, counts, window)
        return Query(f"SELECT {_COLUMNS}, {code} FROM (") + keys + ") LEFT JOIN " + leaders + " USING (area_key)"
    # the few names are coded first, so that the many events meet numbers alone
    names, number = names_of(area)
    named = Query(f"SELECT {number}, {code} FROM ({names}) LEFT JOIN ") + leaders + " USING (area_key)"
    events = Query(f"SELECT {_COLUMNS}, coalesce(code, {NOT_GIVEN}) AS code FROM (")
    return events + _events(area, counts, window, "") + ") LEFT JOIN (" + named + f") USING ({number})"


def by_item(area: Area, counts: Counts, window: Query, value: str) -> Query:
    """item_no, value (the SQL aggregate `value`), area_key: attention by item, with the areas that each item is in."""
    each = Query(f"SELECT item_no, {value} AS value FROM (") + _events(area, counts, window, "") + ") GROUP BY item_no"
    return Query("SELECT item_no, value, area_key FROM (") + each + f") LEFT JOIN ({names_of(area)[0]}) USING (item_no)"


_COLUMNS = "user_no, at_utc, dwell, event_no, item_no"


def _events(area: Area, counts: Counts, window: Query, more: str) -> Query:
    where = counted(counts) + " AND " + window + (" AND item_no IS NOT NULL" if area.of in ("item", "items") else "")
    return Query(f"SELECT {_COLUMNS}{more} FROM events WHERE ") + where


def names_of(area: Area) -> tuple[str, str]:
    """For areas of items or users: SQL of the pairs (item_no or user_no, area_key), and which of the two."""
    table, number = ("items", "item_no") if area.of == "items" else ("users", "user_no")
    column = ident(area.column)
    text = text_of(column, area.lists)
    return f"SELECT DISTINCT {number}, {text} AS area_key FROM {table} WHERE {column} IS NOT NULL", number


def text_of(column: str, lists: bool) -> str:
    """SQL: the values of a quoted column as text, one row for each entry of a list."""
    return f"unnest(CAST({column} AS VARCHAR[]))" if lists else f"CAST({column} AS VARCHAR)"
